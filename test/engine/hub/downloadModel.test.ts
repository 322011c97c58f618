/** Downloads from a hub on this machine, over real sockets that are cut and lie. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processStart } from '../../../src/engine/files/processIdentity';
import { disk } from '../../../src/engine/files/fileSystem';
import { downloadModel, type DownloadProgress } from '../../../src/engine/hub/downloadModel';
import {
  findCachedModel,
  listCachedModels,
  readCachedModel,
  removeCached,
} from '../../../src/engine/hub/hubCache';
import { listModelFiles } from '../../../src/engine/hub/modelFiles';
import { gitSha1, type Seen } from '../../hub/hubServer';
import { faultyFileSystem } from '../../durability/faultyFileSystem';
import { refusalOf } from '../data/refusal';
import { hubScene, MODEL_FILES, WEIGHTS } from './scene';

const { hub, client, newCache } = await hubScene();
const id = 'org/model';
const addModel = () => hub.addRepo(id, MODEL_FILES);
const isWeights = (seen: Seen) => seen.server === 'cdn';
const contents = (dir: string, path: string) => readFileSync(join(dir, path));
const weightRequests = () => hub.seen.filter(isWeights);

describe('a model', () => {
  it('lands in the cache as its config, tokenizer and safetensors, at its commit', async () => {
    const { commit } = addModel();
    const cacheDir = newCache();
    const model = await downloadModel(client({ cacheDir }), { id });
    expect(model).toMatchObject({ id, revision: 'main', commit });
    expect(model.dir).toBe(join(cacheDir, 'models--org--model', 'snapshots', commit));
    expect([...model.files].sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    expect(contents(model.dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(contents(model.dir, 'config.json').toString()).toBe(MODEL_FILES['config.json']);
    expect(findCachedModel(cacheDir, id)).toBe(model.dir);
  });

  it('has the layout of Hugging Face: contents by hash, links relative, the branch as a commit', async () => {
    const { commit } = addModel();
    const cacheDir = newCache();
    const { dir } = await downloadModel(client({ cacheDir }), { id });
    const folder = join(cacheDir, 'models--org--model');
    const config = gitSha1(Buffer.from(MODEL_FILES['config.json']));
    expect(readlinkSync(join(dir, 'config.json'))).toBe(join('..', '..', 'blobs', config));
    expect(readFileSync(join(folder, 'refs', 'main'), 'utf8')).toBe(commit);
    expect(
      readdirSync(join(folder, 'blobs')).filter(
        name => !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(name),
      ),
    ).toEqual([]);
  });

  it('is not fetched twice, also not after a new commit with the same weights', async () => {
    const repo = addModel();
    const hubClient = client();
    await downloadModel(hubClient, { id });
    hub.seen.length = 0;
    await downloadModel(hubClient, { id });
    expect(hub.seen.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
    repo.commit = 'f'.repeat(40);
    repo.files.set('config.json', Buffer.from('{"changed":true}'));
    const { dir } = await downloadModel(hubClient, { id });
    expect(weightRequests()).toEqual([]);
    expect(contents(dir, 'config.json').toString()).toBe('{"changed":true}');
    const model = readCachedModel(hubClient.settings.cacheDir, id);
    expect(model?.revisions.map(({ refs }) => refs)).toEqual([['main'], []]);
  });

  it('comes with what patterns ask for', async () => {
    addModel();
    const files = async (include?: string[], exclude?: string[]) =>
      (
        await downloadModel(client(), {
          id,
          ...(include && { include }),
          ...(exclude && { exclude }),
        })
      ).files;
    expect(await files(['*.bin'])).toEqual(['pytorch_model.bin', 'training_args.bin']);
    expect(await files(['onnx/', 'config.*'])).toEqual(['config.json', 'onnx/model.onnx']);
    expect(await files(undefined, ['*.md', 'model*'])).toEqual(['config.json', 'tokenizer.json']);
    expect((await refusalOf(() => files(['*.gguf']))).code).toBe('hub.no-files');
  });

  it.each<[what: string, names: string[], chosen: string[]]>([
    [
      'shards',
      [
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.safetensors.index.json',
        'consolidated.safetensors',
      ],
      [
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.safetensors.index.json',
      ],
    ],
    [
      'weights of other names',
      ['pico.safetensors', 'original/model.safetensors'],
      ['pico.safetensors'],
    ],
    [
      'PyTorch weights where there are no others',
      ['pytorch_model.bin', 'optimizer.bin'],
      ['pytorch_model.bin'],
    ],
    [
      'an adapter',
      [
        'adapter_config.json',
        'adapter_model.safetensors',
        'checkpoint-1/adapter_model.safetensors',
      ],
      ['adapter_config.json', 'adapter_model.safetensors'],
    ],
  ])('without patterns comes with %s', async (_, names, chosen) => {
    hub.addRepo(id, Object.fromEntries(names.map(name => [name, name])));
    const { files } = await downloadModel(client(), { id });
    expect([...files].sort()).toEqual([...chosen].sort());
  });

  it('may be of many files, listed in pages, some empty or alike', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`a/${i}.json`, `${i % 7}`]),
    );
    hub.addRepo(id, { ...files, 'empty.json': '' });
    hub.pageSize = 7;
    const { dir, files: found } = await downloadModel(client(), { id, include: ['*.json'] });
    expect(found).toHaveLength(41);
    expect(contents(dir, 'a/39.json').toString()).toBe('4');
    expect(contents(dir, 'empty.json')).toHaveLength(0);
    expect(hub.seen.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(7);
  });

  it('tells how far it is', async () => {
    addModel();
    const told: DownloadProgress[] = [];
    await downloadModel(client(), { id, onProgress: progress => told.push(progress) });
    const last = told.at(-1);
    expect(last).toMatchObject({ id, files: 4, filesDone: 4 });
    expect(last?.bytesDone).toBe(last?.bytes);
    expect(told.every(({ bytesDone, bytes }) => bytesDone <= bytes)).toBe(true);
  });

  it('is copied instead of linked where that is asked for', async () => {
    addModel();
    const { dir } = await downloadModel(client({ copies: true }), { id });
    expect(lstatSync(join(dir, 'model.safetensors')).isSymbolicLink()).toBe(false);
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it('is copied where links are not allowed', async () => {
    addModel();
    const denied = Object.assign(new Error('not permitted'), { code: 'EPERM' });
    const fs = {
      ...disk,
      symlink: () => {
        throw denied;
      },
    };
    const { dir } = await downloadModel(client(), { id }, fs);
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });
});

describe('a connection that is cut', () => {
  it('goes on where it was, many times', async () => {
    addModel();
    hub.fault = seen => (isWeights(seen) ? { cutAfter: 40_000 } : undefined);
    const { dir } = await downloadModel(client(), { id });
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    const ranges = weightRequests().map(({ headers }) =>
      Number(/\d+/.exec(headers.range ?? '0')?.[0]),
    );
    expect(ranges.length).toBeGreaterThanOrEqual(7);
    expect([...ranges].sort((a, b) => a - b)).toEqual(ranges);
  });

  it('is bad for no file in 100 downloads with cuts at random places', async () => {
    addModel();
    let turn = 0;
    hub.fault = seen => {
      if (!seen.path.includes('/resolve/') && !isWeights(seen)) return undefined;
      turn = (turn * 16807 + 11) % 2147483647;
      return turn % 3 === 0 ? { cutAfter: turn % 200_000 } : undefined;
    };
    for (let i = 0; i < 100; i++) {
      const { dir } = await downloadModel(client(), { id });
      expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
      expect(contents(dir, 'tokenizer.json').toString()).toBe(MODEL_FILES['tokenizer.json']);
    }
  });

  it('begins anew where the server knows no ranges', async () => {
    addModel();
    let cuts = 0;
    hub.fault = seen => {
      if (!isWeights(seen)) return undefined;
      return { ignoresRange: true, ...(cuts++ < 3 && { cutAfter: 100_000 + cuts }) };
    };
    const { dir } = await downloadModel(client(), { id });
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it('is put together where the server gives a part at a time', async () => {
    addModel();
    hub.fault = seen => (isWeights(seen) ? { partBytes: 70_000 } : undefined);
    const { dir } = await downloadModel(client(), { id });
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it('is given up when nothing comes at all, and what came is kept', async () => {
    addModel();
    const hubClient = client();
    let count = 0;
    hub.fault = seen => (isWeights(seen) ? { cutAfter: count++ === 0 ? 50_000 : 0 } : undefined);
    const problem = await refusalOf(() => downloadModel(hubClient, { id }));
    expect(problem.code).toBe('hub.network');
    expect(readCachedModel(hubClient.settings.cacheDir, id)?.unfinished).toBe(50_000);
    hub.fault = () => undefined;
    hub.seen.length = 0;
    const { dir } = await downloadModel(hubClient, { id });
    expect(weightRequests().map(({ headers }) => headers.range)).toEqual(['bytes=50000-']);
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it('by silence is an error, too', async () => {
    addModel();
    hub.fault = seen => (isWeights(seen) ? { silent: true } : undefined);
    const problem = await refusalOf(() =>
      downloadModel(client({}, { silenceMs: 100, attempts: 2 }), { id }),
    );
    expect(problem.code).toBe('hub.network');
    expect(problem.message).toContain('nothing was heard');
  });
});

describe('what a process that was killed has left', () => {
  /** As another process would call it: its id is not in use. */
  const left = (cacheDir: string, bytes: Buffer) => {
    const blobs = join(cacheDir, 'models--org--model', 'blobs');
    mkdirSync(blobs, { recursive: true });
    const oid = createHash('sha256').update(WEIGHTS).digest('hex');
    writeFileSync(join(blobs, `${oid}.tmp-4194303-gone`), bytes);
    return { blobs, oid };
  };
  it('is gone on with', async () => {
    addModel();
    const cacheDir = newCache();
    left(cacheDir, WEIGHTS.subarray(0, 123_456));
    const { dir } = await downloadModel(client({ cacheDir }), { id });
    expect(weightRequests().map(({ headers }) => headers.range)).toEqual(['bytes=123456-']);
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it.each([
    ['was damaged', Buffer.alloc(200_000, 7)],
    ['is too long', Buffer.alloc(WEIGHTS.length + 1)],
  ])('is thrown away when it %s', async (_, bytes) => {
    addModel();
    const cacheDir = newCache();
    const { blobs, oid } = left(cacheDir, bytes);
    const { dir } = await downloadModel(client({ cacheDir }), { id });
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(readdirSync(blobs).filter(name => name.startsWith(oid))).toEqual([oid]);
  });
});

it('what another process is downloading is waited for, and not fetched again', async () => {
  addModel();
  const cacheDir = newCache();
  const blobs = join(cacheDir, 'models--org--model', 'blobs');
  mkdirSync(blobs, { recursive: true });
  const oid = createHash('sha256').update(WEIGHTS).digest('hex');
  const theirs = join(blobs, `${oid}.tmp-${process.ppid}-${processStart(process.ppid)}`);
  writeFileSync(theirs, WEIGHTS);
  let waits = 0;
  const sleep = () => {
    if (++waits === 3) renameSync(theirs, join(blobs, oid));
    return Promise.resolve();
  };
  const { dir } = await downloadModel(client({ cacheDir }, { sleep }), { id });
  expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  expect(weightRequests()).toEqual([]);
  expect(waits).toBe(3);
});

describe('a server that lies is found out, and nothing of it stays:', () => {
  const noBlob = (cacheDir: string) => {
    const blobs = join(cacheDir, 'models--org--model', 'blobs');
    const names = existsSync(blobs) ? readdirSync(blobs) : [];
    expect(names.filter(name => /^[0-9a-f]{64}/.test(name))).toEqual([]);
    expect(findCachedModel(cacheDir, id)).toBeUndefined();
  };
  const flipped = Buffer.from(WEIGHTS);
  flipped[1000]! ^= 1;

  it.each([
    ['other contents', flipped, 'hub.wrong-hash'],
    ['too much', Buffer.concat([WEIGHTS, Buffer.from('x')]), 'hub.wrong-size'],
    ['too little', WEIGHTS.subarray(0, 299_000), 'hub.wrong-size'],
    ['nothing', Buffer.alloc(0), 'hub.wrong-size'],
  ])('%s', async (_, bytes, code) => {
    addModel();
    const cacheDir = newCache();
    hub.fault = seen => (isWeights(seen) ? { contents: bytes } : undefined);
    const problem = await refusalOf(() => downloadModel(client({ cacheDir }), { id }));
    expect(problem.code).toBe(code);
    expect(problem.message).toContain('model.safetensors');
    noBlob(cacheDir);
  });

  it('a small file with other contents', async () => {
    addModel();
    hub.fault = seen =>
      seen.path.endsWith('/config.json')
        ? { contents: Buffer.from('{"model_type":"evil"}\n') }
        : undefined;
    expect((await refusalOf(() => downloadModel(client(), { id }))).code).toBe('hub.wrong-hash');
  });

  it.each(['../../../evil', '/etc/evil', 'a\0b', 'C:\\evil', 'nul', 'a/../../b', '.git/config'])(
    'a file called %j',
    async path => {
      addModel();
      const cacheDir = newCache();
      hub.editTree = entries => [...entries, { type: 'file', path, size: 1, oid: 'a'.repeat(40) }];
      const problem = await refusalOf(() =>
        downloadModel(client({ cacheDir }), { id, include: ['*'] }),
      );
      expect(problem.code).toBe('hub.unsafe-name');
      expect(readdirSync(cacheDir)).toEqual([]);
    },
  );

  it.each<[what: string, entry: object]>([
    ['a hash that is a path', { type: 'file', path: 'x', size: 1, oid: '../../x' }],
    ['a size below zero', { type: 'file', path: 'x', size: -1, oid: 'a'.repeat(40) }],
    [
      'a large file with a short hash',
      { type: 'file', path: 'x', size: 1, oid: 'a'.repeat(40), lfs: { oid: 'ab', size: 1 } },
    ],
    ['no path', { type: 'file', size: 1, oid: 'a'.repeat(40) }],
    ['something else', { a: 1 }],
  ])('%s in its list', async (_, entry) => {
    addModel();
    hub.editTree = () => [entry];
    expect((await refusalOf(() => listModelFiles(client(), id))).code).toBe('hub.bad-answer');
  });

  it('a file where another needs a folder', async () => {
    hub.addRepo(id, { a: '1', 'a/b': '2' });
    const problem = await refusalOf(() => downloadModel(client(), { id, include: ['*'] }));
    expect(problem.code).toBe('hub.unsafe-name');
  });

  it.each([
    ['no JSON', { status: 200, body: '<html>' }],
    ['other JSON', { status: 200, body: '{"sha":"../.."}' }],
    ['a list that is none', { status: 200, body: 'null' }],
  ])('an answer that is %s', async (_, fault) => {
    addModel();
    hub.fault = seen => (seen.path.startsWith('/api/') ? fault : undefined);
    expect((await refusalOf(() => listModelFiles(client(), id))).code).toBe('hub.bad-answer');
  });

  it('a list that never ends', async () => {
    addModel();
    hub.fault = seen =>
      seen.path.includes('/tree/')
        ? {
            status: 200,
            body: '[]',
            headers: { link: `<${hub.endpoint}${seen.path}>; rel="next"` },
          }
        : undefined;
    expect((await refusalOf(() => listModelFiles(client(), id))).code).toBe('hub.bad-answer');
  });
});

describe('a failure of the disk', () => {
  it('in any call leaves no file that is not whole', async () => {
    addModel();
    const counting = faultyFileSystem();
    const cacheDir = newCache();
    await downloadModel(client({ cacheDir }), { id, parallel: 1 }, counting);
    const calls = counting.calls.length;
    for (const kind of ['ENOSPC', 'EIO', 'short'] as const) {
      for (let call = 0; call < calls; call += 3) {
        const folder = newCache();
        const fs = faultyFileSystem({ kind, call });
        try {
          await downloadModel(client({ cacheDir: folder }), { id, parallel: 1 }, fs);
        } catch (error) {
          expect((await refusalOf(() => Promise.reject(error as Error))).code).toMatch(/^disk\./);
        }
        const [model] = listCachedModels(folder);
        const blobs = join(folder, 'models--org--model', 'blobs');
        const whole = existsSync(blobs)
          ? readdirSync(blobs).filter(name => !name.includes('.'))
          : [];
        for (const name of whole.filter(name => name.length === 64))
          expect(readFileSync(join(blobs, name)).equals(WEIGHTS)).toBe(true);
        expect(model?.revisions.flatMap(({ refs }) => refs) ?? []).not.toContain(undefined);
      }
    }
  });

  it('that is full is told before anything is fetched', async () => {
    addModel();
    const problem = await refusalOf(() =>
      downloadModel(client(), { id }, { ...disk, freeBytes: () => 1e6 }),
    );
    expect(problem.code).toBe('disk.full');
    expect(weightRequests()).toEqual([]);
  });
});

describe('a download that is cancelled', () => {
  it('stops, keeps what it has, and goes on next time', async () => {
    addModel();
    const hubClient = client();
    const cancelling = new AbortController();
    hub.fault = seen => (isWeights(seen) ? { cutAfter: 100_000 } : undefined);
    const problem = await refusalOf(() =>
      downloadModel(hubClient, {
        id,
        signal: cancelling.signal,
        onProgress: ({ bytesDone }) => bytesDone >= 100_000 && cancelling.abort(),
      }),
    );
    expect(problem.code).toBe('hub.cancelled');
    expect(readCachedModel(hubClient.settings.cacheDir, id)?.unfinished).toBeGreaterThanOrEqual(
      100_000,
    );
    hub.fault = () => undefined;
    const { dir } = await downloadModel(hubClient, { id });
    expect(contents(dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
  });
});

describe('offline', () => {
  it('is what the cache has, and nothing is sent', async () => {
    addModel();
    const cacheDir = newCache();
    const { dir } = await downloadModel(client({ cacheDir }), { id });
    hub.seen.length = 0;
    const offline = client({ cacheDir, offline: true });
    expect((await downloadModel(offline, { id })).dir).toBe(dir);
    expect((await refusalOf(() => downloadModel(offline, { id: 'org/other' }))).code).toBe(
      'hub.offline',
    );
    expect((await refusalOf(() => listModelFiles(offline, id))).code).toBe('hub.offline');
    expect(hub.seen).toEqual([]);
  });
});

describe('what is in the cache', () => {
  it('is listed with its revisions, and removed by revision or whole', async () => {
    const repo = addModel();
    hub.addRepo('gpt2', { 'config.json': '{}', 'model.safetensors': 'weights' });
    const hubClient = client();
    const { cacheDir } = hubClient.settings;
    const first = await downloadModel(hubClient, { id });
    repo.commit = 'e'.repeat(40);
    repo.files.set('config.json', Buffer.from('{"new":1}'));
    await downloadModel(hubClient, { id });
    await downloadModel(hubClient, { id: 'gpt2' });
    mkdirSync(join(cacheDir, 'datasets--a--b'));
    expect(listCachedModels(cacheDir).map(model => [model.id, model.revisions.length])).toEqual([
      ['gpt2', 1],
      [id, 2],
    ]);
    expect(removeCached(cacheDir, id, first.commit.slice(0, 10))).toBe(
      MODEL_FILES['config.json'].length,
    );
    const left = readCachedModel(cacheDir, id);
    expect(left?.revisions.map(({ refs }) => refs)).toEqual([['main']]);
    expect(contents(left!.revisions[0]!.dir, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(removeCached(cacheDir, id)).toBeGreaterThan(WEIGHTS.length);
    expect(listCachedModels(cacheDir).map(model => model.id)).toEqual(['gpt2']);
    expect((await refusalOf(() => removeCached(cacheDir, id))).code).toBe('hub.not-cached');
  });

  it('of others is not removed through a link that leads out of the model', async () => {
    addModel();
    const cacheDir = newCache();
    const { dir } = await downloadModel(client({ cacheDir }), { id });
    const outside = join(newCache(), 'precious');
    writeFileSync(outside, 'precious');
    disk.symlink(outside, join(dir, 'evil.json'));
    removeCached(cacheDir, id, 'main');
    expect(readFileSync(outside, 'utf8')).toBe('precious');
  });
});
