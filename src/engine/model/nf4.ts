/**
 * Weights in 4 bits as QLoRA holds them (Dettmers et al. 2023): blocks of 64 along the flattened
 * weight, each number the nearest of 16 levels that a normal distribution fills evenly, times the
 * largest of its block; and those largest again in 8 bits (double quantisation). Values and layout
 * are those of bitsandbytes. Pure; knows nothing of files or graphs.
 */
import {
  BLOCK as GROUP,
  dequantiseInto,
  quantiseFrom,
  signedLevels,
  zeroBlocks,
} from '../tensor/blockwise';
import { NF4_BLOCK, NF4_LEVELS } from '../tensor/nf4Levels';
import type { LinearLayout } from './parts';

/** Largest numbers of blocks that are quantised together. */
export const NF4_GROUP = GROUP;

/** Under which names the parts of a weight are stored. */
export const nf4Names = (weight: string) => ({
  packed: `${weight}.nf4`,
  largest: `${weight}.nf4_largest`,
  nested: `${weight}.nf4_nested`,
});

const MIDDLES = Float32Array.from({ length: NF4_LEVELS.length - 1 }, (_, i) =>
  Math.fround((NF4_LEVELS[i]! + NF4_LEVELS[i + 1]!) / 2),
);

export interface Nf4Matrix {
  /** Two numbers a byte, the first in the high half. [out·in / 2] */
  readonly packed: Uint8Array;
  /** Of each block a level of the 8-bit map, filled up to whole groups. */
  readonly largest: Uint8Array;
  /** The mean of the blocks' largest, then of each group the largest distance from it. */
  readonly nested: Float32Array;
  /** ‖W − dequantised‖ / ‖W‖. */
  readonly error: number;
}

/** Sizes of the parts for a weight of `count` numbers. */
export function nf4Sizes(count: number): { packed: number; largest: number; nested: number } {
  const groups = Math.ceil(count / NF4_BLOCK / NF4_GROUP);
  return { packed: count / 2, largest: groups * NF4_GROUP, nested: groups + 1 };
}

/** Whether a weight of `count` numbers is made of whole blocks; others stay as they are. */
export const fitsNf4 = (count: number): boolean => count % NF4_BLOCK === 0;

/** @param weights [out, in], or [in, out] by its layout; whole blocks */
export function quantiseNf4(
  weights: Float32Array,
  [out, inp]: readonly [number, number],
  layout: LinearLayout = 'out-in',
): Nf4Matrix {
  const w = layout === 'out-in' ? weights : turned(weights, out, inp);
  const blocks = w.length / NF4_BLOCK;
  const packed = new Uint8Array(w.length / 2);
  const exact = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) exact[block] = packBlock(w, block, packed);
  const { largest, nested } = nest(exact);
  return { packed, largest, nested, error: errorOf(w, packed, largestOf({ largest, nested })) };
}

/** @returns the largest magnitude of the block */
function packBlock(w: Float32Array, block: number, packed: Uint8Array): number {
  const from = block * NF4_BLOCK;
  let largest = 0;
  for (let i = from; i < from + NF4_BLOCK; i++) largest = Math.max(largest, Math.abs(w[i]!));
  const inverse = largest === 0 ? 0 : Math.fround(1 / largest);
  for (let i = from; i < from + NF4_BLOCK; i += 2)
    packed[i >> 1] = (levelOf(w[i]! * inverse) << 4) | levelOf(w[i + 1]! * inverse);
  return largest;
}

/** The nearest level, by four comparisons. */
function levelOf(number: number): number {
  const x = Math.fround(number);
  let level = x > MIDDLES[7]! ? 8 : 0;
  if (x > MIDDLES[level + 3]!) level += 4;
  if (x > MIDDLES[level + 1]!) level += 2;
  return x > MIDDLES[level]! ? level + 1 : level;
}

function nest(exact: Float32Array): Pick<Nf4Matrix, 'largest' | 'nested'> {
  const mean = Math.fround(exact.reduce((sum, x) => sum + x, 0) / exact.length);
  const blocks = zeroBlocks(exact.length, signedLevels);
  const around = exact.map(x => x - mean);
  quantiseFrom(around, blocks, signedLevels, 0);
  const filled = new Uint8Array(blocks.largest.length * NF4_GROUP);
  filled.set(blocks.codes);
  return { largest: filled, nested: Float32Array.of(mean, ...blocks.largest) };
}

/** Of each block, as double quantisation keeps it, to the end of the last group. */
function largestOf({ largest, nested }: Pick<Nf4Matrix, 'largest' | 'nested'>): Float32Array {
  const around = new Float32Array(largest.length);
  dequantiseInto(around, { codes: largest, largest: nested.subarray(1) }, signedLevels, 0);
  return around.map(x => Math.fround(x) + nested[0]!);
}

function errorOf(w: Float32Array, packed: Uint8Array, largest: Float32Array): number {
  let [lost, total] = [0, 0];
  for (let i = 0; i < w.length; i++) {
    const difference = w[i]! - valueAt(packed, largest, i);
    lost += difference * difference;
    total += w[i]! * w[i]!;
  }
  return total === 0 ? 0 : Math.sqrt(lost / total);
}

const valueAt = (packed: Uint8Array, largest: Float32Array, i: number): number => {
  const byte = packed[i >> 1]!;
  const level = i % 2 === 0 ? byte >> 4 : byte & 0x0f;
  return Math.fround(NF4_LEVELS[level]! * largest[Math.floor(i / NF4_BLOCK)]!);
};

/** The inverse, in the layout that it was quantised from. */
export function dequantiseNf4(
  matrix: Pick<Nf4Matrix, 'packed' | 'largest' | 'nested'>,
  [out, inp]: readonly [number, number],
  layout: LinearLayout = 'out-in',
): Float32Array {
  const largest = largestOf(matrix);
  const w = new Float32Array(out * inp);
  for (let i = 0; i < w.length; i++) w[i] = valueAt(matrix.packed, largest, i);
  return layout === 'out-in' ? w : turned(w, inp, out);
}

/** [in, out] → [out, in] */
function turned(w: Float32Array, out: number, inp: number): Float32Array {
  const result = new Float32Array(w.length);
  for (let o = 0; o < out; o++) for (let i = 0; i < inp; i++) result[o * inp + i] = w[i * out + o]!;
  return result;
}
