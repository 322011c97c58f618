/** Nothing that is not in the table of requests, and no broken document, gets into the sandbox. */
import { describe, expect, it } from 'vitest';
import { newColumn, newDocument, newOutcome } from '../../../src/host/sandbox/sandboxDocument';
import { parseDocument, parseRequest } from '../../../src/host/sandbox/schemas';
import { deviceNames } from '../../../src/protocol/devices';

const ask = (request: string, params: unknown) => parseRequest({ id: 1, request, params });
const { sampling } = newDocument();
const column = (id: string) => ({ ...newColumn(null), id });
const model = {
  ...{ dir: '/m', adapters: [], name: 'm', short: 'm', path: 'm', contextLength: 0 },
};
const outcome = newOutcome(column('a'), model, sampling);
const run = { backend: 'kv', device: 'cpu', bits: null };

describe('a request of the view', () => {
  it.each<[string, unknown]>([
    ['ready', null],
    ['edit', { prompt: 'a' }],
    ['edit', { sampling, mode: 'chat', sameSeed: false, system: '', message: 'x' }],
    ['count', { column: 'a-1' }],
    ['setColumn', { column: 'a', run: { ...run, bits: 4 } }],
    ['setColumn', { column: 'a', run: { ...run, device: 'cuda' } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: { weight: 0.5, isOn: false } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: null }],
    ['devices', null],
    ['layerErrors', { column: 'a' }],
    ['generate', { column: null }],
    ['stop', { column: 'a' }],
    ['branch', { column: 'a', at: 0, token: 7 }],
    ['copy', { column: 'a', what: 'command' }],
    ['forget', { item: null }],
  ])('%s %j is taken', (request, params) => {
    expect(ask(request, params)).toEqual({ id: 1, request, params });
  });

  it.each<[string, unknown]>([
    ['open', null],
    ['ready', {}],
    ['edit', { prompt: 3 }],
    ['edit', { columns: [] }],
    ['edit', { sampling: { ...sampling, temperature: -1 } }],
    ['edit', { sampling: { ...sampling, topP: 1.5 } }],
    ['edit', { sampling: { ...sampling, seed: 0.5 } }],
    ['edit', { sampling: { ...sampling, maxTokens: 1_000_000 } }],
    ['edit', { sampling: { ...sampling, stop: [''] } }],
    ['edit', { sampling: { ...sampling, stop: Array(33).fill('a') } }],
    ['count', { column: '../x' }],
    ['count', { column: '' }],
    ['restore', { item: '../../etc/passwd' }],
    ['setColumn', { column: 'a', run: { ...run, bits: 5 } }],
    ['setColumn', { column: 'a', run: { ...run, device: 'tpu' } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: { weight: 2.1, isOn: true } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: { weight: -0.1, isOn: true } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: { weight: NaN, isOn: true } }],
    ['setAdapter', { column: 'a', adapter: '/b', to: { isOn: true } }],
    ['branch', { column: 'a', at: -1, token: 7 }],
    ['copy', { column: 'a', what: 'everything' }],
    ['edit', { prompt: 'a'.repeat(2 ** 20 + 1) }],
  ])('%s with something else is dropped: %#', (request, params) => {
    expect(ask(request, params)).toBeUndefined();
  });

  it('is no message without its id, and has no further key', () => {
    expect(parseRequest({ request: 'ready', params: null })).toBeUndefined();
    expect(parseRequest({ id: 1, request: 'ready', params: null, more: 1 })).toBeUndefined();
    expect(parseRequest(null)).toBeUndefined();
  });
});

describe('a document of the disk', () => {
  it('is taken as it was written', () => {
    const document = newDocument();
    expect(parseDocument(JSON.parse(JSON.stringify(document)))).toEqual(document);
  });

  it('keeps each column on its device', () => {
    const columns = deviceNames.slice(0, 4).map(device => ({ ...column('a'), device }));
    const document = { ...newDocument(), columns };
    expect(parseDocument(JSON.parse(JSON.stringify(document)))).toEqual(document);
  });

  it('has on the processor what was on a device that nobody knows here', () => {
    const columns = [
      { ...column('a'), device: 'npu' },
      { ...column('b'), device: undefined },
    ];
    const read = parseDocument({ ...newDocument(), columns });
    expect(read?.columns.map(({ device }) => device)).toEqual(['cpu', 'cpu']);
  });

  it('loses what was written on such a device, and nothing else', () => {
    const [known, unknown] = ['webgpu', 'npu'].map(device => ({
      ...outcome,
      run: { ...run, device },
    }));
    const exchange = { id: 'x', mode: 'completion', user: 'a', outcomes: [known, unknown] };
    const read = parseDocument({ ...newDocument(), exchanges: [exchange] });
    expect(read?.exchanges[0]?.outcomes).toEqual([known]);
  });

  it('has the one adapter that a model could have in former versions', () => {
    const { adapters, ...own } = model;
    const former = {
      ...{ ...own, dir: '/w/base', name: 'SLM 1 k · base + maths', short: 'maths' },
      ...{ adapterDir: '/w/maths', adapterPath: 'maths', adapter: 'r 4, α 8' },
    };
    const columns = [{ ...column('a'), model: former }];
    const read = parseDocument({ ...newDocument(), columns })!.columns[0]!.model;
    expect(read).toEqual({
      ...{ ...own, dir: '/w/base', name: 'SLM 1 k · base', short: 'base' },
      adapters: [
        {
          ...{ dir: '/w/maths', name: 'maths', path: 'maths', detail: 'r 4, α 8' },
          ...{ weight: 1, isOn: true },
        },
      ],
    });
    const without = { ...former, adapterDir: null, adapterPath: null };
    const bare = parseDocument({ ...newDocument(), columns: [{ ...column('a'), model: without }] });
    expect(bare!.columns[0]!.model!.adapters).toEqual(adapters);
  });

  it('is none with an outcome that says nothing of how it was written', () => {
    const broken = { ...outcome, run: {} };
    const exchange = { id: 'x', mode: 'completion', user: 'a', outcomes: [broken] };
    expect(parseDocument({ ...newDocument(), exchanges: [exchange] })).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['another thing', { version: 1 }],
    ['no columns', { ...newDocument(), columns: [] }],
    ['a broken column', { ...newDocument(), columns: [{ id: 'a' }] }],
    ['a name that leads out of its folder', { ...newDocument(), exchanges: [{ id: '../a' }] }],
  ])('is none with %s', (_, value) => {
    expect(parseDocument(value)).toBeUndefined();
  });
});
