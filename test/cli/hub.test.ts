/** `weightroom hub` as a user has it: a process of its own, against a hub on this machine. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startHubServer } from '../hub/hubServer';
import { openCommandLine } from './commandLine';

const hub = await startHubServer();
afterAll(() => hub.close());
const cli = openCommandLine();
const canary = 'hf_canary0123456789';
const id = 'org/tiny-model';
const WEIGHTS = randomBytes(400_000);
let caches = 0;
let home = '';

beforeEach(() => {
  home = join(cli.folder, `home-${caches++}`);
  mkdirSync(home);
  hub.repos.clear();
  hub.seen.length = 0;
  hub.fault = () => undefined;
  hub.addRepo(
    id,
    { 'config.json': '{}', 'model.safetensors': WEIGHTS, 'big.gguf': 'x' },
    { downloads: 1234 },
  );
});

const environment = (more: Record<string, string> = {}) => ({
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: home,
  HF_TOKEN: '',
  ...more,
});
const run = (args: string[], env: Record<string, string> = {}) =>
  cli.startWith(environment(env), 'hub', ...args).finished;
const lines = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

describe('hub', () => {
  it('searches', async () => {
    const { code, stdout } = await run(['search', 'tiny']);
    expect(code).toBe(0);
    expect(stdout).toContain('org/tiny-model  1.23\u2009k downloads, 1.00\u2009k parameters');
    const { stdout: json } = await run(['search', 'tiny', '--json']);
    expect(lines(json)).toMatchObject([{ id, downloads: 1234 }]);
    const nothing = await run(['search', 'nothing']);
    expect(nothing).toMatchObject({ code: 0, stdout: '' });
    expect(nothing.stderr).toContain('other words');
  });

  it('lists the files of a model', async () => {
    const { stdout } = await run(['files', id, '--json']);
    expect(lines(stdout).map(({ path, bytes }) => [path, bytes])).toEqual([
      ['config.json', 2],
      ['model.safetensors', 400_000],
      ['big.gguf', 1],
    ]);
  });

  it('downloads, lists and removes', async () => {
    const { code, stdout, stderr } = await run(['download', id, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = lines(stdout);
    const done = told.at(-1) as { type: string; dir: string; files: string[] };
    expect(done).toMatchObject({ type: 'done', id, revision: 'main', bytes: 400_002 });
    expect(told.slice(0, -1).every(({ type }) => type === 'progress')).toBe(true);
    expect(readFileSync(join(done.dir, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    expect(done.files).toEqual(['config.json', 'model.safetensors']);

    const list = await run(['list']);
    expect(list.stdout.trim()).toBe(`400\u2009kB  ${id}  main`);
    expect(lines((await run(['list', '--json'])).stdout)).toMatchObject([{ id, bytes: 400_002 }]);
    expect((await run(['remove', id, '--json'])).stdout).toContain('"freed":400002');
    expect((await run(['list'])).stdout).toBe('');
    expect(await run(['remove', id])).toMatchObject({ code: 2 });
  });

  it('says in words what it did', async () => {
    const { stdout } = await run(['download', id, '--include', '*.gguf']);
    const [first, dir] = stdout.trim().split('\n');
    expect(first).toMatch(/^org\/tiny-model: 1 files, 1\u2009B, commit [0-9a-f]{8}$/);
    expect(readdirSync(dir ?? '')).toEqual(['big.gguf']);
  });

  it('goes on after it was killed', async () => {
    let requests = 0;
    hub.fault = ({ server }) =>
      server === 'hub' ? undefined : requests++ === 0 ? { cutAfter: 150_000 } : { silent: true };
    const { child, finished } = cli.startWith(environment(), 'hub', 'download', id, '--json');
    child.stdout?.on('data', (chunk: Buffer) => {
      if (/"bytesDone":1[0-9]{5}/.test(String(chunk))) child.kill('SIGKILL');
    });
    await finished;
    hub.fault = () => undefined;
    hub.seen.length = 0;
    expect((await run(['download', id])).code).toBe(0);
    const ranges = hub.seen
      .filter(({ server }) => server === 'cdn')
      .map(({ headers }) => headers.range);
    expect(ranges.join()).toMatch(/^bytes=[1-9]\d+-$/);
  });

  it('stops in order on Ctrl+C, and goes on next time', async () => {
    hub.fault = seen => (seen.server === 'cdn' ? { cutAfter: 100_000 } : undefined);
    const { child, finished } = cli.startWith(environment(), 'hub', 'download', id, '--json');
    child.stdout?.once('data', () => child.kill('SIGINT'));
    expect((await finished).code).toBe(130);
    hub.fault = () => undefined;
    expect((await run(['download', id])).code).toBe(0);
  });

  it('opens the tokenizer of a model in the cache by its name', async () => {
    const folder = join(import.meta.dirname, '../fixtures/tokenizers/gpt2');
    const tokenizer = readFileSync(join(folder, 'tokenizer.json'));
    hub.addRepo('org/words', { 'tokenizer.json': tokenizer, 'model.safetensors': 'x' });
    await run(['download', 'org/words']);
    const { finished } = cli.startWith(environment(), 'tokenize', 'org/words', 'Hello', '--json');
    expect(lines((await finished).stdout)).toMatchObject([{ text: 'Hello' }]);
  });

  it('inspects a model in the cache by its name', async () => {
    const folder = join(import.meta.dirname, '../fixtures/hf/llama2-tiny');
    const read = (name: string) => readFileSync(join(folder, name));
    hub.addRepo('org/tiny-llama', {
      'config.json': read('config.json'),
      'model.safetensors': read('model.safetensors'),
    });
    await run(['download', 'org/tiny-llama']);
    const { finished } = cli.startWith(environment(), 'inspect', 'org/tiny-llama', '--json');
    expect(lines((await finished).stdout)).toMatchObject([{ model: { family: 'llama' } }]);
  });

  it('pushes a folder with a card, after showing what', async () => {
    const dir = join(cli.folder, `model-${caches}`);
    mkdirSync(dir);
    writeFileSync(join(dir, 'config.json'), '{"model_type":"slm"}');
    writeFileSync(join(dir, 'model.safetensors'), randomBytes(5000));
    writeFileSync(join(dir, 'optimizer.safetensors'), 'x');
    const dry = await run(['push', dir, 'me/new', '--dry-run', '--license', 'mit']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain('README.md');
    expect(dry.stderr).toContain('Not sent: optimizer.safetensors');
    expect(hub.seen).toEqual([]);
    const { code, stdout } = await run(['push', dir, 'me/new', '--json'], { HF_TOKEN: canary });
    expect(code).toBe(0);
    const told = lines(stdout);
    expect(told[0]).toMatchObject({ type: 'plan', id: 'me/new' });
    expect(told.at(-1)).toMatchObject({ type: 'done', url: `${hub.endpoint}/me/new` });
    expect(hub.repos.get('me/new')?.isPrivate).toBe(true);
  });

  it.each<
    [why: string, args: string[], env: Record<string, string>, code: number, problem: string]
  >([
    ['a name that is none', ['download', '../x'], {}, 2, 'hub.bad-name'],
    ['a model that is not there', ['download', 'org/none'], {}, 2, 'hub.unauthorized'],
    [
      'an endpoint without encryption',
      ['search', 'x'],
      { HF_ENDPOINT: 'http://example.com' },
      2,
      'hub.bad-endpoint',
    ],
    [
      'a hub that is away',
      ['search', 'x'],
      { HF_ENDPOINT: 'http://127.0.0.1:9' },
      1,
      'hub.network',
    ],
    ['to send anything offline', ['download', id], { HF_HUB_OFFLINE: '1' }, 2, 'hub.offline'],
    ['to push without a token', ['push', 'model', 'me/x'], {}, 2, 'hub.no-token'],
    ['to push what is not there', ['push', 'nowhere', 'me/x'], {}, 2, 'hub.nothing-to-push'],
  ])('refuses %s', async (_, args, env, code, problem) => {
    const folder = join(cli.folder, 'model');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.safetensors'), 'x');
    const finished = await run(args, env);
    expect(finished.code).toBe(code);
    expect(finished.stderr).toContain(`error ${problem}: `);
  });

  it('leaves the token in no output and no file, and out of the arguments of its process', async () => {
    hub.repos.get(id)!.isPrivate = true;
    const { child, finished } = cli.startWith(
      environment({ HF_TOKEN: canary }),
      'hub',
      'download',
      id,
      '--json',
    );
    expect(child.spawnargs.join(' ')).not.toContain(canary);
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(canary);
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).map(name =>
      join(home, name),
    );
    for (const file of files.filter(path => statSync(path).isFile()))
      expect(readFileSync(file).includes(canary)).toBe(false);
    const atCdn = hub.seen.filter(({ server }) => server === 'cdn');
    expect(JSON.stringify(atCdn.map(({ path, headers }) => [path, headers]))).not.toContain(canary);
  });
});
