/** A single value of an array as text. */
import { widen } from '../../tensor/halfPrecision';
import { isForeign } from '../foreignDtypes';
import type { StoredTensor } from '../storedTensors';
import { readStrided } from '../stridedBytes';
import { floatText } from './pythonText';

export function scalarText({ dtype, bytes, source, start, swapped }: StoredTensor): string {
  if (isForeign(dtype)) return `a value of type ${dtype}`;
  const stored = { source, start, shape: [], elementBytes: bytes, ...(swapped && { swapped }) };
  const view = Buffer.from(readStrided(stored, 0, 1));
  switch (dtype) {
    case 'float32':
      return floatText(view.readFloatLE());
    case 'float64':
      return floatText(view.readDoubleLE());
    case 'int64':
      return String(view.readBigInt64LE());
    case 'uint64':
      return String(view.readBigUInt64LE());
    case 'int32':
    case 'int16':
    case 'int8':
      return String(view.readIntLE(0, bytes));
    case 'uint32':
    case 'uint16':
    case 'uint8':
      return String(view.readUIntLE(0, bytes));
    case 'bool':
      return view[0] === 0 ? 'False' : 'True';
    case 'float16':
    case 'bfloat16':
      return floatText(widen[dtype](view.readUInt16LE()));
  }
}
