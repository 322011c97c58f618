/** NF4 with double quantisation: bitsandbytes' values by their formulas, and training over them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../../src/engine/graph/graph';
import { initializeParameters } from '../../../src/engine/model/initialize';
import type { LlamaShape } from '../../../src/engine/model/llama';
import { dequantiseNf4, nf4Names, quantiseNf4 } from '../../../src/engine/model/nf4';
import { nf4LayersOf, outIn } from '../../../src/engine/model/nf4Program';
import {
  adapterParameters,
  baseParameters,
  type ModelShape,
  trainingProgram,
} from '../../../src/engine/model/programs';
import { NF4_LEVELS } from '../../../src/engine/tensor/nf4Levels';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { randomOrder, windowBatch } from '../../../src/engine/train/batches';
import { openTrainer } from '../../../src/engine/train/trainer';
import { largestDifference, largestValue } from '../../tensors';
import { mostAlive } from '../graph/mostAlive';

interface Case {
  shape: [number, number];
  packed: number[];
  largest: number[];
  nested: number[];
  values: number[];
}
const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/nf4/fixture.json', import.meta.url), 'utf8'),
) as { levels: number[]; cases: Case[] };

const numbers = ([out, inp]: [number, number]) =>
  Float32Array.from({ length: out * inp }, (_, i) => ((i * 7919) % 10007) / 10007 - 0.5);

describe('NF4', () => {
  it('has the levels of its formula', () => {
    for (const [i, level] of fixture.levels.entries()) expect(NF4_LEVELS[i]).toBeCloseTo(level, 6);
  });

  it.each(fixture.cases.map((reference, i) => ({ reference, i })))(
    'has the bytes, nested levels and values of the reference ($reference.shape)',
    ({ reference, i }) => {
      const w = numbers(reference.shape);
      if (i === 1) w.fill(0, 2 * 64, 3 * 64);
      const q = quantiseNf4(w, reference.shape);
      const every = Math.ceil(w.length / 2 / reference.packed.length);
      const picked = (xs: Iterable<number>) => [...xs].filter((_, k) => k % every === 0);
      expect(picked(q.packed)).toEqual(reference.packed);
      expect([...q.largest.subarray(0, reference.largest.length)]).toEqual(reference.largest);
      for (const [k, x] of q.nested.entries()) expect(x).toBeCloseTo(reference.nested[k]!, 6);
      for (const [k, x] of picked(dequantiseNf4(q, reference.shape)).entries())
        expect(x).toBeCloseTo(reference.values[k]!, 5);
    },
  );

  it('is the same for a matrix stored the other way', () => {
    const w = numbers([32, 64]);
    const turned = Float32Array.from(w, (_, i) => w[(i % 32) * 64 + Math.floor(i / 32)]!);
    const q = quantiseNf4(turned, [32, 64], 'in-out');
    expect(q).toEqual(quantiseNf4(w, [32, 64]));
    expect(dequantiseNf4(q, [32, 64], 'in-out')[33]).toBe(dequantiseNf4(q, [32, 64])[64 + 1]);
  });

  it('says how much it loses', () => {
    const { error } = quantiseNf4(numbers([160, 128]), [160, 128]);
    expect(error).toBeGreaterThan(0.05);
    expect(error).toBeLessThan(0.15);
  });
});

const qwen: LlamaShape = {
  ...{ family: 'qwen2', vocab_size: 64, block_size: 32, n_layer: 3, n_head: 4, n_kv_head: 2 },
  ...{ head_size: 16, n_embed: 64, n_inner: 96, norm_epsilon: 1e-5, rope_base: 10000 },
  ...{ rope_scaling: { kind: 'none' }, tied: true, qkv_bias: true, output_bias: false },
  ...{ mlp_bias: false, dropout: 0 },
};
const lora = { r: 4, alpha: 8, targets: ['proj'], rslora: true };
const shape = { batch: 2, time: 32 };
const tokens = Uint16Array.from({ length: 500 }, (_, i) => (i * 37) % 64);

/** Layers in NF4, and the same numbers as float32. */
function bases(model: ModelShape) {
  const specs = [...baseParameters(model), ...adapterParameters(model)];
  const wide = initializeParameters(specs, 1);
  const packed = new Map<string, Tensor>(initializeParameters(specs, 1));
  for (const spec of nf4LayersOf(model)) {
    const q = quantiseNf4(wide.get(spec.name)!.data as Float32Array, outIn(spec), spec.linear);
    const names = nf4Names(spec.name);
    packed.delete(spec.name);
    packed.set(names.packed, tensor('uint8', [q.packed.length], q.packed));
    packed.set(names.largest, tensor('uint8', [q.largest.length], q.largest));
    packed.set(names.nested, tensor('float32', [q.nested.length], q.nested));
    const same = dequantiseNf4(q, outIn(spec), spec.linear);
    wide.set(spec.name, tensor('float32', spec.shape, same));
  }
  return { wide, packed };
}

async function train(model: ModelShape, weights: Map<string, Tensor>, recomputes: boolean) {
  const trainer = await openTrainer({
    ...{ model, shape, weights, recomputes, seed: 1, clip_grad_norm: 1 },
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-4, weight_decay: 0 },
  });
  const order = randomOrder(tokens.length, { seed: 1, ...shape });
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const batch = windowBatch(tokens, order(step, 0), shape.batch, shape.time);
    losses.push((await trainer.step(step, 1e-2, [batch])).loss);
  }
  await trainer.dispose();
  return { losses, trained: trainer.trainable };
}

const gpt = {
  ...{ vocab_size: 64, block_size: 32, n_layer: 2, n_head: 2, n_embed: 64 },
  ...{ dropout: 0, bias: true },
};

describe.each<[string, ModelShape]>([
  ['Qwen2', { base: qwen, lora }],
  ['an SLM', { base: gpt, lora: { ...lora, targets: ['qkv', 'fc'] } }],
])('an adapter over %s in NF4', (_, model) => {
  const quantised: ModelShape = { ...model, quantization: 'nf4' };

  it.each([false, true])(
    'learns what it learns over the same numbers in float32 (blocks computed again: %s)',
    async recomputes => {
      const { wide, packed } = bases(model);
      const reference = await train(model, wide, recomputes);
      const ours = await train(quantised, packed, recomputes);
      for (const [i, loss] of reference.losses.entries())
        expect(Math.abs(ours.losses[i]! - loss)).toBeLessThan(1e-5);
      for (const [name, w] of reference.trained)
        expect(largestDifference(ours.trained.get(name)!, w) / largestValue(w), name).toBeLessThan(
          1e-4,
        );
    },
  );

  it('never has more than two dequantised layers at once', () => {
    const { graph } = trainingProgram(quantised, shape);
    const layers = nf4LayersOf(model).map(spec => sizeOf(spec.shape));
    const isWide = ({ name, shape }: Value) =>
      shape.at(-1) !== 1 && /grad\..*MatMulBnb4\S*\.(Mul|Gather|Reshape)/.test(name);
    const alive = mostAlive(graph, v => (isWide(v) ? sizeOf(v.shape) : 0));
    expect(alive).toBeGreaterThan(0);
    expect(alive).toBeLessThanOrEqual(2 * Math.max(...layers));
  });
});
