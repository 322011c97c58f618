/** Raw elements of any type, one at a time, as numbers. */
import { widen } from '../../tensor/halfPrecision';
import type { Dtype } from '../../tensor/tensor';
import { dtypeBytes } from '../../tensor/tensor';

/** Reads element `i` of bytes that begin at a multiple of its width. */
export type ReadElement = (i: number) => number;

export function elementReader(dtype: Dtype, bytes: Uint8Array): ReadElement {
  const { byteOffset } = bytes;
  const buffer = bytes.buffer as ArrayBuffer;
  const length = Math.floor(bytes.byteLength / dtypeBytes[dtype]);
  switch (dtype) {
    case 'float16':
    case 'bfloat16': {
      const view = new Uint16Array(buffer, byteOffset, length);
      return i => widen[dtype](view[i]!);
    }
    case 'int64':
    case 'uint64': {
      const view = new { int64: BigInt64Array, uint64: BigUint64Array }[dtype](
        buffer,
        byteOffset,
        length,
      );
      return i => Number(view[i]!);
    }
    default: {
      const view = new arrays[dtype](buffer, byteOffset, length);
      return i => view[i]!;
    }
  }
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/** Whether element `i` has the same bits on both sides; of different types, is the same number. */
export function bitsComparer(
  [left, right]: readonly [Dtype, Dtype],
  [a, b]: readonly [Uint8Array, Uint8Array],
): (i: number) => boolean {
  if (left !== right) {
    const [first, second] = [elementReader(left, a), elementReader(right, b)];
    return i => Object.is(first(i), second(i));
  }
  const width = dtypeBytes[left];
  return i => {
    for (let k = i * width; k < (i + 1) * width; k++) if (a[k] !== b[k]) return false;
    return true;
  };
}
