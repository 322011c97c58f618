/** Which windows are trained on and measured. */
import { describe, expect, it } from 'vitest';
import {
  evaluationStarts,
  randomOrder,
  replayedOrder,
  windowBatch,
} from '../../../src/engine/train/batches';

const tokens = Uint16Array.from({ length: 50 }, (_, i) => i);

describe('randomOrder', () => {
  const order = randomOrder(50, { seed: 1, batch: 4, time: 8 });

  it('is a function of step and micro-batch, whatever was asked before', () => {
    const first = order(3, 1);
    order(9, 0);
    expect(order(3, 1)).toEqual(first);
    expect(order(3, 0)).not.toEqual(first);
    expect(order(4, 1)).not.toEqual(first);
  });

  it('reaches every window that fits, the last included, and none that does not', () => {
    const seen = new Set(Array.from({ length: 500 }, (_, step) => order(step, 0)).flat());
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([0, 41]);
    expect(seen.size).toBe(42);
  });
});

describe('windowBatch', () => {
  it('shifts targets by one and leaves missing rows without weight', () => {
    const batch = windowBatch(tokens, [3, 41], 3, 8);
    expect([...batch.ids.data.slice(0, 3)]).toEqual([3n, 4n, 5n]);
    expect(batch.targets.data[15]).toBe(49n);
    expect(batch.counts.reduce((a, b) => a + b)).toBe(16);
  });

  it('refuses a window beyond the end', () => {
    expect(() => windowBatch(tokens, [42], 1, 8)).toThrow(/window of 8 tokens at 42/);
  });
});

describe('evaluationStarts', () => {
  it.each([
    [
      50,
      2,
      8,
      100,
      [
        [0, 8],
        [16, 24],
        [32, 40],
      ],
    ],
    [50, 2, 8, 1, [[0, 24]]],
    [9, 4, 8, 5, [[0]]],
  ])('of %i tokens, batch %i × %i, at most %i', (length, batch, time, limit, expected) => {
    expect(evaluationStarts(length, batch, time, limit)).toEqual(expected);
  });
});

describe('replayedOrder', () => {
  it('names the step that the file does not have', () => {
    const order = replayedOrder([[[7]]], 'order.json');
    expect(order(0, 0)).toEqual([7]);
    expect(() => order(1, 0)).toThrow(/order.json has no batch for step 1/);
  });
});
