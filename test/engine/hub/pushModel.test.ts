import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as YAML from 'yaml';
import { downloadModel } from '../../../src/engine/hub/downloadModel';
import { modelCard } from '../../../src/engine/hub/modelCard';
import {
  planPush,
  pushModel,
  type PushOptions,
  type PushProgress,
} from '../../../src/engine/hub/pushModel';
import { disk } from '../../../src/engine/files/fileSystem';
import { openRunLog } from '../../../src/engine/run/runLog';
import { refusalOf } from '../data/refusal';
import { hubScene } from './scene';

const { hub, client, newCache } = await hubScene();
const canary = 'hf_canary0123456789';
const signedIn = () => client({ token: canary });
const id = 'me/model';
const WEIGHTS = randomBytes(250_000);

function folderWith(files: Record<string, string | Buffer>, root = newCache()): string {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), bytes);
  }
  return root;
}

const MODEL = {
  'config.json': '{"model_type":"slm"}',
  'weightroom.json': '{"tokenizer":"gpt2"}',
  'model.safetensors': WEIGHTS,
  'optimizer.safetensors': 'moments',
  'state.json': '{"step":20,"tokens":640,"seed":7,"bestEval":{"step":10,"loss":2.5}}',
  'manifest.json': '{}',
  '.env': 'SECRET=1',
  'notes.txt': 'mine',
  'sub/other.json': '{}',
};

/** A checkpoint in its run. */
function checkpoint(): string {
  const run = folderWith({
    'runs/r1/config.yaml': 'weightroom: 1\ndata: { train: /srv/me/secret/train.jsonl } # ``` <b>\n',
    'runs/r1/resolved.json': JSON.stringify({
      name: 'r1',
      configPath: '/srv/me/secret/c.yaml',
      config: {
        data: {
          train: '/srv/me/secret/train.jsonl',
          validation: 'held|out.jsonl',
          tokenizer: 'gpt2',
        },
      },
      dataHash: 'd'.repeat(64),
      device: 'cpu',
      versions: { weightroom: '0.1.0', node: '20.0.0' },
    }),
    ...Object.fromEntries(
      Object.entries(MODEL).map(([name, text]) => [
        `runs/r1/checkpoints/step-000020/${name}`,
        text,
      ]),
    ),
  });
  const log = openRunLog(disk, join(run, 'runs', 'r1'));
  log.append({
    type: 'start',
    run: 'r1',
    name: 'r1',
    pid: 1,
    device: 'cpu',
    step: 0,
    max_steps: 40,
    parameters: 1e6,
    trainable: 5000,
    tokens_per_step: 32,
    vocab_size: 100,
  });
  log.append({ type: 'eval', step: 10, loss: 2.5, batches: 1, seconds: 1, best: true });
  log.append({ type: 'eval', step: 20, loss: 3.25, batches: 1, seconds: 1, best: false });
  log.close();
  return join(run, 'runs', 'r1', 'checkpoints', 'step-000020');
}

const push = (options: PushOptions, more = {}) =>
  pushModel(signedIn(), planPush(options), { ...options, ...more });

describe('a plan to push', () => {
  it('holds what belongs to a model, a card, and nothing else', () => {
    const { files, bytes, warnings } = planPush({ dir: folderWith(MODEL), id });
    expect(files.map(({ path }) => path)).toEqual([
      'config.json',
      'model.safetensors',
      'weightroom.json',
      'README.md',
    ]);
    expect(bytes).toBe(files.reduce((sum, file) => sum + file.bytes, 0));
    expect(warnings.join()).toContain('optimizer.safetensors');
    expect(warnings.join()).toContain('licence');
    expect(warnings.join()).not.toContain('.env');
  });

  it('holds what is asked for, but no hidden file', () => {
    const dir = folderWith(MODEL);
    const paths = (options: object) =>
      planPush({ dir, id, card: false, ...options }).files.map(({ path }) => path);
    expect(paths({ include: ['*'], exclude: ['sub/'] })).toEqual([
      'config.json',
      'manifest.json',
      'model.safetensors',
      'notes.txt',
      'optimizer.safetensors',
      'state.json',
      'weightroom.json',
    ]);
    expect(paths({ include: ['*.safetensors'] })).toEqual([
      'model.safetensors',
      'optimizer.safetensors',
    ]);
  });

  it("keeps the folder's own card", () => {
    const { files, warnings } = planPush({
      dir: folderWith({ ...MODEL, 'README.md': '# Mine' }),
      id,
    });
    expect(files.find(({ path }) => path === 'README.md')).toEqual({ path: 'README.md', bytes: 6 });
    expect(warnings.join()).not.toContain('licence');
  });

  it('does not leave the folder by a link to another', () => {
    const dir = folderWith(MODEL);
    symlinkSync(folderWith({ 'secret.safetensors': 'x' }), join(dir, 'linked'));
    const { files } = planPush({ dir, id, include: ['*'] });
    expect(files.some(({ path }) => path.includes('secret'))).toBe(false);
  });

  it.each<
    [why: string, options: Partial<PushOptions>, files: Record<string, string>, code: string]
  >([
    ['without weights', {}, { 'config.json': '{}' }, 'hub.nothing-to-push'],
    ['to a name without an owner', { id: 'model' }, { 'model.safetensors': '' }, 'hub.bad-name'],
    ['to a name that is none', { id: 'a/../b' }, { 'model.safetensors': '' }, 'hub.bad-name'],
    [
      'of an adapter over a folder',
      {},
      {
        'adapter_model.safetensors': '',
        'adapter_config.json': '{"base_model_name_or_path":"/srv/me/base"}',
      },
      'hub.local-base',
    ],
    [
      'of an adapter over a relative folder',
      {},
      {
        'adapter_model.safetensors': '',
        'adapter_config.json': '{"base_model_name_or_path":"../base"}',
      },
      'hub.local-base',
    ],
    [
      'of a broken adapter',
      {},
      { 'adapter_model.safetensors': '', 'adapter_config.json': '{' },
      'hub.bad-adapter',
    ],
  ])('%s is refused', async (_, options, files, code) => {
    expect((await refusalOf(() => planPush({ dir: folderWith(files), id, ...options }))).code).toBe(
      code,
    );
  });

  it('of an adapter names its base on the hub', () => {
    const dir = folderWith({
      'adapter_model.safetensors': 'x',
      'adapter_config.json': '{"peft_type":"LORA","r":8,"base_model_name_or_path":"/srv/me/base"}',
    });
    const { files } = planPush({ dir, id, baseModel: 'org/base' });
    const texts = new Map(files.map(({ path, text }) => [path, text]));
    expect(JSON.parse(texts.get('adapter_config.json') ?? '')).toEqual({
      peft_type: 'LORA',
      r: 8,
      base_model_name_or_path: 'org/base',
    });
    expect(texts.get('README.md')).toContain('base_model: "org/base"');
    expect(texts.get('README.md')).toContain('A LORA adapter of rank 8 for org/base');
    expect(files.map(file => file.text ?? '').join()).not.toContain('/srv/me');
  });
});

describe('a card', () => {
  it('says how the model was made, and not where', () => {
    const { files } = planPush({ dir: checkpoint(), id, license: 'mit' });
    const card = files.find(({ path }) => path === 'README.md')?.text ?? '';
    const front = YAML.parse(card.split('---')[1] ?? '') as unknown;
    expect(front).toEqual({
      library_name: 'weightroom',
      pipeline_tag: 'text-generation',
      license: 'mit',
      tags: ['weightroom', 'slm'],
    });
    expect(card).toContain('| Run | r1 |');
    expect(card).toContain('| Step | 20 of 40 |');
    expect(card).toContain('| Validation loss | 3.250 |');
    expect(card).toContain('| Best validation loss | 2.500 at step 10 |');
    expect(card).toContain(`| SHA-256 of the tokens | ${'d'.repeat(64)} |`);
    expect(card).toContain('| Data | train.jsonl, held out: held\\|out.jsonl |');
    expect(card).toContain('````yaml\nweightroom: 1\ndata: { train: train.jsonl } # ``` <b>\n````');
    expect(card).toContain('weightroom hub download me/model');
    expect(card).not.toContain('/srv/me');
  });

  it('is text and no markup, whatever names are', () => {
    const evil = '<img src=x onerror=alert(1)> [a](javascript:x) `b` | c\n# d';
    const card = modelCard({
      id,
      version: evil,
      baseModel: evil,
      facts: { family: evil, adapter: { kind: evil, base: '' } },
    });
    const body = card.split('---\n').slice(2).join('---\n');
    expect(body).not.toContain('<img');
    expect(body).not.toMatch(/(?<!\\)\]\(/);
    expect(body).not.toMatch(/^# d/m);
  });
});

describe('a push', () => {
  it('makes a private model and puts all in one commit', async () => {
    const dir = folderWith(MODEL);
    const pushed = await push({ dir, id, message: 'First' });
    const repo = hub.repos.get(id);
    expect(repo?.isPrivate).toBe(true);
    expect(pushed).toMatchObject({ id, url: `${hub.endpoint}/${id}`, commit: repo?.commit });
    expect(repo?.files.get('model.safetensors')?.equals(WEIGHTS)).toBe(true);
    expect(repo?.files.get('config.json')?.toString()).toBe(MODEL['config.json']);
    expect([...(repo?.files.keys() ?? [])].sort()).toEqual([...pushed.files].sort());
    const commits = hub.seen.filter(({ path }) => path.includes('/commit/'));
    expect(commits).toHaveLength(1);
    expect(commits[0]?.body.toString()).toContain('"summary":"First"');
  });

  it('can be downloaded again', async () => {
    await push({ dir: folderWith(MODEL), id, isPublic: true });
    const { dir } = await downloadModel(client(), { id });
    expect(readFileSync(join(dir, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
  });

  it('to a model that is there adds a commit, and sends nothing twice', async () => {
    const dir = folderWith(MODEL);
    const first = await push({ dir, id });
    hub.seen.length = 0;
    writeFileSync(join(dir, 'config.json'), '{"model_type":"slm","new":1}');
    const second = await push({ dir, id });
    expect(second.commit).not.toBe(first.commit);
    expect(hub.seen.filter(({ server }) => server === 'cdn')).toEqual([]);
  });

  it.each([40_000, 250_000])('of a large file goes in parts of %i bytes', async partBytes => {
    hub.partBytes = partBytes;
    await push({ dir: folderWith({ ...MODEL, 'model.safetensors': randomBytes(250_000) }), id });
    const parts = hub.seen.filter(({ path }) => path.startsWith('/part/'));
    expect(parts).toHaveLength(Math.ceil(250_000 / partBytes));
    expect(hub.repos.get(id)?.files.get('model.safetensors')).toHaveLength(250_000);
  });

  it('tells how far it is', async () => {
    const told: PushProgress[] = [];
    const dir = folderWith({ ...MODEL, 'model.safetensors': randomBytes(300_000) });
    await push({ dir, id }, { onProgress: (progress: PushProgress) => told.push(progress) });
    expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
      'preparing',
      'uploading',
      'committing',
    ]);
    expect(Math.max(...told.map(({ bytesDone }) => bytesDone))).toBeGreaterThanOrEqual(300_000);
    expect(told.every(({ bytesDone, bytes }) => bytesDone <= bytes)).toBe(true);
  });

  it('shows the token to the hub and to nobody else', async () => {
    hub.partBytes = 100_000;
    await push({ dir: folderWith({ ...MODEL, 'model.safetensors': randomBytes(250_000) }), id });
    const atCdn = hub.seen.filter(({ server }) => server === 'cdn');
    expect(atCdn.length).toBeGreaterThan(2);
    expect(JSON.stringify(atCdn.map(({ path, headers }) => [path, headers]))).not.toContain(canary);
    for (const { body } of hub.seen) expect(body.includes(canary)).toBe(false);
  });

  it('goes on after failures of the storage that pass', async () => {
    let failures = 2;
    hub.fault = seen => (seen.method === 'PUT' && failures-- > 0 ? { status: 503 } : undefined);
    await push({ dir: folderWith({ ...MODEL, 'model.safetensors': randomBytes(1000) }), id });
    expect(hub.repos.get(id)?.files.get('model.safetensors')).toHaveLength(1000);
  });

  it('does not commit twice when nobody knows whether it did', async () => {
    hub.fault = seen => (seen.path.includes('/commit/') ? { status: 502 } : undefined);
    expect((await refusalOf(() => push({ dir: folderWith(MODEL), id }))).code).toBe('hub.server');
    expect(hub.seen.filter(({ path }) => path.includes('/commit/'))).toHaveLength(1);
  });

  it('without a token, with a wrong one, or to somebody else is refused', async () => {
    const dir = folderWith(MODEL);
    const plan = planPush({ dir, id });
    const refused = async (token?: string) =>
      (
        await refusalOf(() =>
          pushModel(client(token === undefined ? {} : { token }), plan, { dir, id }),
        )
      ).code;
    expect(await refused()).toBe('hub.no-token');
    expect(hub.seen).toEqual([]);
    expect(await refused('hf_wrong')).toBe('hub.unauthorized');
    hub.fault = () => ({ status: 403, body: '{"error":"You do not have the rights"}' });
    expect(await refused(canary)).toBe('hub.forbidden');
  });

  it('can be cancelled', async () => {
    hub.fault = seen => (seen.method === 'PUT' ? { silent: true } : undefined);
    const dir = folderWith({ ...MODEL, 'model.safetensors': randomBytes(2000) });
    const problem = await refusalOf(() => push({ dir, id }, { signal: AbortSignal.timeout(300) }));
    expect(problem.code).toBe('hub.cancelled');
    expect(hub.repos.get(id)?.files.size).toBe(0);
  });
});
