/** The models that generation is measured with: sizes that people run, weights without meaning. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LlamaShape } from '../../src/engine/model/llama';

/** What all of them have in common. */
export const llama = {
  family: 'llama',
  norm_epsilon: 1e-5,
  rope_scaling: { kind: 'none' },
  tied: true,
  qkv_bias: false,
  output_bias: false,
  mlp_bias: false,
  dropout: 0,
  block_size: 4096,
} as const;

export const shapes: Readonly<Record<string, LlamaShape>> = {
  '110m': {
    ...llama,
    vocab_size: 32000,
    n_layer: 12,
    n_head: 12,
    n_kv_head: 12,
    head_size: 64,
    n_embed: 768,
    n_inner: 2048,
    rope_base: 10000,
  },
  /** That of Llama 3.2 1B. */
  '1b': {
    ...llama,
    vocab_size: 128256,
    n_layer: 16,
    n_head: 32,
    n_kv_head: 8,
    head_size: 64,
    n_embed: 2048,
    n_inner: 8192,
    rope_base: 500000,
  },
};

/** How weights are held: in our folder, by llama.cpp and by transformers.js. */
export const widths = {
  f32: { stored: 'float32', bits: undefined, gguf: 'F32', dtype: 'fp32' },
  f16: { stored: 'float16', bits: undefined, gguf: 'F16', dtype: 'fp32' },
  bf16: { stored: 'bfloat16', bits: undefined, gguf: 'BF16', dtype: 'fp32' },
  int8: { stored: 'float32', bits: 8, gguf: 'Q8_0', dtype: 'int8' },
  int4: { stored: 'float32', bits: 4, gguf: 'Q4_0', dtype: 'q4' },
} as const;
export type Width = keyof typeof widths;

/** Gigabytes of weights in every form are kept here, outside the repository. */
export const benchFolder = (): string =>
  process.env['WEIGHTROOM_BENCH_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weightroom-bench');
