import { expect, it } from 'vitest';
import { prefixTotals } from '../../../src/engine/formats/prefixTotals';
import type { TensorEntry } from '../../../src/engine/formats/tensorFile';

const entry = (elements: number, sameAs?: string): TensorEntry => ({
  dtype: 'float32',
  shape: [elements],
  bytes: elements * 4,
  ...(sameAs !== undefined && { sameAs }),
});
const totals = (entries: Record<string, TensorEntry>) =>
  prefixTotals(new Map(Object.entries(entries)));
const prefixes = (of: ReturnType<typeof totals>): unknown[] =>
  of.parts.map(part => (part.parts.length > 0 ? [part.prefix, prefixes(part)] : part.prefix));

it('counts tensors, parameters and bytes of every prefix', () => {
  const all = totals({
    'h.0.w': entry(2),
    'h.0.b': entry(1),
    'h.1.w': entry(2),
    'wte.w': entry(10),
    'head.w': entry(10, 'wte.w'),
  });
  expect(all).toMatchObject({ prefix: '', tensors: 5, parameters: 15, bytes: 60 });
  expect(prefixes(all)).toEqual([['h', ['h.0', 'h.1']], 'wte', 'head']);
  expect(all.parts[0]).toMatchObject({ prefix: 'h', tensors: 3, parameters: 5, bytes: 20 });
  expect(all.parts[2]).toMatchObject({ tensors: 1, parameters: 0, bytes: 0 });
});

it.each<[string, string[], unknown[]]>([
  [
    'a prefix that all share is not told',
    ['model.h.0.w', 'model.h.1.w'],
    ['model.h.0', 'model.h.1'],
  ],
  ['names without dots have no prefix', ['a', 'b'], []],
  ['a tensor between groups is in none', ['a.b', 'a.c.d', 'e'], [['a', ['a.c']]]],
  ['empty parts are parts', ['.a', '..b'], ['.']],
])('%s', (_, names, wanted) => {
  const all = totals(Object.fromEntries(names.map(name => [name, entry(1)])));
  expect(prefixes(all)).toEqual(wanted);
  expect(all.tensors).toBe(names.length);
});

it('has an end for a name that has none', () => {
  const all = totals({ ['a.'.repeat(100_000)]: entry(1), b: entry(1) });
  expect(all.parameters).toBe(2);
});
