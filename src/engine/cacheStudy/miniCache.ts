/**
 * The rank × tokens numbers that are kept of one layer's keys or values, in the precision that was
 * chosen. Knows nothing of what they are multiplied with.
 */
import type { StoreName } from '../../protocol/cacheStudy';
import { fail } from '../problem';
import { narrow, widen } from '../tensor/halfPrecision';

/** [tokens, rank]: a token's numbers lie together. */
export interface MiniCache {
  readonly store: StoreName;
  readonly rank: number;
  readonly tokens: number;
  readonly numbers: Float32Array | Uint16Array | Int8Array;
  /** int8 only: float16 of each component and block of tokens, [blocks, rank]. */
  readonly scales?: Uint16Array;
}

/** Tokens that share a scale. */
const BLOCK = 32;

export const miniBytes = ({ numbers, scales }: MiniCache): number =>
  numbers.byteLength + (scales?.byteLength ?? 0);

/**
 * @param values [tokens, rank]
 * @throws `cache.store-range` for what float16 cannot hold
 */
export function packMini(values: Float32Array, rank: number, store: StoreName): MiniCache {
  const facts = { store, rank, tokens: values.length / rank };
  switch (store) {
    case 'fp32':
      return { ...facts, numbers: values };
    case 'fp16':
      return { ...facts, numbers: Uint16Array.from(values, toFloat16) };
    case 'int8':
      return { ...facts, ...toInt8(values, rank) };
  }
}

/** [tokens, rank] as kept. */
export function unpackMini({ numbers, scales, rank }: MiniCache): Float32Array {
  if (numbers instanceof Float32Array) return numbers;
  if (numbers instanceof Uint16Array) return Float32Array.from(numbers, widen.float16);
  const steps = Float32Array.from(scales ?? [], widen.float16);
  return Float32Array.from(numbers, (n, at) => n * steps[stepOf(at, rank)]!);
}

const stepOf = (at: number, rank: number): number =>
  Math.floor(at / rank / BLOCK) * rank + (at % rank);

function toFloat16(value: number): number {
  const bits = narrow.float16(value);
  if (Number.isFinite(widen.float16(bits))) return bits;
  return fail(
    'cache.store-range',
    `A number of a mini-cache is ${value.toPrecision(3)}, more than float16 can hold. Use \`store: fp32\` or \`store: int8\`.`,
    { key: 'cache_study.store' },
  );
}

function toInt8(values: Float32Array, rank: number): { numbers: Int8Array; scales: Uint16Array } {
  const blocks = Math.ceil(values.length / rank / BLOCK);
  const largest = new Float64Array(blocks * rank);
  for (const [at, value] of values.entries()) {
    const step = stepOf(at, rank);
    largest[step] = Math.max(largest[step]!, Math.abs(value));
  }
  const scales = Uint16Array.from(largest, most => toFloat16(most / 127));
  const steps = Float64Array.from(scales, widen.float16);
  const numbers = Int8Array.from(values, (value, at) => {
    const step = steps[stepOf(at, rank)]!;
    return step === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / step)));
  });
  return { numbers, scales };
}
