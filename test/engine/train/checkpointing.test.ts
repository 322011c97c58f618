/** Blocks that are computed twice: the same gradients, dropout included, from far smaller graphs' needs. */
import { describe, expect, it } from 'vitest';
import { initializeParameters } from '../../../src/engine/model/initialize';
import type { LlamaShape } from '../../../src/engine/model/llama';
import {
  adapterParameters,
  baseParameters,
  type ModelShape,
  trainingProgram,
} from '../../../src/engine/model/programs';
import { randomOrder, windowBatch } from '../../../src/engine/train/batches';
import { openTrainer } from '../../../src/engine/train/trainer';
import { largestDifference, largestValue } from '../../tensors';
import { mostAlive } from '../graph/mostAlive';

const slm = {
  ...{ vocab_size: 64, block_size: 32, n_layer: 3, n_head: 2, n_embed: 16 },
  ...{ dropout: 0.1, bias: true },
};
const llama: LlamaShape = {
  ...{ family: 'llama', vocab_size: 64, block_size: 32, n_layer: 3, n_head: 4, n_kv_head: 2 },
  ...{ head_size: 8, n_embed: 32, n_inner: 48, norm_epsilon: 1e-5, rope_base: 10000 },
  ...{ rope_scaling: { kind: 'none' }, tied: false, qkv_bias: false, output_bias: false },
  ...{ mlp_bias: false, dropout: 0 },
};
const lora = { r: 4, alpha: 8, targets: ['proj'] };
const models: [string, ModelShape][] = [
  ['an SLM', { base: slm }],
  ['an SLM with an adapter', { base: slm, lora }],
  ['a Llama', { base: llama }],
  ['a Llama with an adapter', { base: llama, lora }],
];
const shape = { batch: 2, time: 32 };
const tokens = Uint16Array.from({ length: 500 }, (_, i) => (i * 37) % 64);

describe.each(models)('%s', (_, model) => {
  async function steps(recomputes: boolean) {
    const trainer = await openTrainer({
      ...{ model, shape, recomputes, seed: 1, clip_grad_norm: 1 },
      weights: initializeParameters([...baseParameters(model), ...adapterParameters(model)], 1),
      optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-4, weight_decay: 0 },
    });
    const order = randomOrder(tokens.length, { seed: 1, ...shape });
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) {
      const batch = windowBatch(tokens, order(step, 0), shape.batch, shape.time);
      losses.push((await trainer.step(step, 1e-2, [batch])).loss);
    }
    await trainer.dispose();
    return { losses, weights: trainer.trainable };
  }

  // The runtime may fuse what it sees twice in another way, which changes roundings.
  it('learns the same when blocks are computed again', async () => {
    const [once, twice] = [await steps(false), await steps(true)];
    for (const [i, loss] of once.losses.entries())
      expect(Math.abs(twice.losses[i]! - loss)).toBeLessThan(1e-5);
    for (const [name, w] of once.weights)
      expect(largestDifference(twice.weights.get(name)!, w) / largestValue(w), name).toBeLessThan(
        1e-4,
      );
  });

  it('keeps less at once', () => {
    const most = (recomputes: boolean) =>
      mostAlive(trainingProgram(model, shape, { recomputes }).graph);
    expect(most(true)).toBeLessThan(0.65 * most(false));
  });
});
