import { describe, expect, it } from 'vitest';
import { binsFor, countInBins } from '../../../src/engine/inspect/histogram';
import { matrixOf } from '../../../src/protocol/matrix';
import {
  deviationOf,
  finiteCount,
  joinMoments,
  momentsOf,
  NO_MOMENTS,
  numbersOf,
} from '../../../src/engine/inspect/moments';
import { tensor } from '../../../src/engine/tensor/tensor';
import { randomNumbers } from '../../durability/randomNumbers';

const random = randomNumbers(3);
/** Numbers around a mean far from 0, where sums of squares lose their digits. */
const values = Float64Array.from({ length: 10_000 }, () => 1e6 + random() + random() - 1);

describe('moments', () => {
  it('are those of the definition', () => {
    const { mean, min, max, count, ...moments } = momentsOf(values);
    const sum = values.reduce((a, b) => a + b, 0);
    const squares = values.reduce((a, b) => a + (b - sum / 10_000) ** 2, 0);
    expect(count).toBe(10_000);
    expect(mean).toBeCloseTo(sum / 10_000, 8);
    expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(deviationOf({ mean, min, max, count, ...moments })).toBeCloseTo(
      Math.sqrt(squares / 10_000),
      8,
    );
  });

  it.each([1, 7, 999, 5000, 9999])('of a part and the rest join to those of all: %i', at => {
    const parts = [values.subarray(0, at), values.subarray(at)].map(momentsOf);
    const [joined, whole] = [parts.reduce(joinMoments, NO_MOMENTS), momentsOf(values)];
    expect(joined).toMatchObject({ count: whole.count, min: whole.min, max: whole.max });
    expect(joined.mean).toBeCloseTo(whole.mean, 8);
    expect(joined.squares / whole.squares).toBeCloseTo(1, 10);
  });

  it('leave out what is no number, and count it', () => {
    const moments = momentsOf(Float32Array.of(NaN, 1, Infinity, 0, -Infinity, 3, -0));
    expect(moments).toMatchObject({
      count: 7,
      nan: 1,
      infinite: 2,
      zeros: 2,
      min: 0,
      max: 3,
      mean: 1,
    });
    expect(finiteCount(moments)).toBe(4);
    expect(deviationOf(moments)).toBeCloseTo(Math.sqrt((0 + 1 + 4 + 1) / 4));
  });

  it.each([
    ['nothing', []],
    ['no numbers', [NaN, Infinity]],
  ])('of %s have no extremes', (_, list) => {
    const moments = momentsOf(Float64Array.from(list));
    expect(moments).toMatchObject({ count: list.length, min: NaN, max: NaN, mean: NaN });
    expect(joinMoments(moments, momentsOf(Float64Array.of(2)))).toMatchObject({ min: 2, mean: 2 });
  });
});

it('gives numbers of every type', () => {
  const cases = [
    [tensor('float32', [2], Float32Array.of(1.5, NaN)), [1.5, NaN]],
    [tensor('float16', [2], Uint16Array.of(0x3c00, 0xfc00)), [1, -Infinity]],
    [tensor('bfloat16', [1], Uint16Array.of(0xbf80)), [-1]],
    [tensor('int64', [2], BigInt64Array.of(-(2n ** 53n), 2n ** 53n + 1n)), [-(2 ** 53), 2 ** 53]],
    [tensor('uint8', [1], Uint8Array.of(255)), [255]],
    [tensor('bool', [2], Uint8Array.of(0, 1)), [0, 1]],
  ] as const;
  for (const [given, wanted] of cases) expect([...numbersOf(given)]).toEqual(wanted);
});

describe('a histogram', () => {
  it('counts every finite number once', () => {
    const list = Float64Array.of(...values, NaN, Infinity, 2e6);
    const bins = binsFor(momentsOf(list), false)!;
    const { counts, below, above } = countInBins(list, bins);
    expect(counts.reduce((a, b) => a + b, 0) + below + above).toBe(10_001);
    expect(above).toBe(1);
  });

  it('has its numbers in the right bins, the largest in the last', () => {
    const { counts } = countInBins(Float64Array.of(0, 0.24, 0.25, 0.5, 1), {
      from: 0,
      to: 1,
      count: 4,
    });
    expect([...counts]).toEqual([2, 1, 1, 1]);
  });

  it('has a bin for each of few whole numbers', () => {
    const list = Float64Array.of(3, 3, 5, 9);
    const bins = binsFor(momentsOf(list), true)!;
    expect(bins).toEqual({ from: 2.5, to: 9.5, count: 7 });
    expect([...countInBins(list, bins).counts]).toEqual([2, 0, 1, 0, 0, 0, 1]);
  });

  it('is one bin for one value and none for no number', () => {
    expect(binsFor(momentsOf(Float64Array.of(2, 2)), false)).toEqual({
      from: 1.5,
      to: 2.5,
      count: 1,
    });
    expect(binsFor(momentsOf(Float64Array.of(NaN)), false)).toBeUndefined();
  });

  it('is not stretched by an outlier', () => {
    const list = Float64Array.of(...Array.from({ length: 10_000 }, () => random()), 1e9);
    const bins = binsFor(momentsOf(list), false)!;
    expect(bins.to).toBeLessThan(1e9);
    expect(countInBins(list, bins).above).toBe(1);
  });
});

it.each<[number[], [rows: number, columns: number, isWrapped: boolean]]>([
  [[], [1, 1, false]],
  [[7], [1, 7, false]],
  [[256], [1, 256, false]],
  [[257], [9, 32, true]],
  [[4096], [64, 64, true]],
  [
    [3, 5],
    [3, 5, false],
  ],
  [
    [2, 3, 5],
    [6, 5, false],
  ],
  [
    [0, 5],
    [0, 5, false],
  ],
  [
    [5, 0],
    [0, 0, false],
  ],
  [[0], [0, 0, false]],
])('looks at [%s] as rows and columns', (shape, [rows, columns, isWrapped]) => {
  expect(matrixOf(shape)).toMatchObject({ rows, columns, isWrapped });
});
