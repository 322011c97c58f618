/**
 * Products with weights in NF4 as graphs. The packed weights are inputs, not constants: the runtime
 * would work out constants when it opens the graph, and hold them all dequantised.
 */
import type { GraphBuilder, Value } from '../graph/graph';
import { onnxDtypes } from '../graph/toOnnx';
import { signedLevels } from '../tensor/blockwise';
import { NF4_BLOCK } from '../tensor/nf4Levels';
import { sizeOf, type Tensor, tensor } from '../tensor/tensor';
import { baseParameters, type ModelShape } from './modelShape';
import { dequantiseNf4, fitsNf4, NF4_GROUP, nf4Names, nf4Sizes, quantiseNf4 } from './nf4';
import type { ParameterSpec } from './slmParameters';

export interface Nf4Values {
  /** [out, in] */
  readonly shape: readonly [number, number];
  /** uint8 [out·in / 2] */
  readonly packed: Value;
  /** uint8, of each block, filled up to whole groups */
  readonly largest: Value;
  /** float32 [1 + groups] */
  readonly nested: Value;
}

/** The layers of a quantised model that are held so; none of another. */
export const nf4Layers = (model: ModelShape): ParameterSpec[] =>
  model.quantization === 'nf4' ? nf4LayersOf(model) : [];

/** The linear layers that are made of whole blocks. */
export const nf4LayersOf = (model: ModelShape): ParameterSpec[] =>
  baseParameters(model).filter(({ linear, shape }) => linear && fitsNf4(sizeOf(shape)));

/** [out, in] */
export function outIn({ shape, linear }: ParameterSpec): [number, number] {
  const [rows = 0, columns = 0] = shape;
  return linear === 'in-out' ? [columns, rows] : [rows, columns];
}

/** The numbers that NF4 holds a weight as; a weight that is not held so stays. */
export function roundedToNf4(w: Tensor<'float32'>, spec: ParameterSpec): Tensor<'float32'> {
  if (!spec.linear || !fitsNf4(w.data.length)) return w;
  const matrix = quantiseNf4(w.data, outIn(spec), spec.linear);
  return tensor('float32', w.shape, dequantiseNf4(matrix, outIn(spec), spec.linear));
}

export function nf4Inputs(b: GraphBuilder, spec: ParameterSpec): Nf4Values {
  const [names, sizes] = [nf4Names(spec.name), nf4Sizes(sizeOf(spec.shape))];
  return {
    shape: outIn(spec),
    packed: b.input(names.packed, 'uint8', [sizes.packed]),
    largest: b.input(names.largest, 'uint8', [sizes.largest]),
    nested: b.input(names.nested, 'float32', [sizes.nested]),
  };
}

/** x [rows, in] → [rows, out] */
export function nf4Product(b: GraphBuilder, x: Value, weight: Nf4Values): Value {
  const [N, K] = weight.shape;
  const largest = largestOf(b, weight, (N * K) / NF4_BLOCK);
  const attributes = { K, N, block_size: NF4_BLOCK, quant_type: 1 } as const;
  return b.one('MatMulBnb4', [x, weight.packed, largest], attributes);
}

/** level · largest of the group + mean → [blocks] */
function largestOf(b: GraphBuilder, { largest, nested }: Nf4Values, blocks: number): Value {
  const levels = b.shared('signed_levels', () =>
    tensor('float32', [signedLevels.values.length], signedLevels.values),
  );
  const groups = largest.shape[0]! / NF4_GROUP;
  const around = b.gather(levels, b.one('Cast', [largest], { to: onnxDtypes.int32 }));
  const scales = b.reshape(b.slice(nested, 0, 1, groups + 1), [groups, 1]);
  const scaled = b.mul(b.reshape(around, [groups, NF4_GROUP]), scales);
  const all = b.reshape(b.add(scaled, b.slice(nested, 0, 0, 1)), [groups * NF4_GROUP]);
  return b.slice(all, 0, 0, blocks);
}
