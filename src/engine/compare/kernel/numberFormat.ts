/** Which format two element types are compared in, and how its numbers are ordered. */
import { narrow } from '../../tensor/halfPrecision';
import type { Dtype } from '../../tensor/tensor';

/** `integer`: distances are differences. */
export type NumberFormat = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'integer';

/** From fine to coarse. */
const FLOATS = ['float64', 'float32', 'float16', 'bfloat16'] as const;

/** The coarser of both: what the finer one would be rounded to. */
export function formatOf(left: Dtype, right: Dtype): NumberFormat {
  const coarse = [...FLOATS].reverse().find(format => format === left || format === right);
  return coarse ?? 'integer';
}

const word = new DataView(new ArrayBuffer(8));

/** How many numbers of a format lie between two finite ones; both zeros are one. */
export function distanceOf(a: number, b: number, format: NumberFormat): number {
  if (format === 'float64' && a < 0 === b < 0) return doublesBetween(Math.abs(a), Math.abs(b));
  return Math.abs(placeOf(a, format) - placeOf(b, format));
}

/** Places of doubles are too large to be subtracted as one number. */
function doublesBetween(a: number, b: number): number {
  word.setFloat64(0, a);
  const [high, low] = [word.getUint32(0), word.getUint32(4)];
  word.setFloat64(0, b);
  return Math.abs((high - word.getUint32(0)) * 2 ** 32 + (low - word.getUint32(4)));
}

function placeOf(value: number, format: NumberFormat): number {
  const size = Math.abs(value);
  return value < 0 ? -unsignedPlace[format](size) : unsignedPlace[format](size);
}

const unsignedPlace: Readonly<Record<NumberFormat, (size: number) => number>> = {
  float64: size => {
    word.setFloat64(0, size);
    return word.getUint32(0) * 2 ** 32 + word.getUint32(4);
  },
  float32: size => {
    word.setFloat32(0, size);
    return word.getUint32(0);
  },
  float16: narrow.float16,
  bfloat16: narrow.bfloat16,
  integer: size => size,
};
