/** What a step of generation has to do: which tokens it reads, how many bytes. */
import type { LlamaShape } from '../../src/engine/model/llama';
import { baseParameters } from '../../src/engine/model/programs';
import { sizeOf } from '../../src/engine/tensor/tensor';
import type { Width } from './shapes';

/** Tokens without meaning, the same at every call. */
export const promptOf = ({ vocab_size }: LlamaShape, length: number): number[] =>
  Array.from({ length }, (_, i) => 300 + ((i * 7919) % (vocab_size - 300)));

const bitsPerWeight: Record<Width, number> = {
  f32: 32,
  f16: 16,
  bf16: 16,
  int8: 8.25,
  int4: 5,
};

/** Weights and cached keys and values (float32) that ours reads for one more token. */
export function bytesPerToken(shape: LlamaShape, width: Width, held: number): number {
  const weights = baseParameters({ base: shape })
    .filter(p => p.shape.length > 1)
    .reduce((n, p) => n + sizeOf(p.shape), 0); // the embedding once: it is the head
  const cache = 2 * 4 * shape.n_layer * shape.n_kv_head * shape.head_size * held;
  return (weights * bitsPerWeight[width]) / 8 + cache;
}
