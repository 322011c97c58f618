import { describe, expect, it } from 'vitest';
import {
  checkModelId,
  checkRevision,
  folderOfModel,
  isSafePath,
  modelOfFolder,
} from '../../../src/engine/hub/hubNames';
import { hubSettings, isAllowed, parseEndpoint } from '../../../src/engine/hub/hubSettings';
import { refusalOf } from '../data/refusal';
import { scratchFolder } from '../../durability/scratchFolder';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

describe('a file name of a server is', () => {
  it.each([
    'config.json',
    'onnx/model.onnx',
    'model-00001-of-00002.safetensors',
    'a b/c (1).txt',
    'ключ/日本.json',
    '.gitattributes',
    'a..b/..c',
    'console/comma.txt',
  ])('taken: %s', path => expect(isSafePath(path)).toBe(true));

  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/../x',
    'a/./x',
    'a//x',
    '/etc/passwd',
    'a/',
    '\\\\host\\share',
    'a\\..\\x',
    'C:/x',
    'C:x',
    'file:x',
    'a\0.json',
    'a\nb',
    'a\u202Ejson.exe',
    'con',
    'CON.txt',
    'a/nul',
    'aux.json/x',
    'com1',
    'LPT9.txt',
    'com¹',
    'conin$',
    'a.',
    'a ',
    'a. /b',
    '.git/hooks/pre-commit',
    'x/.GIT/config',
    '~/x',
    'a?b',
    'a*b',
    '"a"',
    'a|b',
    `${'a'.repeat(201)}`,
    'a/'.repeat(600) + 'b',
    '\ud800',
  ])('refused: %j', path => expect(isSafePath(path)).toBe(false));
});

describe('a model is called', () => {
  it.each(['gpt2', 'org/model', 'Qwen/Qwen2.5-0.5B', 'a/b_c.d-e', '0/1'])('%s', id => {
    expect(checkModelId(id)).toBe(id);
    expect(modelOfFolder(folderOfModel(id))).toBe(id);
  });

  it.each([
    '',
    '/',
    'a/',
    '/a',
    'a/b/c',
    '../x',
    'a/..',
    'a b/c',
    'a--b/c',
    'a/b.git',
    '-a/b',
    'a/b-',
    'a/b?x=1',
    'a/b#c',
    'a%2fb/c',
    '.a/b',
    `${'a'.repeat(97)}/b`,
  ])('never %j', async id => {
    expect((await refusalOf(() => checkModelId(id))).code).toBe('hub.bad-name');
  });

  it.each(['main', 'v1.0', 'refs/pr/3', 'feature_x', '0123456789abcdef0123456789abcdef01234567'])(
    'at revision %s',
    revision => expect(checkRevision(revision)).toBe(revision),
  );

  it.each(['', '..', 'a/../b', '/a', 'a/', '-x', 'a b', 'a\\b', 'con', '~x', 'a..b', '.hidden'])(
    'never at revision %j',
    async revision => {
      expect((await refusalOf(() => checkRevision(revision))).code).toBe('hub.bad-revision');
    },
  );
});

it('no folder of something else is taken for a model', () => {
  expect(
    ['datasets--a--b', 'models--', 'models--a--b--c', 'version.txt'].map(modelOfFolder),
  ).toEqual([undefined, undefined, undefined, undefined]);
});

describe('the endpoint', () => {
  it.each([
    ['https://huggingface.co', 'https://huggingface.co/'],
    ['https://mirror.example/hf/', 'https://mirror.example/hf'],
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['http://127.0.0.1:1', 'http://127.0.0.1:1/'],
    ['http://[::1]:1', 'http://[::1]:1/'],
  ])('may be %s', (text, href) => expect(parseEndpoint(text).href).toBe(href));

  it.each([
    'http://huggingface.co',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'ftp://huggingface.co',
    'file:///etc',
    'huggingface.co',
    'https://user:secret@huggingface.co',
    'https://huggingface.co/?x=1',
    '',
  ])('may not be %j', async text => {
    expect((await refusalOf(() => parseEndpoint(text))).code).toBe('hub.bad-endpoint');
  });

  it('is encrypted, or on this machine', () => {
    const allowed = (url: string) => isAllowed(new URL(url));
    expect(allowed('https://cdn.example/x')).toBe(true);
    expect(['http://10.0.0.1/', 'http://[::2]/', 'data:text/plain,x'].map(allowed)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('settings come from the environment that Hugging Face tools read:', () => {
  const home = scratchFolder();
  it.each<[env: Record<string, string>, cacheDir: string]>([
    [{ HF_HOME: home }, join(home, 'hub')],
    [{ HF_HOME: home, HF_HUB_CACHE: '/x' }, '/x'],
    [{ XDG_CACHE_HOME: home }, join(home, 'huggingface', 'hub')],
    [{ HUGGINGFACE_HUB_CACHE: '/y', HF_HOME: home }, '/y'],
  ])('%j', (env, cacheDir) => expect(hubSettings(env).cacheDir).toBe(cacheDir));

  it('the token, or the file that "hf auth login" writes', () => {
    expect(hubSettings({ HF_HOME: home }).token).toBeUndefined();
    writeFileSync(join(home, 'token'), 'hf_file\n');
    expect(hubSettings({ HF_HOME: home }).token).toBe('hf_file');
    expect(hubSettings({ HF_HOME: home, HF_TOKEN: ' hf_env ' }).token).toBe('hf_env');
    expect(
      hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token,
    ).toBeUndefined();
    expect(hubSettings({ HF_HOME: home, HF_TOKEN: '' }).token).toBeUndefined();
  });

  it.each(['hf_a\r\nX-Evil: 1', 'hf_a b', 'hf_é'])(
    'and no token that breaks a header (%j)',
    async token => {
      const problem = await refusalOf(() => hubSettings({ HF_HOME: home, HF_TOKEN: token }));
      expect(problem.code).toBe('hub.bad-token');
      expect(JSON.stringify(problem)).not.toContain(token.slice(0, 4));
    },
  );

  it.each([
    ['1', true],
    ['YES', true],
    ['0', false],
    ['', false],
  ])('offline when it is %j: %s', (value, offline) => {
    expect(hubSettings({ HF_HOME: home, HF_HUB_OFFLINE: value }).offline).toBe(offline);
  });
});
