/** Arrays of float32 as arrays of 16 bits, to the nearest, ties to even; too large becomes infinite. */
import type { HalfDtype } from './halfPrecision';

function toBfloat16(bits: Uint32Array): Uint16Array {
  const result = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    const isNumber = (b & 0x7fffffff) <= 0x7f800000;
    // half a unit of the last place that stays, and one less where that place is even
    result[i] = isNumber ? (b + 0x7fff + ((b >>> 16) & 1)) >>> 16 : 0x7fc0;
  }
  return result;
}

function toFloat16(bits: Uint32Array): Uint16Array {
  const result = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = float16Of(bits[i]!);
  return result;
}

/** @param bits of a float32 */
function float16Of(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112; // as float16 counts it
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return fraction ? 0x7e00 : sign | 0x7c00;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // subnormal numbers write out the leading bit, and lose one more for each step down
  const isSubnormal = exponent <= 0;
  const shift = isSubnormal ? 14 - exponent : 13;
  const units = isSubnormal ? fraction | 0x800000 : (exponent << 23) | fraction;
  const kept = units >>> shift;
  const rest = units & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  // a carry goes into the exponent, up to infinity
  return sign | (rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept);
}

const narrowBits = { float16: toFloat16, bfloat16: toBfloat16 } as const;

export const narrowFloats = (values: Float32Array, dtype: HalfDtype): Uint16Array =>
  narrowBits[dtype](new Uint32Array(values.buffer, values.byteOffset, values.length));
