/** Floating-point tensors of any width in float32. */
import { widen } from './halfPrecision';
import type { Tensor } from './tensor';
import { tensor } from './tensor';

/** The same tensor when it is float32; undefined for one that is not floating-point. */
export function asFloat32({ dtype, shape, data }: Tensor): Tensor<'float32'> | undefined {
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: data as Float32Array };
    case 'bfloat16':
      return tensor('float32', shape, bfloatsToFloats(data as Uint16Array));
    case 'float16':
      return tensor('float32', shape, halvesToFloats(data as Uint16Array));
    case 'float64':
      return tensor('float32', shape, Float32Array.from(data as Float64Array));
    default:
      return undefined;
  }
}

/** bfloat16 is the upper half of a float32. */
function bfloatsToFloats(data: Uint16Array): Float32Array {
  const bits = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) bits[i] = data[i]! << 16;
  return new Float32Array(bits.buffer);
}

let table: Float32Array | undefined;

function halvesToFloats(data: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => widen.float16(bits));
  const floats = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) floats[i] = table[data[i]!]!;
  return floats;
}
