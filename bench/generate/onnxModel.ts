/** ONNX bytes of nodes with open sizes and of any operator, which the engine's own graphs do not have. */
import { encodeModel } from '../../src/engine/graph/onnxProto';
import { onnxDtypes } from '../../src/engine/graph/toOnnx';
import {
  dtypeBytes,
  type ExternalTensor,
  sizeOf,
  type Tensor,
} from '../../src/engine/tensor/tensor';

export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  /** Whole numbers are integers, save `epsilon` and `alpha`. */
  attributes: Readonly<Record<string, number>>;
}

interface OpenValue {
  name: string;
  dtype: 'float32' | 'int64';
  /** Sizes, or names of what is open. */
  shape: (number | string)[];
}

interface OnnxModel {
  nodes: readonly OnnxNode[];
  constants: ReadonlyMap<string, Tensor | ExternalTensor>;
  /** Name beside the model of each file with external data. */
  files: ReadonlyMap<string, string>;
  inputs: readonly OpenValue[];
  outputs: readonly OpenValue[];
}

const standard = new Set(
  'Add Cast Gather Mul Neg ReduceSum Shape SimplifiedLayerNormalization Slice Sub Unsqueeze'.split(
    ' ',
  ),
);
const floats = new Set(['alpha', 'epsilon']);

export function toOnnxModel({ nodes, constants, files, inputs, outputs }: OnnxModel): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: 'weightroom-bench',
    opsetImport: [
      { domain: '', version: 18 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'decoder',
      node: nodes.map(({ op, attributes, ...node }, i) => ({
        name: `${op}/${i}`,
        opType: op,
        domain: standard.has(op) ? '' : 'com.microsoft',
        input: node.inputs,
        output: node.outputs,
        attribute: Object.entries(attributes).map(([name, value]) =>
          floats.has(name) ? { name, f: value, type: 1 } : { name, i: value, type: 2 },
        ),
      })),
      initializer: [...constants].map(([name, data]) => initializer(name, data, files)),
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    },
  });
}

const valueInfo = ({ name, dtype, shape }: OpenValue) => ({
  name,
  type: {
    tensorType: {
      elemType: onnxDtypes[dtype],
      shape: {
        dim: shape.map(d => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })),
      },
    },
  },
});

function initializer(
  name: string,
  data: Tensor | ExternalTensor,
  files: ReadonlyMap<string, string>,
) {
  const head = {
    name,
    dims: data.shape,
    dataType: onnxDtypes[data.dtype as keyof typeof onnxDtypes],
  };
  if ('data' in data) {
    const { buffer, byteOffset, byteLength } = data.data;
    return { ...head, rawData: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const entries = {
    location: files.get(data.file)!,
    offset: String(data.offset),
    length: String(sizeOf(data.shape) * dtypeBytes[data.dtype]),
  };
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { ...head, dataLocation: 1, externalData };
}
