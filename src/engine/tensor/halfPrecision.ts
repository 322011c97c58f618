/**
 * Numbers of 16 bits, float16 (IEEE 754 binary16) and bfloat16, from and to JavaScript's. Knows
 * nothing of tensors.
 */

export type HalfDtype = 'float16' | 'bfloat16';

const word = new DataView(new ArrayBuffer(4));

function widenFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function widenBfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** The number that 16 bits mean. */
export const widen: Readonly<Record<HalfDtype, (bits: number) => number>> = {
  float16: widenFloat16,
  bfloat16: widenBfloat16,
};

/** To the nearest, ties to even; too large becomes infinite. */
function narrowFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.min(15, exponentOf(size)));
  const units = roundToEven(size / 2 ** (exponent - 10));
  // carries into the exponent by itself; below 1024 units it is subnormal
  return sign | (units < 1024 ? units : ((exponent + 15) << 10) + units - 1024);
}

/** Of the leading bit. */
function exponentOf(size: number): number {
  if (size === 0) return -Infinity;
  const guess = Math.floor(Math.log2(size));
  return 2 ** guess > size ? guess - 1 : 2 ** (guess + 1) <= size ? guess + 1 : guess;
}

function roundToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/**
 * To the nearest, ties to even; too large becomes infinite. A float64 is rounded once, not by way of
 * a float32.
 */
function narrowBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 2 ** 128 * (1 - 2 ** -9)) return sign | 0x7f80;
  const exponent = Math.max(-126, Math.min(127, exponentOf(size)));
  const units = roundToEven(size / 2 ** (exponent - 7));
  return sign | (units < 128 ? units : ((exponent + 127) << 7) + units - 128);
}

/** The 16 bits that are nearest to a number. */
export const narrow: Readonly<Record<HalfDtype, (value: number) => number>> = {
  float16: narrowFloat16,
  bfloat16: narrowBfloat16,
};
