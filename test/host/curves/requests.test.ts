import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../src/host/curves/requests';
import type { RequestMessage } from '../../../src/protocol/curves';

const picture = {
  runs: ['a'],
  highlighted: null,
  axis: 'step',
  range: [0, 10],
  xLog: false,
  yLog: true,
  smoothing: 0.8,
  raw: true,
  validation: true,
  theme: 'dark',
} as const;

const range = {
  runs: ['a', 'b'],
  axis: 'tokens',
  from: 0,
  to: 5,
  log: false,
  columns: 860,
  smallColumns: 240,
  smoothing: 0,
  lineExtremes: false,
} as const;

/** One of each kind. */
const valid = [
  { id: 0, request: 'ready', params: { opened: null } },
  { id: 1, request: 'range', params: range },
  { id: 2, request: 'addRuns', params: null },
  { id: 3, request: 'closeRun', params: { run: 'a' } },
  { id: 4, request: 'act', params: { action: 'stop', run: 'a' } },
  { id: 5, request: 'start', params: { action: 'demo' } },
  { id: 6, request: 'compareConfigs', params: { runs: ['a', 'b'] } },
  { id: 7, request: 'showEvent', params: { run: 'a', seq: 3 } },
  { id: 8, request: 'picture', params: picture },
  { id: 9, request: 'saveSvg', params: picture },
  { id: 10, request: 'saveCsv', params: picture },
  { id: 11, request: 'savePng', params: { png: new ArrayBuffer(8) } },
  { id: 12, request: 'copy', params: { text: 'step\tloss' } },
] as unknown as RequestMessage[];

/** A valid request with one value, anywhere in it, replaced, added or taken away. */
const mutated = fc
  .tuple(fc.constantFrom(...valid), fc.nat(), fc.anything(), fc.constantFrom('set', 'add', 'drop'))
  .map(([request, where, value, how]) => {
    const copy = structuredClone(request) as unknown as Record<string, unknown>;
    const { params } = copy;
    const object =
      where % 2 === 0 && typeof params === 'object' && params !== null
        ? (params as Record<string, unknown>)
        : copy;
    const keys = Object.keys(object);
    const key = keys[where % Math.max(1, keys.length)] ?? 'id';
    if (how === 'set') object[key] = value;
    else if (how === 'drop') delete object[key];
    else object[`extra${where}`] = value;
    return copy;
  });

describe('the table of requests', () => {
  it.each(valid)('knows $request', request => {
    expect(parseRequest(request)).toEqual(request);
  });

  it('drops whatever is not in it, and never throws', () => {
    const names = new Set(valid.map(({ request }) => request));
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withTypedArray: true }), message => {
        const parsed = parseRequest(message);
        expect(parsed === undefined || names.has(parsed.request)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it('lets a changed request through only as one of the table', () => {
    fc.assert(
      fc.property(mutated, message => {
        const parsed = parseRequest(message);
        if (parsed) expect(parseRequest(parsed)).toEqual(parsed);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each<[string, unknown]>([
    [
      'an action that is not in the table',
      { id: 1, request: 'act', params: { action: 'rm', run: 'a' } },
    ],
    [
      'a command id',
      { id: 1, request: 'executeCommand', params: { command: 'workbench.action.quit' } },
    ],
    ['one parameter too many', { id: 1, request: 'start', params: { action: 'demo', path: '/' } }],
    [
      'a range that ends before it begins',
      { id: 1, request: 'range', params: { ...range, from: 9 } },
    ],
    ['a logarithmic range from zero', { id: 1, request: 'range', params: { ...range, log: true } }],
    ['no id', { request: 'ready', params: { opened: null } }],
    [
      'more than a megabyte of text',
      { id: 1, request: 'copy', params: { text: 'x'.repeat(1 << 20) } },
    ],
    [
      'more than a megabyte of picture',
      { id: 1, request: 'savePng', params: { png: new ArrayBuffer(1 << 20) } },
    ],
    [
      'a million small things',
      { id: 1, request: 'copy', params: { text: '', more: new Array(1e6).fill(0) } },
    ],
  ])('refuses %s', (_, message) => {
    expect(parseRequest(message)).toBeUndefined();
  });
});
