/** Tensors as ONNX Runtime has them, and back. */
import * as ort from 'onnxruntime-node';
import type { GraphDtype, Value } from '../graph/graph';
import { sizeOf, type Tensor } from '../tensor/tensor';

const ortDtypes = {
  float32: 'float32',
  float16: 'float16',
  bfloat16: undefined,
  int64: 'int64',
  int32: 'int32',
  uint8: 'uint8',
  bool: 'bool',
} as const satisfies Record<GraphDtype, ort.Tensor.Type | undefined>;

/** @throws when it is missing or another one than the graph takes */
export function toOrt(value: Value, fed: Tensor | ort.Tensor | undefined): ort.Tensor {
  if (!fed) throw new Error(`graph input ${value.name} was not fed`);
  if ('location' in fed) return fed;
  const shape = value.open ? value.shape.map((d, i) => openSize(value, fed, i) ?? d) : value.shape;
  const type = ortDtypes[value.dtype];
  if (fed.dtype !== value.dtype || fed.data.length !== sizeOf(shape) || !type)
    throw new Error(
      `graph input ${value.name} is ${value.dtype}[${value.shape.join(', ')}], fed ${fed.dtype}[${fed.shape.join(', ')}]`,
    );
  return new ort.Tensor(type, fed.data as Float32Array, shape);
}

const openSize = ({ open }: Value, fed: Tensor, axis: number): number | undefined =>
  open?.[axis] === undefined ? undefined : fed.shape[axis];

export function fromOrt(value: Value, output: ort.Tensor | undefined): Tensor {
  if (!output) throw new Error(`the runtime gave no ${value.name}`);
  const data = output.data as Tensor['data'];
  return { dtype: value.dtype, shape: value.shape, data };
}
