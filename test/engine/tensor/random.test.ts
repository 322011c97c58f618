/** Random numbers: functions of their key, and of the distribution they claim. */
import { describe, expect, it } from 'vitest';
import {
  fillDropoutMask,
  fillNormal,
  fillUniform,
  randomStream,
  uniform,
} from '../../../src/engine/tensor/random';

const N = 200_000;
const moments = (xs: Float32Array) => {
  const mean = xs.reduce((s, x) => s + x, 0) / xs.length;
  return { mean, std: Math.sqrt(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / xs.length) };
};

describe('randomStream', () => {
  it('depends on every part of its key', () => {
    const first = (...key: number[]) => randomStream(1, 'dropout', ...key)();
    const values = [
      first(0, 0),
      first(0, 1),
      first(1, 0),
      first(),
      randomStream(2, 'dropout', 0, 0)(),
      randomStream(1, 'batches', 0, 0)(),
    ];
    expect(new Set(values).size).toBe(values.length);
    expect(first(0, 1)).toBe(first(0, 1));
  });

  it('is uniform: mean and spread within four standard errors', () => {
    const next = randomStream(3, 'data');
    const { mean, std } = moments(Float32Array.from({ length: N }, () => uniform(next)));
    expect(Math.abs(mean - 0.5)).toBeLessThan((4 * std) / Math.sqrt(N));
    expect(std).toBeCloseTo(1 / Math.sqrt(12), 2);
  });
});

describe('fills', () => {
  it('normal has mean 0 and the std asked for, also at an odd length', () => {
    const xs = new Float32Array(N + 1);
    fillNormal(xs, 0.02, randomStream(4, 'weights'));
    const { mean, std } = moments(xs);
    expect(Math.abs(mean)).toBeLessThan((4 * 0.02) / Math.sqrt(N));
    expect(std).toBeCloseTo(0.02, 3);
    expect(xs.every(Number.isFinite)).toBe(true);
  });

  it('uniform stays inside its bound', () => {
    const xs = new Float32Array(N);
    fillUniform(xs, 0.3, randomStream(5, 'weights'));
    expect(xs.every(x => Math.abs(x) <= Math.fround(0.3))).toBe(true);
    expect(moments(xs).std).toBeCloseTo(0.3 / Math.sqrt(3), 2);
  });

  it('dropout keeps the mean of what it masks', () => {
    const mask = new Float32Array(N);
    fillDropoutMask(mask, 0.1, randomStream(6, 'dropout'));
    expect(mask.filter(x => x === 0).length / N).toBeCloseTo(0.1, 2);
    expect(moments(mask).mean).toBeCloseTo(1, 2);
    expect(new Set(mask).size).toBe(2);
  });
});
