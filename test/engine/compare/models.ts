/** A small Llama on the disk, and copies of it to which something was done. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disk } from '../../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { narrowFloats } from '../../../src/engine/tensor/narrowFloats';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { randomNumbers } from '../../durability/randomNumbers';

export type Weights = Map<string, Tensor>;
export type Floats = Map<string, { shape: readonly number[]; data: Float32Array }>;

export const LLAMA = {
  model_type: 'llama',
  vocab_size: 200,
  max_position_embeddings: 64,
  num_hidden_layers: 2,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  hidden_size: 128,
  intermediate_size: 96,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  hidden_act: 'silu',
};
export const HEAD = 16;

/** Numbers of about a normal distribution. */
export function someFloats(count: number, seed: number, scale = 0.02): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from(
    { length: count },
    () => (random() + random() + random() + random() - 2) * scale,
  );
}

/** @param tied the head is a copy of the embedding */
export function llamaFloats({ tied = false } = {}): Floats {
  const { hidden_size: C, intermediate_size: I, vocab_size: V } = LLAMA;
  const KV = LLAMA.num_key_value_heads * HEAD;
  const floats: Floats = new Map();
  let seed = 1;
  const add = (name: string, ...shape: number[]) =>
    floats.set(name, { shape, data: someFloats(sizeOf(shape), seed++) });
  add('model.embed_tokens.weight', V, C);
  for (let i = 0; i < LLAMA.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    add(`${layer}.input_layernorm.weight`, C);
    add(`${layer}.self_attn.q_proj.weight`, C, C);
    add(`${layer}.self_attn.k_proj.weight`, KV, C);
    add(`${layer}.self_attn.v_proj.weight`, KV, C);
    add(`${layer}.self_attn.o_proj.weight`, C, C);
    add(`${layer}.post_attention_layernorm.weight`, C);
    add(`${layer}.mlp.gate_proj.weight`, I, C);
    add(`${layer}.mlp.up_proj.weight`, I, C);
    add(`${layer}.mlp.down_proj.weight`, C, I);
  }
  add('model.norm.weight', C);
  const head = add('lm_head.weight', V, C).get('lm_head.weight')!;
  if (tied) head.data.set(floats.get('model.embed_tokens.weight')!.data);
  return floats;
}

export const asType = (floats: Floats, dtype: 'float32' | 'bfloat16' | 'float16'): Weights =>
  new Map(
    [...floats].map(([name, { shape, data }]) => [
      name,
      tensor(dtype, shape, dtype === 'float32' ? data.slice() : narrowFloats(data, dtype)),
    ]),
  );

/** @returns the folder */
export function writeModel(folder: string, weights: Weights, config: object = LLAMA): string {
  mkdirSync(folder, { recursive: true });
  writeSafetensors(disk, join(folder, 'model.safetensors'), weights);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}
