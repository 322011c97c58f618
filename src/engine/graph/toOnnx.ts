/** A graph as ONNX bytes. A walk, not a lowering; the same graph gives the same bytes. */
import { relative, sep } from 'node:path';
import { dtypeBytes, type ExternalTensor, sizeOf, type Tensor } from '../tensor/tensor';
import type { Graph, GraphDtype, Node, Value } from './graph';
import { encodeModel } from './onnxProto';
import { domainOf, OPSETS } from './op';

/** TensorProto.DataType */
export const onnxDtypes: Readonly<Record<GraphDtype, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** TensorProto.DataLocation */
const EXTERNAL = 1;

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** Attributes that ONNX declares as floats: a whole number does not show it. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon']);

const attribute = (name: string, value: unknown) => {
  if (Array.isArray(value)) return { name, ints: value as number[], type: attributeTypes.ints };
  if (typeof value === 'string')
    return { name, s: new TextEncoder().encode(value), type: attributeTypes.string };
  if (typeof value !== 'number') throw new Error(`attribute ${name} has no ONNX form`);
  return floatAttributes.has(name)
    ? { name, f: value, type: attributeTypes.float }
    : { name, i: value, type: attributeTypes.int };
};

const nodeProto = (node: Node) => ({
  name: node.name,
  opType: node.op,
  domain: domainOf(node.op),
  input: node.inputs.map(v => v.name),
  output: node.outputs.map(v => v.name),
  attribute: Object.entries(node.attributes).map(([k, x]) => attribute(k, x)),
});

const valueInfo = ({ name, dtype, shape, open }: Value) => {
  const dim = shape.map((d, axis) => {
    const symbol = open?.[axis];
    return symbol === undefined ? { dimValue: d } : { dimParam: symbol };
  });
  return { name, type: { tensorType: { elemType: onnxDtypes[dtype], shape: { dim } } } };
};

const tensorProto = (
  { name, dtype, shape }: Value,
  data: Tensor | ExternalTensor,
  folder: string,
) => ({
  name,
  dims: shape,
  dataType: onnxDtypes[dtype],
  ...('file' in data ? external(data, folder) : { rawData: bytesOf(data) }),
});

const bytesOf = ({ data }: Tensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const external = ({ dtype, shape, file, offset }: ExternalTensor, folder: string) => ({
  dataLocation: EXTERNAL,
  externalData: Object.entries({
    location: relative(folder, file).split(sep).join('/'),
    offset: String(offset),
    length: String(sizeOf(shape) * dtypeBytes[dtype]),
  }).map(([key, value]) => ({ key, value })),
});

/** @param folder the folder below which all external data lies */
export function toOnnx(graph: Graph, folder = ''): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: 'weightroom',
    opsetImport: Object.entries(OPSETS).map(([domain, version]) => ({ domain, version })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeProto),
      initializer: [...graph.constants].map(([value, data]) => tensorProto(value, data, folder)),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  });
}
