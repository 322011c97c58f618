import { describe, expect, it } from 'vitest';
import type { LlamaShape } from '../../../src/engine/model/llama';
import {
  baseParameters,
  type BatchShape,
  trainingProgram,
} from '../../../src/engine/model/programs';
import { memoryOf, type TrainingSizes } from '../../../src/engine/plan/memoryModel';
import { sizeOf } from '../../../src/engine/tensor/tensor';

const base = { vocab_size: 50257, block_size: 256, n_layer: 4, n_head: 6, n_embed: 384 };
const lora = { r: 8, alpha: 16, targets: ['qkv', 'proj'] };
const small = { vocab_size: 512, block_size: 128, n_layer: 2, n_head: 4, n_embed: 128 };
const wide = { vocab_size: 8192, block_size: 256, n_layer: 8, n_head: 8, n_embed: 512 };

const qwen: LlamaShape = {
  ...{ family: 'qwen2', vocab_size: 151936, block_size: 32768, n_layer: 24, n_head: 14 },
  ...{ n_kv_head: 2, head_size: 64, n_embed: 896, n_inner: 4864, norm_epsilon: 1e-6 },
  ...{ rope_base: 1e6, rope_scaling: { kind: 'none' }, tied: true, qkv_bias: true },
  ...{ output_bias: false, mlp_bias: false, dropout: 0 },
};

const threeBillion: LlamaShape = {
  ...qwen,
  ...{ n_layer: 36, n_head: 16, head_size: 128, n_embed: 2048, n_inner: 11008 },
};

type Case = {
  sizes: typeof base;
  batch: number;
  dropout?: number;
  lora?: typeof lora;
  micro?: number;
};

const memory = ({ sizes, batch, dropout = 0, lora, micro = 1 }: Case) =>
  memoryOf({
    model: { base: { ...sizes, dropout, bias: false }, ...(lora && { lora }) },
    batch: { batch, time: sizes.block_size },
    accumulates: micro > 1,
  });

describe('memoryOf', () => {
  // VmHWM in MB after 3 steps and an evaluation, onnxruntime-node 1.30, 2 threads, Node 20.
  it.each<[measured: number, run: Case]>([
    [957, { sizes: base, batch: 4 }],
    [1040, { sizes: base, batch: 4, micro: 2 }],
    [501, { sizes: base, batch: 4, lora }],
    [574, { sizes: base, batch: 4, lora, dropout: 0.1 }],
    [393, { sizes: base, batch: 1, lora }],
    [739, { sizes: { ...base, block_size: 512 }, batch: 4, lora }],
    [858, { sizes: { ...base, n_layer: 12 }, batch: 4, lora }],
    [231, { sizes: small, batch: 16 }],
    [917, { sizes: wide, batch: 2 }],
  ])('is within 12 %% of the measured %d MB', (measured, run) => {
    const ratio = memory(run).peak / (measured * 1e6);
    expect(ratio).toBeGreaterThan(0.88);
    expect(ratio).toBeLessThan(1.12);
  });

  // The same of bench/qlora.ts: one row of 512 tokens, all linear layers adapted with rank 16.
  const checkpointing = { recomputes: true };
  it.each<[measured: number, base: LlamaShape, how: Partial<TrainingSizes>, quantization?: 'nf4']>([
    [2772, qwen, {}, 'nf4'],
    [1348, qwen, checkpointing, 'nf4'],
    [3965, qwen, {}],
    [4241, threeBillion, checkpointing, 'nf4'],
  ])(
    'is within 12 %% of the measured %d MB of a large model',
    (measured, of, how, quantization) => {
      const lora = { r: 16, alpha: 32, targets: ['_proj'] };
      const model = { base: of, lora, ...(quantization && { quantization }) };
      const sizes = { model, batch: { batch: 1, time: 512 }, accumulates: false };
      const ratio = memoryOf({ ...sizes, ...how }).peak / (measured * 1e6);
      expect(ratio).toBeGreaterThan(0.88);
      expect(ratio).toBeLessThan(1.12);
    },
  );

  it('is the sum of its parts', () => {
    const { peak, ...parts } = memory({ sizes: base, batch: 4, lora });
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(peak);
  });

  it('counts gradients and moments of what trains alone', () => {
    const { weights, gradients, optimizer } = memory({ sizes: base, batch: 4, lora });
    expect(weights).toBe(4 * (26_380_032 + 135_168));
    expect(optimizer).toBe(2 * 4 * 135_168);
    expect(gradients).toBeLessThan(2 * 4 * 135_168);
  });

  it.each<[string, Partial<LlamaShape>, BatchShape]>([
    ['a head wider than any memory', { head_size: 1e15, n_embed: 14e15 }, { batch: 1, time: 512 }],
    ['more positions than any memory', { vocab_size: 1 }, { batch: 1, time: 2 ** 30 }],
    ['more rows than any memory', { vocab_size: 50257 }, { batch: 65536, time: 65536 }],
    ['more tokens than any memory', { vocab_size: 2 ** 31 }, { batch: 4096, time: 4096 }],
  ])('needs no numbers for %s: tables are not made', (_, sizes, batch) => {
    const model = { base: { ...qwen, block_size: batch.time, ...sizes } };
    const { graph } = trainingProgram({ base: { ...model.base, vocab_size: 1, n_layer: 1 } }, { ...batch, batch: 1 }); // prettier-ignore
    const largest = [...graph.constants.keys()].map(({ shape }) => sizeOf(shape));
    if (batch.batch === 1) expect(Math.max(...largest)).toBeGreaterThan(2 ** 34);
    const parameters = baseParameters(model).reduce((n, { shape }) => n + sizeOf(shape), 0);
    const { weights, peak } = memoryOf({ model, batch, accumulates: false });
    expect(weights).toBeCloseTo(4 * parameters, -3);
    expect(peak).toBeGreaterThan(1e12);
  });

  it.each([false, true])('knows many parts of the logits by a few (rows chosen: %s)', segmented => {
    const model = { base: { ...base, dropout: 0, bias: false } };
    const batch = { batch: 64, time: 256 };
    const mostScored = segmented ? 64 * 256 : undefined;
    const { nodes } = trainingProgram(model, batch, { segmented, mostScored }).graph;
    const { runtime } = memoryOf({ model, batch, accumulates: false, segmented });
    expect(runtime / (175e6 + 10e3 * nodes.length)).toBeCloseTo(1, 2);
  });
});
