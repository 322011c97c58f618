import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DiffSession } from '../../../src/host/diff/diffSession';
import { parseRequest } from '../../../src/host/diff/requests';
import { metricNames, profiles } from '../../../src/protocol/diffMetrics';
import type { ViewReply } from '../../../src/protocol/viewReply';
import type { DiffHostMessage, DiffSnapshot } from '../../../src/protocol/weightDiff';
import { scratchFolder } from '../../durability/scratchFolder';
import { asType, llamaFloats, writeModel } from '../../engine/compare/models';

const scratch = scratchFolder();
const left = writeModel(join(scratch, 'left'), asType(llamaFloats(), 'float32'));
const right = writeModel(join(scratch, 'right'), asType(llamaFloats(), 'bfloat16'));
const sides = {
  left: { path: left, label: 'left' },
  right: { path: right, label: 'right' },
};

const opened: DiffSession[] = [];
afterEach(() => {
  for (const session of opened.splice(0)) session.dispose();
});

function open(paths = sides) {
  const posted: DiffHostMessage[] = [];
  const saved: string[] = [];
  let ids = 0;
  const session = new DiffSession({
    sides: paths,
    post: message => posted.push(message),
    ports: {
      copy: () => Promise.resolve(),
      save: name => {
        saved.push(name);
        return Promise.resolve(true);
      },
      choose: () => Promise.resolve(undefined),
      logits: () => Promise.reject(new Error('no model that runs')),
      shows: () => undefined,
    },
  });
  opened.push(session);
  const ask = async (request: string, params: unknown = null): Promise<ViewReply> => {
    const id = ids++;
    await session.receive({ id, request, params });
    const replies = posted.filter((m): m is ViewReply => m.type === 'reply' && m.id === id);
    expect(replies).toHaveLength(1);
    return replies[0]!;
  };
  const value = async <T>(request: string, params: unknown = null): Promise<T> => {
    const reply = await ask(request, params);
    expect(reply).not.toHaveProperty('error');
    return (reply as { value: T }).value;
  };
  const done = async () => {
    while (!posted.some(m => m.type === 'rows' && m.progress.isDone))
      await new Promise(resolve => setTimeout(resolve, 5));
  };
  return { session, posted, saved, ask, value, done };
}

describe('the host of a weight diff', () => {
  it('gives a snapshot, then what is compared, then a snapshot that has it all', async () => {
    const { value, done, posted } = open();
    const first = await value<DiffSnapshot>('ready');
    expect(first.table?.names).toHaveLength(21);
    await done();
    const rows = posted.flatMap(m => (m.type === 'rows' ? [...new Uint32Array(m.rows)] : []));
    expect(rows.toSorted((a, b) => a - b)).toEqual([...Array(21).keys()]);
    const last = await value<DiffSnapshot>('ready');
    const numbers = new Float64Array(last.numbers!);
    const counts = last.table!.names.map((_, row) => numbers[row * metricNames.length]);
    expect(counts.every(count => count! > 0)).toBe(true);
    expect(last.progress).toMatchObject({ isDone: true, bytesDone: last.progress.bytesTotal });
  });

  it('answers about one parameter', async () => {
    const { value } = open();
    const { table } = await value<DiffSnapshot>('ready');
    const row = table!.names.indexOf('model.layers.0.mlp.up_proj.weight');
    expect(await value('detail', { row })).toMatchObject({ format: 'bfloat16' });
    expect(await value('fault', { row })).toMatchObject({ kind: 'rounded' });
    const region = { top: 0, bottom: 96, left: 0, right: 128 };
    const cells = await value<{ most: ArrayBuffer }>('cells', {
      row,
      region,
      cell: { rows: 32, columns: 32 },
    });
    expect(new Float64Array(cells.most)).toHaveLength(3 * 4);
    const values = await value<{ left: ArrayBuffer }>('values', {
      row,
      region: { top: 1, bottom: 3, left: 5, right: 8 },
    });
    const { data } = llamaFloats().get('model.layers.0.mlp.up_proj.weight')!;
    expect([...new Float64Array(values.left)]).toEqual([
      ...data.slice(128 + 5, 128 + 8),
      ...data.slice(256 + 5, 256 + 8),
    ]);
    const spread = await value<{ left: ArrayBuffer }>('distributions', { row });
    expect(new Float64Array(spread.left).reduce((a, b) => a + b)).toBe(96 * 128);
  });

  it('exchanges the sides', async () => {
    const { value } = open();
    await value('ready');
    const swapped = await value<DiffSnapshot>('swap');
    expect([swapped.left.name, swapped.right.name]).toEqual(['right', 'left']);
  });

  it('names an export after both sides', async () => {
    const { value, saved } = open();
    await value('ready');
    expect(await value('export', { format: 'csv', profile: profiles['tt-op'] })).toBe(true);
    expect(saved).toEqual(['left-against-right.csv']);
  });

  it('says what is wrong with a side that cannot be opened', async () => {
    const missing = { path: join(scratch, 'none'), label: 'none' };
    const { value, ask } = open({ ...sides, right: missing });
    const snapshot = await value<DiffSnapshot>('ready');
    expect(snapshot).toMatchObject({ table: null, problem: { code: 'disk.missing' } });
    expect(await ask('detail', { row: 0 })).toHaveProperty('error');
  });

  it('passes on why logits cannot be compared', async () => {
    const { ask } = open();
    expect(await ask('logits')).toMatchObject({ error: { message: 'no model that runs' } });
  });
});

describe('what a view may ask for', () => {
  const region = { top: 0, bottom: 10, left: 0, right: 10 };
  it.each([
    ['no request', {}],
    ['an unknown request', { id: 0, request: 'erase', params: null }],
    ['a path', { id: 0, request: 'ready', params: { path: '/etc/passwd' } }],
    ['a negative row', { id: 0, request: 'detail', params: { row: -1 } }],
    [
      'more values than a page shows',
      {
        id: 0,
        request: 'values',
        params: { row: 0, region: { ...region, bottom: 1e6, right: 1e6 } },
      },
    ],
    [
      'more cells than a picture has',
      {
        id: 0,
        request: 'cells',
        params: {
          row: 0,
          region: { ...region, bottom: 1e6, right: 1e6 },
          cell: { rows: 1, columns: 1 },
        },
      },
    ],
    [
      'an empty region',
      { id: 0, request: 'values', params: { row: 0, region: { ...region, bottom: 0 } } },
    ],
    [
      'an unknown format',
      { id: 0, request: 'export', params: { format: 'exe', profile: profiles['tt-op'] } },
    ],
  ])('is not %s', (_, message) => {
    expect(parseRequest(message)).toBeUndefined();
  });
});
