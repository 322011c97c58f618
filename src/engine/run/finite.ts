/** Finds values that are not finite numbers. Knows nothing of where tensors come from. */
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';

/** @throws `checkpoint.non-finite` with the first tensor and index */
export function refuseNonFinite(tensors: ReadonlyMap<string, Tensor>, file: string): void {
  for (const [name, tensor] of tensors) {
    const index = firstNonFinite(tensor);
    if (index >= 0)
      fail(
        'checkpoint.non-finite',
        `${name}[${index}] is not a finite number, so no checkpoint was saved. Resume from the last one, with a lower learning rate.`,
        { file },
      );
  }
}

/** Index into the flat data, or -1. */
export function firstNonFinite({ dtype, data }: Tensor): number {
  switch (dtype) {
    case 'float32':
    case 'float64':
      return firstInFloats(data as Float32Array | Float64Array);
    case 'float16':
      return firstWithExponent(data as Uint16Array, 0x7c00);
    case 'bfloat16':
      return firstWithExponent(data as Uint16Array, 0x7f80);
    default:
      return -1;
  }
}

/** NaN and infinities, and nothing else, are not 0 when multiplied by 0: one quick pass tells. */
function firstInFloats(data: Float32Array | Float64Array): number {
  let zero = 0;
  for (let i = 0; i < data.length; i++) zero += data[i]! * 0;
  return zero === 0 ? -1 : data.findIndex(value => !Number.isFinite(value));
}

/** Sixteen-bit floats are not finite when all bits of the exponent are set. */
function firstWithExponent(data: Uint16Array, exponent: number): number {
  return data.findIndex(bits => (bits & exponent) === exponent);
}
