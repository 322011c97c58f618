/** Whom the client talks to, with what, and how it takes a no. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { downloadModel } from '../../../src/engine/hub/downloadModel';
import { listModelFiles } from '../../../src/engine/hub/modelFiles';
import { searchModels } from '../../../src/engine/hub/searchModels';
import { ProblemError } from '../../../src/engine/problem';
import type { Fault, Seen } from '../../hub/hubServer';
import { refusalOf } from '../data/refusal';
import { hubScene, MODEL_FILES, WEIGHTS } from './scene';

const { hub, client, newCache } = await hubScene();
const id = 'org/model';
const addModel = (facts = {}) => hub.addRepo(id, MODEL_FILES, facts);
const canary = 'hf_canary0123456789';

/** Somebody who must never hear of the token. */
const stranger = createServer((request, response) => {
  heard.push(JSON.stringify([request.url, request.headers]));
  response.end(WEIGHTS);
});
const heard: string[] = [];
stranger.listen(0, '127.0.0.1');
await once(stranger, 'listening');
const strangerAt = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
afterAll(() => stranger.close());

const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map(name => join(dir, name))
    .filter(path => statSync(path).isFile());

describe('the token', () => {
  const signedIn = (settings = {}) => client({ token: canary, ...settings });

  it('opens private and gated models, and goes to the hub alone', async () => {
    addModel({ isPrivate: true, isGated: true });
    const { dir } = await downloadModel(signedIn(), { id });
    expect(readFileSync(join(dir, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    const atHub = hub.seen.filter(({ server }) => server === 'hub');
    const atCdn = hub.seen.filter(({ server }) => server === 'cdn');
    expect(atHub.every(({ headers }) => headers.authorization === `Bearer ${canary}`)).toBe(true);
    expect(atCdn.length).toBeGreaterThan(0);
    expect(JSON.stringify(atCdn.map(({ path, headers }) => [path, headers]))).not.toContain(canary);
    expect(hub.seen.map(({ path }) => path).join()).not.toContain(canary);
  });

  it.each([301, 302, 303, 307, 308])(
    'does not follow a redirect (%i) to another host',
    async status => {
      addModel();
      heard.length = 0;
      hub.fault = seen =>
        seen.path.endsWith('/config.json')
          ? { status, headers: { location: `${strangerAt}/x` } }
          : undefined;
      await refusalOf(() => downloadModel(signedIn(), { id })); // other contents than promised
      expect(heard.length).toBeGreaterThan(0);
      expect(heard.join()).not.toContain(canary);
    },
  );

  it('does not follow a list to another host', async () => {
    addModel();
    heard.length = 0;
    hub.fault = seen =>
      seen.path.includes('/tree/')
        ? { status: 200, body: '[]', headers: { link: `<${strangerAt}/api>; rel="next"` } }
        : undefined;
    expect((await refusalOf(() => listModelFiles(signedIn(), id))).code).toBe(
      'hub.unsafe-redirect',
    );
    expect(heard).toEqual([]);
  });

  it('is not sent to another port or scheme of the same host', async () => {
    addModel();
    heard.length = 0;
    const port = new URL(strangerAt).port;
    hub.fault = seen =>
      seen.path.endsWith('/config.json')
        ? { status: 302, headers: { location: `http://127.0.0.1:${port}/same-host` } }
        : undefined;
    await refusalOf(() => downloadModel(signedIn(), { id }));
    expect(heard.join()).toContain('same-host');
    expect(heard.join()).not.toContain(canary);
  });

  it('is in no file of the cache and in no message, also where the server repeats it', async () => {
    addModel();
    const cacheDir = newCache();
    const texts: string[] = [];
    const faults: Fault[] = [400, 401, 403, 404, 409, 418, 429, 500].flatMap(status => [
      { status, body: JSON.stringify({ error: `no such token: Bearer ${canary}` }) },
      { status, headers: { 'x-error-message': `bad ${canary}` } },
      { status, body: canary },
    ]);
    for (const fault of faults) {
      hub.fault = () => fault;
      const error = await listModelFiles(signedIn({ cacheDir }), id).catch(
        (e: unknown) => e as Error,
      );
      expect(error).toBeInstanceOf(ProblemError);
      texts.push((error as Error).message, JSON.stringify(error), (error as Error).stack ?? '');
    }
    hub.fault = () => undefined;
    await downloadModel(signedIn({ cacheDir }), { id });
    expect(texts.join()).toContain('no such token');
    expect(texts.join()).not.toContain(canary);
    for (const file of filesBelow(cacheDir)) expect(readFileSync(file)).not.toContain(canary);
  });

  it('of a presigned address is in no message', async () => {
    addModel();
    hub.fault = seen => (seen.server === 'cdn' ? { status: 403, body: '<Error/>' } : undefined);
    const problem = await refusalOf(() => downloadModel(client(), { id }));
    expect(problem.code).toBe('hub.forbidden');
    expect(problem.message).toContain(new URL(hub.cdn).host);
    expect(problem.message).not.toContain('presigned-secret');
  });
});

describe('a redirect is refused', () => {
  it.each([
    ['to an address that is not encrypted', 'http://example.com/x'],
    ['to a file', 'file:///etc/passwd'],
    ['to data', 'data:text/plain,x'],
    ['with a name and password', `http://user:secret@127.0.0.1:1/`],
    ['to no address', 'http://['],
  ])('%s', async (_, location) => {
    addModel();
    hub.fault = seen =>
      seen.path.includes('/resolve/') ? { status: 302, headers: { location } } : undefined;
    const problem = await refusalOf(() => downloadModel(client(), { id }));
    expect(problem.code).toBe('hub.unsafe-redirect');
    expect(problem.message).not.toContain('secret');
  });

  it('in circles', async () => {
    addModel();
    hub.fault = seen =>
      seen.path.includes('/resolve/')
        ? { status: 302, headers: { location: seen.path } }
        : undefined;
    const problem = await refusalOf(() => downloadModel(client(), { id, parallel: 1 }));
    expect(problem.code).toBe('hub.unsafe-redirect');
    expect(hub.seen.length).toBeLessThan(20);
  });
});

describe('a no of the hub is told with what to do', () => {
  it.each<[status: number, headers: Record<string, string>, code: string, says: string]>([
    [401, {}, 'hub.unauthorized', 'HF_TOKEN'],
    [401, { 'x-error-code': 'GatedRepo' }, 'hub.gated', 'conditions'],
    [403, {}, 'hub.forbidden', 'token'],
    [404, { 'x-error-code': 'RevisionNotFound' }, 'hub.no-revision', 'revision'],
    [404, {}, 'hub.not-found', 'name'],
    [409, {}, 'hub.conflict', 'exists'],
    [418, {}, 'hub.refused', '418'],
  ])('%i %j', async (status, headers, code, says) => {
    hub.fault = () => ({ status, headers, body: '{"error":"words of the server\\u001b[2J"}' });
    const problem = await refusalOf(() => listModelFiles(client(), id));
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(says);
    expect(problem.message).toContain('words of the server');
    expect(problem.message).not.toContain('\u001b');
    expect(hub.seen).toHaveLength(1);
  });

  it('of a model that is not there, or private', async () => {
    expect((await refusalOf(() => listModelFiles(client(), 'org/none'))).code).toBe(
      'hub.unauthorized',
    );
    addModel({ isPrivate: true });
    expect((await refusalOf(() => listModelFiles(client(), id))).code).toBe('hub.unauthorized');
    expect((await refusalOf(() => listModelFiles(client({ token: canary }), id, 'v9'))).code).toBe(
      'hub.no-revision',
    );
  });
});

describe('a failure that passes', () => {
  const failing = (times: number, fault: Fault) => {
    let left = times;
    hub.fault = () => (left-- > 0 ? fault : undefined);
  };

  it.each([429, 500, 502, 503, 504, 408])('with status %i is repeated', async status => {
    addModel();
    failing(3, { status });
    expect((await listModelFiles(client(), id)).files.length).toBeGreaterThan(0);
    expect(hub.seen).toHaveLength(5);
  });

  it('by a cut connection is repeated', async () => {
    addModel();
    let cuts = 2;
    const hubClient = client({}, { silenceMs: 200 });
    hub.fault = () => (cuts-- > 0 ? { silent: true } : undefined);
    expect((await listModelFiles(hubClient, id)).files.length).toBeGreaterThan(0);
  });

  it.each([
    [429, 'hub.rate-limited'],
    [503, 'hub.server'],
  ])('and does not (%i) is given up after five attempts', async (status, code) => {
    failing(100, { status });
    expect((await refusalOf(() => listModelFiles(client(), id))).code).toBe(code);
    expect(hub.seen).toHaveLength(5);
  });

  it('is waited for as long as the server says, or longer each time, within bounds', async () => {
    addModel();
    const waited: number[] = [];
    const sleep = (ms: number) => {
      waited.push(Math.round(ms));
      return Promise.resolve();
    };
    const told = ['7', '100000', new Date(Date.now() + 20_000).toUTCString(), 'soon'];
    hub.fault = () => {
      const after = told.shift();
      return after === undefined ? undefined : { status: 429, headers: { 'retry-after': after } };
    };
    await listModelFiles(client({}, { sleep }), id);
    expect(waited.slice(0, 2)).toEqual([7000, 60_000]);
    expect(waited[2]).toBeGreaterThan(15_000);
    expect(waited[2]).toBeLessThanOrEqual(20_000);
    expect(waited[3]).toBeGreaterThanOrEqual(3000);
  });

  it('where nobody listens is told so', async () => {
    const endpoint = new URL('http://127.0.0.1:9');
    const problem = await refusalOf(() => listModelFiles(client({ endpoint }), id));
    expect(problem).toMatchObject({ code: 'hub.network' });
    expect(problem.message).toContain('nobody listens');
  });
});

describe('a search', () => {
  const ids = (seen: readonly Seen[]) => seen.filter(({ path }) => path.startsWith('/api/models?'));

  it('finds models by words, most downloaded first, over several pages', async () => {
    for (let i = 0; i < 25; i++) hub.addRepo(`org/tiny-${i}`, {}, { downloads: i });
    hub.addRepo('org/other', {}, { downloads: 100 });
    hub.pageSize = 10;
    const found = await searchModels(client(), { words: 'TINY', limit: 22 });
    expect(found).toHaveLength(22);
    expect(found[0]).toMatchObject({
      id: 'org/tiny-24',
      downloads: 24,
      task: 'text-generation',
      parameters: 1000,
    });
    expect(found[0]?.updated).toBe('2026-01-02T03:04:05.000Z');
    expect(ids(hub.seen)).toHaveLength(3);
  });

  it('shows private models only to those who may see them', async () => {
    addModel({ isPrivate: true });
    expect(await searchModels(client(), { words: 'model', limit: 5 })).toEqual([]);
    const found = await searchModels(client({ token: canary }), { words: 'model', limit: 5 });
    expect(found).toMatchObject([{ id, private: true }]);
  });

  it('can be cancelled', async () => {
    hub.fault = () => ({ silent: true });
    const problem = await refusalOf(() =>
      searchModels(client(), { words: 'x', limit: 5, signal: AbortSignal.timeout(100) }),
    );
    expect(problem.code).toBe('hub.cancelled');
  });
});
