/** Faults of single elements: a flipped bit, a few values that are others, values that are none. */
import { dtypeBytes, type Dtype } from '../../tensor/tensor';
import type { Fault } from './fault';

/** An element that differs, with what stands on both sides. */
export interface OddElement {
  readonly index: readonly number[];
  readonly left: number;
  readonly right: number;
  /** Raw bits, where both sides are of one type. */
  readonly bits?: readonly [bigint, bigint];
}

const FRACTION: Readonly<Partial<Record<Dtype, readonly [fraction: number, exponent: number]>>> = {
  float64: [52, 11],
  float32: [23, 8],
  float16: [10, 5],
  bfloat16: [7, 8],
};

/** @param odd all elements that differ, few */
export function elementFault(odd: readonly OddElement[], dtype: Dtype): Fault | undefined {
  const [first] = odd;
  if (!first) return undefined;
  const flips = odd.map(element => flippedBits(element));
  const place = `[${first.index.join(', ')}]`;
  const change = `${shown(first.left)} → ${shown(first.right)}`;
  if (odd.length === 1 && flips[0]?.length === 1)
    return {
      kind: 'flipped-bit',
      message: `one bit is flipped: ${bitName(flips[0][0]!, dtype)} of element ${place}, ${change}`,
      repair: 'Flipped back',
      repaired: { pcc: 1, relL2: 0 },
    };
  if (flips.every(bits => bits?.length === 1))
    return {
      kind: 'flipped-bit',
      message: `${odd.length} bits are flipped in ${odd.length} elements, first ${bitName(flips[0]![0]!, dtype)} of element ${place}, ${change}`,
    };
  return {
    kind: 'few-elements',
    message:
      odd.length === 1
        ? `only element ${place} differs: ${change}`
        : `only ${odd.length} elements differ, first ${place}: ${change}`,
  };
}

function flippedBits({ bits }: OddElement): number[] | undefined {
  if (!bits) return undefined;
  const flipped: number[] = [];
  for (let rest = bits[0] ^ bits[1], bit = 0; rest > 0n; rest >>= 1n, bit++)
    if (rest & 1n) flipped.push(bit);
  return flipped;
}

function bitName(bit: number, dtype: Dtype): string {
  const parts = FRACTION[dtype];
  const part = !parts
    ? ''
    : bit === dtypeBytes[dtype] * 8 - 1
      ? ' (the sign)'
      : bit >= parts[0]
        ? ' (exponent)'
        : ' (fraction)';
  return `bit ${bit}${part}`;
}

export const shown = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
