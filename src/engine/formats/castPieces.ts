/** Elements of a floating-point tensor in another floating-point type, piece by piece. */
import { asFloat32 } from '../tensor/asFloat32';
import { narrow } from '../tensor/halfPrecision';
import { narrowFloats } from '../tensor/narrowFloats';
import type { Tensor, TensorData } from '../tensor/tensor';
import { sizeOf } from '../tensor/tensor';
import type { TensorFile } from './tensorFile';

export const castDtypes = ['float64', 'float32', 'float16', 'bfloat16'] as const;
export type CastDtype = (typeof castDtypes)[number];

export const isCastDtype = (dtype: string): dtype is CastDtype =>
  (castDtypes as readonly string[]).includes(dtype);

const PIECE_ELEMENTS = 1 << 20;

/** Yields the bytes. @returns how many finite numbers became infinite */
export function* castPieces(
  file: TensorFile,
  name: string,
  dtype: CastDtype,
): Generator<Uint8Array, { overflown: number }> {
  const count = sizeOf(file.entries.get(name)!.shape);
  let overflown = 0;
  for (let from = 0; from < count; from += PIECE_ELEMENTS) {
    const values = numbersOf(file.readRange(name, from, Math.min(from + PIECE_ELEMENTS, count)));
    const result = castTo(values, dtype);
    overflown += countInfinite(result, dtype) - countInfinite(values, 'float32');
    yield new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
  }
  return { overflown };
}

/** @throws for a tensor that is not floating-point */
function numbersOf(values: Tensor): Float32Array | Float64Array {
  if (values.dtype === 'float64') return values.data as Float64Array;
  const floats = asFloat32(values);
  if (floats === undefined) throw new Error(`${values.dtype} is not floating-point`);
  return floats.data;
}

function castTo(values: Float32Array | Float64Array, dtype: CastDtype): TensorData<CastDtype> {
  if (dtype === 'float64') return new Float64Array(values);
  if (dtype === 'float32') return new Float32Array(values);
  if (values instanceof Float32Array) return narrowFloats(values, dtype);
  // not by way of float32, which would round twice
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = narrow[dtype](values[i]!);
  return result;
}

const INFINITE = { float64: Infinity, float32: Infinity, float16: 0x7c00, bfloat16: 0x7f80 };

function countInfinite(values: TensorData<CastDtype>, dtype: CastDtype): number {
  const infinite = INFINITE[dtype];
  const isHalf = dtype === 'float16' || dtype === 'bfloat16';
  let count = 0;
  for (let i = 0; i < values.length; i++)
    if ((isHalf ? values[i]! & 0x7fff : Math.abs(values[i]!)) === infinite) count++;
  return count;
}
