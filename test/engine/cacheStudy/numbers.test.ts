/** Mini-caches in few bits, errors, divergences and what pays: each against numbers worked out by hand. */
import { describe, expect, it } from 'vitest';
import { partErrors } from '../../../src/engine/cacheStudy/cacheErrors';
import { logitErrors, perplexityOf } from '../../../src/engine/cacheStudy/logitErrors';
import { miniBytes, packMini, unpackMini } from '../../../src/engine/cacheStudy/miniCache';
import { breakEven } from '../../../src/engine/cacheStudy/summarise';
import { randomNumbers } from '../../durability/randomNumbers';

describe('a mini-cache', () => {
  const random = randomNumbers(3);
  // components of very different size, as those of a pseudo-inverse
  const values = Float32Array.from({ length: 100 * 4 }, (_, i) => (random() - 0.5) * 10 ** (i % 4));

  it.each([
    ['fp32', 1600, 0],
    ['fp16', 800, 2 ** -11],
    ['int8', 400 + 4 * 4 * 2, 1 / 127 / 2 + 1e-3],
  ] as const)(
    'in %s takes %d bytes and errs by at most %d of a component',
    (store, bytes, most) => {
      const mini = packMini(values, 4, store);
      expect(miniBytes(mini)).toBe(bytes);
      const back = unpackMini(mini);
      for (const [i, value] of values.entries())
        expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(most * 10 ** (i % 4));
    },
  );

  it('of zeros comes back as zeros', () => {
    for (const store of ['fp32', 'fp16', 'int8'] as const)
      expect([...unpackMini(packMini(new Float32Array(8), 2, store))]).toEqual(Array(8).fill(0));
  });

  it('is refused in float16 when a number is beyond it', () => {
    const far = Float32Array.of(70_000, 1);
    expect(() => packMini(far, 1, 'fp16')).toThrow(/more than float16 can hold/);
    expect([...unpackMini(packMini(far, 2, 'int8'))][0]).toBeCloseTo(70_000, -2);
  });
});

describe('errors of a part', () => {
  // two heads, two tokens of size 2
  const full = Float32Array.of(3, 4, 0, 0, 1, 0, 0, 2);
  const shape = { heads: 2, tokens: 2, size: 2 };

  it('are told by head and token', () => {
    const rebuilt = Float32Array.of(3, 4, 0, 0, 1, 0, 0, 3);
    const errors = partErrors(rebuilt, full, shape);
    expect(errors.maxAbs).toBe(1);
    expect(errors.relL2).toBeCloseTo(1 / Math.sqrt(30), 12);
    expect(errors.byHead).toEqual([0, 1 / Math.sqrt(5)]);
    expect([...errors.byToken]).toEqual([0, 0.5]);
    expect(errors.isClose).toEqual({ '1e-4': false, '1e-7': false });
  });

  it('are close as numpy says: absolutely, or relative to the truth', () => {
    const near = full.map(x => x * (1 + 5e-6));
    expect(partErrors(near, full, shape).isClose).toEqual({ '1e-4': true, '1e-7': true });
    const beside = full.map(x => x + 5e-5);
    expect(partErrors(beside, full, shape).isClose).toEqual({ '1e-4': true, '1e-7': false });
  });

  it('have no correlation with what is constant', () => {
    expect(partErrors(new Float32Array(8), full, shape).pcc).toBeNull();
    expect(partErrors(full, full, shape).pcc).toBeCloseTo(1, 12);
    expect(
      partErrors(
        full.map(x => -x),
        full,
        shape,
      ).pcc,
    ).toBeCloseTo(-1, 12);
  });
});

describe('logits', () => {
  it('diverge by Σ p·log(p/q), in nats', () => {
    const full = Float32Array.of(Math.log(0.5), Math.log(0.25), Math.log(0.25));
    const other = Float32Array.of(Math.log(0.25), Math.log(0.5), Math.log(0.25));
    const { kl, top1 } = logitErrors(full, other, 3);
    expect(kl).toBeCloseTo(0.25 * Math.log(2), 7);
    expect(top1).toBe(0);
  });

  it('of one distribution have no divergence, whatever their size', () => {
    const full = Float32Array.of(900, 901, -900);
    expect(
      logitErrors(
        full,
        full.map(x => x + 50),
        3,
      ),
    ).toEqual({ kl: 0, klMax: 0, top1: 1 });
  });

  it('give the perplexity of the ids after the first', () => {
    const logits = Float32Array.of(0, Math.log(3), Math.log(3), 0);
    expect(perplexityOf(logits, [0, 1, 0], { vocab: 2, first: 1 })).toBeCloseTo(4 / 3, 6);
    expect(perplexityOf(logits, [0], { vocab: 2, first: 1 })).toBeNull();
  });
});

it.each([
  [100, 1.5, 100, 2],
  [100, 60, 100, 3],
  [100, 99, 100, 101],
  [0, 1, 100, 1],
  [100, 100, 100, null],
])('a shared %d with %d each beside %d each pays from %s adapters', (shared, own, full, n) => {
  expect(breakEven(shared, own, full)).toBe(n);
  if (n === null) return;
  expect(shared + n * own).toBeLessThan(n * full);
  expect(shared + (n - 1) * own).toBeGreaterThanOrEqual((n - 1) * full);
});
