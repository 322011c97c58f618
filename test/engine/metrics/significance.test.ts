/** Standard errors and tests against the same formulas in Python. */
import { describe, expect, it } from 'vitest';
import { lossBlocks, studentQuantile } from '../../../src/engine/metrics/batchMeans';
import { mcnemar, pairedBootstrap } from '../../../src/engine/metrics/significance';
import {
  bootstrapEstimate,
  meanEstimate,
  perplexityEstimate,
  shareEstimate,
  type Statistic,
} from '../../../src/engine/metrics/uncertainty';
import { randomStream, uniform } from '../../../src/engine/tensor/random';

const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);
const shares = (right: number, wrong: number): boolean[] => [
  ...times(right, true),
  ...times(wrong, false),
];

describe('a mean', () => {
  it('has the standard error of lm-evaluation-harness: sd over √n with n − 1', () => {
    const { value, standardError } = meanEstimate([1, 2, 3, 4]);
    expect(value).toBe(2.5);
    expect(standardError).toBeCloseTo(Math.sqrt(5 / 3) / 2, 14);
  });

  it('of one sample has no error to tell', () => {
    expect(meanEstimate([3])).toEqual({ value: 3, standardError: null, interval: null });
  });
});

describe('a share', () => {
  it.each([
    [63, 137, 0.254623, 0.38235],
    [0, 20, 0, 0.161125],
    [20, 0, 0.838875, 1],
  ])('of %i right and %i wrong has the interval of Wilson', (right, wrong, low, high) => {
    const { interval } = shareEstimate(shares(right, wrong));
    expect(interval![0]).toBeCloseTo(low, 5);
    expect(interval![1]).toBeCloseTo(high, 5);
  });
});

describe('perplexity', () => {
  it('weighs tokens, not samples', () => {
    const { value } = perplexityEstimate([
      { nats: 1, tokens: 1 },
      { nats: 0, tokens: 9 },
    ]);
    expect(value).toBeCloseTo(Math.exp(0.1), 14);
  });

  it('has an error that the bootstrap confirms', () => {
    const next = randomStream(3, 'data');
    const losses = Array.from({ length: 300 }, () => {
      const tokens = 5 + Math.floor(uniform(next) * 40);
      return { tokens, nats: tokens * (1 + uniform(next)) };
    });
    const { standardError } = perplexityEstimate(losses);
    const drawn = bootstrapEstimate(
      losses.length,
      at => perplexityEstimate(Array.from(at, i => losses[i]!)).value,
    );
    expect(standardError! / drawn.standardError!).toBeGreaterThan(0.9);
    expect(standardError! / drawn.standardError!).toBeLessThan(1.1);
  });
});

describe('the perplexity of one text', () => {
  const estimateOf = (losses: readonly number[]) =>
    perplexityEstimate([
      {
        nats: losses.reduce((sum, x) => sum + x, 0),
        tokens: losses.length,
        blocks: lossBlocks(losses),
      },
    ]);

  it('has the error and the interval of batch means in NumPy', () => {
    // x = 1.5 + sin(i / 20) + 0.3 sin(1.7 i) in 30 parts; Student's 2.0452 of 29 degrees of freedom
    const losses = Array.from(
      { length: 4321 },
      (_, i) => 1.5 + Math.sin(0.05 * i) + 0.3 * Math.sin(1.7 * i),
    );
    const { value, standardError, interval } = estimateOf(losses);
    expect(value).toBeCloseTo(4.517757910764912, 10);
    expect(standardError).toBeCloseTo(0.07346062346191252, 10);
    expect(interval![0]).toBeCloseTo(4.369984876459742, 4);
    expect(interval![1]).toBeCloseTo(4.6705279577108785, 4);
  });

  it('holds every token in one block', () => {
    for (const length of [500, 533, 1499, 1500, 10_007]) {
      const blocks = lossBlocks(Array.from({ length }, (_, i) => i))!;
      expect(blocks.length).toBe(Math.min(30, Math.floor(length / 50)));
      expect(blocks.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(length);
      expect(blocks.reduce((sum, { nats }) => sum + nats, 0)).toBe((length * (length - 1)) / 2);
      for (const { tokens } of blocks) expect(tokens).toBeGreaterThanOrEqual(50);
    }
  });

  it('of fewer than 500 tokens has no interval to tell', () => {
    const { standardError, interval } = estimateOf(Array.from({ length: 499 }, () => 1));
    expect([standardError, interval]).toEqual([null, null]);
  });

  it.each([
    [0, 0.9],
    [0.6, 0.9],
    [0.9, 0.88],
  ])('holds the truth 19 times of 20 with losses that follow each other by %f', (memory, least) => {
    const next = randomStream(11, 'data', memory * 10);
    const noise = () => uniform(next) + uniform(next) + uniform(next) - 1.5;
    const isHeld = Array.from({ length: 400 }, () => {
      let state = noise();
      const losses = Array.from({ length: 3000 }, () => 2 + (state = memory * state + noise()));
      const [low, high] = estimateOf(losses).interval!;
      return low <= Math.exp(2) && Math.exp(2) <= high;
    });
    const held = isHeld.filter(Boolean).length / isHeld.length;
    expect(held).toBeGreaterThan(least);
    expect(held).toBeLessThan(0.99);
  });

  it.each([
    [9, 2.262157],
    [14, 2.144787],
    [29, 2.04523],
  ])("takes the point of Student's law with %i degrees of freedom from the tables", (n, t) => {
    expect(Math.abs(studentQuantile(n) - t)).toBeLessThan(1e-4);
  });
});

describe("McNemar's test", () => {
  // min(1, 2·Σ C(b + c, k) / 2^(b + c)) in Python's whole numbers
  it.each([
    [0, 0, 1],
    [5, 5, 1],
    [0, 5, 0.0625],
    [0, 6, 0.03125],
    [41, 9, 5.614100093e-6],
    [600, 500, 0.0028195449914],
  ])('of %i gained and %i lost is exact', (gained, lost, p) => {
    expect(mcnemar(gained, lost) / p).toBeCloseTo(1, 8);
  });

  it('does not care which side is which', () => {
    expect(mcnemar(3, 11)).toBe(mcnemar(11, 3));
  });
});

describe('the paired bootstrap', () => {
  const next = randomStream(7, 'data');
  const noise = Array.from({ length: 200 }, () => uniform(next) - 0.5);
  const shifted =
    (shift: number): Statistic =>
    at =>
      at.reduce((sum, i) => sum + noise[i]! + shift, 0) / at.length;
  const differenceOf = (shift: number) => pairedBootstrap(noise.length, [shifted(shift)])[0]!;

  it('finds a difference that is there', () => {
    const { p, interval } = differenceOf(0.2);
    expect(p).toBeLessThan(0.01);
    expect(interval[0]).toBeGreaterThan(0);
  });

  it('takes noise for noise', () => {
    const { p, interval } = differenceOf(0);
    expect(p).toBeGreaterThan(0.05);
    expect(interval[0] * interval[1]).toBeLessThan(0);
  });

  it('says of several numbers together what it says of each alone', () => {
    const shifts = [0, 0.05, 0.2];
    expect(pairedBootstrap(noise.length, shifts.map(shifted))).toEqual(shifts.map(differenceOf));
  });

  it('says the same each time', () => {
    expect(differenceOf(0.05)).toEqual(differenceOf(0.05));
  });

  it('of two equal sides is no difference at all', () => {
    expect(pairedBootstrap(10, [() => 0])).toEqual([{ difference: 0, interval: [0, 0], p: 1 }]);
  });

  it('of one sample proves nothing', () => {
    expect(pairedBootstrap(1, [() => 2])[0]!.p).toBe(1);
  });
});
