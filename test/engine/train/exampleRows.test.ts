/** Examples in rows: what is kept, where it lies, in which order it comes, and that it stays apart. */
import { describe, expect, it } from 'vitest';
import { below, randomStream } from '../../../src/engine/tensor/random';
import { initializeParameters } from '../../../src/engine/model/initialize';
import { baseParameters, type ModelShape } from '../../../src/engine/model/programs';
import type { SlmShape } from '../../../src/engine/model/slmParameters';
import {
  exampleBatch,
  type Examples,
  mostScored,
  rowOrder,
  rowsOf,
} from '../../../src/engine/train/exampleRows';
import { openTrainer } from '../../../src/engine/train/trainer';
import { largestDifference, largestValue } from '../../tensors';

/** Examples of lengths at random, of which the last part is trained. */
function examplesOf(count: number, longest: number): Examples {
  const next = randomStream(5, 'data');
  const lengths = Array.from({ length: count }, () => 3 + below(next, longest - 2));
  const starts = Uint32Array.from([0, ...lengths.map((_, i) => sum(lengths.slice(0, i + 1)))]);
  const tokens = Uint16Array.from({ length: starts.at(-1)! }, () => below(next, 50));
  const trained = new Uint8Array(tokens.length);
  for (const [i, length] of lengths.entries())
    trained.fill(1, starts[i]! + (length >> 1), starts[i + 1]);
  return { tokens, trained, starts };
}

const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);

describe('rows', () => {
  const examples = examplesOf(200, 40);
  const length = (i: number) => examples.starts[i + 1]! - examples.starts[i]!;

  it('hold every example once, and never more than fits', () => {
    const { rows } = rowsOf(examples, 48, true);
    expect(rows.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    for (const row of rows) expect(sum(row.map(length))).toBeLessThanOrEqual(48);
  });

  it('are nearly full when packed', () => {
    const { rows, losses } = rowsOf(examples, 48, true);
    expect(losses.padding / (rows.length * 48)).toBeLessThan(0.05);
    expect(rowsOf(examples, 48, false).rows.length).toBe(200);
  });

  it('tell what is left out and cut', () => {
    const starts = Uint32Array.of(0, 4, 8, 14, 16);
    const trained = Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0);
    const { rows, losses } = rowsOf({ tokens: new Uint16Array(16), trained, starts }, 3, false);
    expect(rows).toEqual([[0]]);
    expect(losses).toMatchObject({ unmarked: [1, 3], cutBefore: [2], cut: [0, 1, 2] });
  });

  it('come each once an epoch, in another order each, and the same for the same seed', () => {
    const { order, stepsPerEpoch } = rowOrder(23, { seed: 1, batch: 4, micros: 2 });
    expect(stepsPerEpoch).toBe(3);
    const epoch = (e: number) =>
      Array.from({ length: 3 }, (_, s) => [0, 1].flatMap(micro => order(3 * e + s, micro))).flat();
    const all = Array.from({ length: 23 }, (_, i) => i);
    for (const e of [0, 1]) expect(epoch(e).toSorted((a, b) => a - b)).toEqual(all);
    expect(epoch(0)).not.toEqual(epoch(1));
    expect(rowOrder(23, { seed: 1, batch: 4, micros: 2 }).order(4, 1)).toEqual(order(4, 1));
    expect(rowOrder(23, { seed: 2, batch: 4, micros: 2 }).order(4, 1)).not.toEqual(order(4, 1));
  });
});

describe('examples that share a row', () => {
  const base: SlmShape = {
    ...{ vocab_size: 50, block_size: 24, n_layer: 2, n_head: 2, n_embed: 16 },
    ...{ dropout: 0, bias: true },
  };
  const model: ModelShape = { base };
  const examples = examplesOf(7, 12);

  /** Loss and weights after one step on all examples at once. */
  async function afterOneStep(isPacked: boolean) {
    const rows = rowsOf(examples, 24, isPacked);
    const batch = rows.rows.length;
    const trainer = await openTrainer({
      ...{ model, shape: { batch, time: 24 }, mostScored: mostScored(examples, rows, batch) },
      weights: initializeParameters(baseParameters(model), 3),
      optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1, weight_decay: 0 },
      ...{ clip_grad_norm: 0, seed: 0 },
    });
    const chosen = rows.rows.map((_, i) => i);
    const { loss, gradNorm } = await trainer.step(0, 1, [
      exampleBatch(examples, rows, chosen, batch),
    ]);
    await trainer.dispose();
    return { batch, loss, gradNorm, weights: trainer.trainable };
  }

  // Products of rows of other lengths add up in another order: some float32 roundings of the largest.
  it('learn what they would learn alone', async () => {
    const [alone, together] = [await afterOneStep(false), await afterOneStep(true)];
    expect(together.batch).toBeLessThan(alone.batch);
    expect(Math.abs(together.loss - alone.loss)).toBeLessThan(1e-6);
    expect(Math.abs(together.gradNorm / alone.gradNorm - 1)).toBeLessThan(1e-5);
    for (const [name, w] of alone.weights)
      expect(
        largestDifference(together.weights.get(name)!, w) / largestValue(w),
        name,
      ).toBeLessThan(1e-5);
  });

  it('count the same whether they come in one batch or in several', async () => {
    const rows = rowsOf(examples, 24, false);
    const losses: number[] = [];
    for (const size of [7, 3]) {
      const trainer = await openTrainer({
        ...{
          model,
          shape: { batch: size, time: 24 },
          mostScored: mostScored(examples, rows, size),
        },
        weights: initializeParameters(baseParameters(model), 3),
        optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1, weight_decay: 0 },
        ...{ clip_grad_norm: 0, seed: 0 },
      });
      const chosen = rows.rows.map((_, i) => i);
      const batches = Array.from({ length: Math.ceil(7 / size) }, (_, i) =>
        exampleBatch(examples, rows, chosen.slice(i * size, (i + 1) * size), size),
      );
      losses.push((await trainer.step(0, 0, batches)).loss);
      await trainer.dispose();
    }
    expect(Math.abs(losses[0]! - losses[1]!)).toBeLessThan(1e-6);
  });
});
