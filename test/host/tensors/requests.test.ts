import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../src/host/tensors/requests';
import type { RequestMessage } from '../../../src/protocol/tensors';

const region = { top: 0, bottom: 10, left: 2, right: 5 };

/** One of each kind. */
const valid = [
  { id: 0, request: 'ready', params: null },
  { id: 1, request: 'reload', params: null },
  { id: 2, request: 'statistics', params: { tensor: 'w' } },
  { id: 3, request: 'histogram', params: { tensor: '' } },
  { id: 4, request: 'cells', params: { tensor: 'w', region, rows: 10, columns: 3 } },
  { id: 5, request: 'values', params: { tensor: '__proto__', region } },
  { id: 6, request: 'copy', params: { text: 'w' } },
  { id: 7, request: 'openAsText', params: null },
] as unknown as RequestMessage[];

it.each(valid)('takes $request', message => {
  expect(parseRequest(message)).toEqual(message);
});

describe('drops', () => {
  const cells = (params: object) => ({
    id: 1,
    request: 'cells',
    params: { tensor: 'w', region, rows: 1, columns: 1, ...params },
  });
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'ready'],
    ['an unknown request', { id: 1, request: 'run', params: null }],
    ['a request of every object', { id: 1, request: 'toString', params: null }],
    ['a request without id', { request: 'ready', params: null }],
    ['an id that is none', { id: -1, request: 'ready', params: null }],
    ['more than it knows', { id: 1, request: 'ready', params: null, extra: 1 }],
    ['other parameters', { id: 1, request: 'statistics', params: { tensor: 1 } }],
    ['more cells than rows', cells({ rows: 11 })],
    ['more cells than columns', cells({ columns: 4 })],
    ['more cells than a screen has', cells({ rows: 2000, region: { ...region, bottom: 1e6 } })],
    ['an empty region', cells({ region: { ...region, right: 2 } })],
    ['a region that ends before it begins', cells({ region: { ...region, bottom: -1 } })],
    ['half a row', cells({ region: { ...region, top: 0.5 } })],
    ['a row that is no number', cells({ region: { ...region, top: NaN } })],
    [
      'too many values',
      {
        id: 1,
        request: 'values',
        params: { tensor: 'w', region: { top: 0, bottom: 1e6, left: 0, right: 1e6 } },
      },
    ],
    ['too much text', { id: 1, request: 'copy', params: { text: 'x'.repeat(2 ** 21) } }],
  ])('%s', (_, message) => {
    expect(parseRequest(message)).toBeUndefined();
  });

  it('anything that is not in the table, and never throws', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withTypedArray: true, withDate: true }),
        message => {
          expect(parseRequest(message)).toBeUndefined();
        },
      ),
      { numRuns: 5000, seed: 1 },
    );
  });

  it('requests of which a part was replaced, unless they are still in it', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.anything(), fc.boolean())
      .map(([request, where, value, isInside]) => {
        const copy = structuredClone(request) as unknown as Record<string, unknown>;
        const { params } = copy;
        const object =
          isInside && typeof params === 'object' && params !== null
            ? (params as Record<string, unknown>)
            : copy;
        const keys = Object.keys(object);
        object[keys[where % keys.length]!] = value;
        return copy;
      });
    fc.assert(
      fc.property(mutated, message => {
        const parsed = parseRequest(message);
        if (parsed) expect(parsed).toEqual(message);
      }),
      { numRuns: 5000, seed: 2 },
    );
  });
});
