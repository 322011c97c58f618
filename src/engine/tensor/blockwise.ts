/**
 * Numbers in 8 bits by blocks (Dettmers et al. 2022, dynamic quantisation): 256 levels, dense near
 * zero, times the largest of each block of 256. Pure; the levels are those of bitsandbytes.
 */

export const BLOCK = 256;

export interface Blockwise {
  /** A level for each number. */
  readonly codes: Uint8Array;
  /** Of each block. */
  readonly largest: Float32Array;
}

/** Levels in rising order, with the values between which a number goes to each. */
export interface Levels {
  readonly values: Float32Array;
  /** Of level i and i + 1; above the last is nothing. */
  readonly middles: Float32Array;
  /** The level that the smallest number with these leading bits goes to; the largest, at most to the next. */
  readonly first: Uint8Array;
}

const EXPONENTS = 7;

/** Tenths, hundredths, …: each power of ten has twice as many levels as the one below. */
function levelsOf(isSigned: boolean): Levels {
  const values: number[] = [0, 1];
  for (let i = 0; i < EXPONENTS; i++) {
    const count = isSigned ? 2 ** i : 2 ** (i + 1);
    const scale = 10 ** (i - EXPONENTS + 1);
    for (let k = 0; k < count; k++) {
      const mean = scale * (0.1 + (0.9 * (k + 0.5)) / count);
      values.push(mean);
      if (isSigned) values.push(-mean);
    }
  }
  const sorted = Float32Array.from(values.sort((a, b) => a - b));
  const middles = sorted.map((value, i) => (value + (sorted[i + 1] ?? Infinity)) / 2);
  return { values: sorted, middles, first: firstLevels(middles) };
}

/**
 * Leading bits of a float32 that are looked up: sign, exponent and 7 of the fraction, so that numbers
 * with the same bits lie closer together than any two levels.
 */
const LOOKED_UP = 16;
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

function firstLevels(middles: Float32Array): Uint8Array {
  const first = new Uint8Array(2 ** LOOKED_UP);
  const negative = first.length / 2;
  let level = 0;
  for (let i = -negative; i < negative; i++) {
    // in rising order: of negative numbers the largest bits are the lowest value
    const lead = i < 0 ? negative - 1 - i : i;
    const rest = i < 0 ? 2 ** (32 - LOOKED_UP) - 1 : 0;
    bits[0] = lead * 2 ** (32 - LOOKED_UP) + rest;
    const lowest = float[0]!;
    if (Number.isNaN(lowest)) continue;
    while (lowest > middles[level]!) level++;
    first[lead] = level;
  }
  return first;
}

/** From −1 to 1. */
export const signedLevels = levelsOf(true);
/** From 0 to 1. */
export const unsignedLevels = levelsOf(false);

export const zeroBlocks = (count: number, levels: Levels): Blockwise => ({
  codes: new Uint8Array(count).fill(levels.values.indexOf(0)),
  largest: new Float32Array(Math.ceil(count / BLOCK)),
});

/** @param from a multiple of the block size */
export function dequantiseInto(
  into: Float32Array,
  { codes, largest }: Blockwise,
  { values }: Levels,
  from: number,
): void {
  for (let start = 0; start < into.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, into.length);
    const most = largest[(from + start) / BLOCK]!;
    for (let i = start; i < end; i++) into[i] = values[codes[from + i]!]! * most;
  }
}

/** A block between −1 and 1, and its bits. */
const scaled = new Float32Array(BLOCK);
const leads = new Uint32Array(scaled.buffer);

/** Each to its nearest level. @param from a multiple of the block size */
export function quantiseFrom(
  numbers: Float32Array,
  { codes, largest }: Blockwise,
  { middles, first }: Levels,
  from: number,
): void {
  for (let start = 0; start < numbers.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, numbers.length);
    let most = 0;
    for (let i = start; i < end; i++) {
      const size = Math.abs(numbers[i]!);
      if (!(size <= most)) most = size; // also for NaN, which must stay visible
    }
    largest[(from + start) / BLOCK] = most;
    const inverse = most === 0 ? 0 : 1 / most;
    for (let i = start; i < end; i++) scaled[i - start] = numbers[i]! * inverse;
    for (let i = 0; i < end - start; i++) {
      const level = first[leads[i]! >>> (32 - LOOKED_UP)]!;
      codes[from + start + i] = level + Number(scaled[i]! > middles[level]!);
    }
  }
}
