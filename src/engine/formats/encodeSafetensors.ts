/** Tensors as the bytes of a safetensors file. Knows nothing of files. */
import { dtypeBytes, sizeOf, type Tensor } from '../tensor/tensor';
import { dtypeNames } from './safetensorsDtypes';
import { LENGTH_BYTES } from './safetensorsHeader';

/** What the header says of a tensor, whose bytes follow those of the tensor before. */
export interface TensorHead {
  readonly name: string;
  /** As the format spells it, e.g. `F32`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** The bytes of a file in pieces: the header, then each tensor's own memory, not copied. */
export function* encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): Generator<Uint8Array> {
  // widest first, as the reference writes them, so that every tensor is aligned to its own type
  const inOrder = [...tensors].sort(([, a], [, b]) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype]);
  const heads = inOrder.map(([name, { dtype, shape }]) => ({
    name,
    dtype: dtypeNames[dtype],
    shape,
    bytes: dtypeBytes[dtype] * sizeOf(shape),
  }));
  yield encodeHeader(heads, metadata);
  for (const [, { data }] of inOrder)
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Length and header for tensors that follow in this order, padded so that the data is aligned. */
export function encodeHeader(
  heads: readonly TensorHead[],
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const parts: string[] = [];
  const member = (name: string, value: string) => parts.push(`${JSON.stringify(name)}:${value}`);
  if (metadata.size > 0) {
    const lines = [...metadata].map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`);
    member('__metadata__', `{${lines.join()}}`);
  }
  let offset = 0;
  for (const { name, dtype, shape, bytes } of heads) {
    if (name === '__metadata__') throw new Error('a tensor cannot be named __metadata__');
    member(name, JSON.stringify({ dtype, shape, data_offsets: [offset, offset + bytes] }));
    offset += bytes;
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const result = Buffer.alloc(LENGTH_BYTES + padded, ' ');
  result.writeBigUInt64LE(BigInt(padded));
  result.set(json, LENGTH_BYTES);
  return result;
}
