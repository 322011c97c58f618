/**
 * A model's graph as a Tenstorrent device computes it with ttml's tensors: weights in the device's own
 * form, heads turned by neighbours, results rounded to bfloat16, logits of the vocabulary's padding
 * masked. Everything that the layout moves is used where it lies, so a wrong layout gives wrong values.
 */
import { type Graph, GraphBuilder, type Node, type Value } from '../graph/graph';
import { onnxDtypes } from '../graph/toOnnx';
import { type ExternalTensor, type Tensor, tensor } from '../tensor/tensor';
import { type DeviceLayout, placesOf, type PlacedParameter } from './layout';
import { arrayLike, pairedRow } from './transform';

/** What the sampling operator of ttml subtracts from logits that stand for no token. */
const MASKED_LOGIT = -1e4;

/** Operators that only move numbers, which are rounded already. */
const MOVES: ReadonlySet<string> = new Set([
  'Reshape',
  'Transpose',
  'Slice',
  'Split',
  'Concat',
  'Identity',
  'Gather',
]);

type Constants = Map<Value, Tensor | ExternalTensor>;

export interface TtmlGraph {
  /** Its inputs are the device's tensors by their names, float32, and `ids`. */
  readonly graph: Graph;
  /** Values whose last axis is in the device's order, with the size of a head. */
  readonly paired: ReadonlyMap<string, number>;
}

/**
 * @param graph with weights as inputs under their canonical names
 * @param headSize of queries and keys
 */
export function ttmlGraph(graph: Graph, layout: DeviceLayout, headSize: number): TtmlGraph {
  const laidOut = layOut(graph, layout, headSize);
  return { ...laidOut, graph: roundResults(laidOut.graph) };
}

/** The same without rounding. */
export function layOut(graph: Graph, layout: DeviceLayout, headSize: number): TtmlGraph {
  const places = placesOf(layout);
  const b = new GraphBuilder('weights');
  const held = new Map<string, Value>();
  const weights = new Map<Value, Value>();
  for (const input of graph.inputs) {
    const place = places.get(input.name);
    if (place)
      weights.set(
        input,
        b.scope('ttml', () => weightOf(b, place, held)),
      );
  }
  const { nodes, constants, paired } = rewritten(graph, weights, headSize, places);
  return {
    graph: {
      name: graph.name,
      inputs: [...b.inputs, ...graph.inputs.filter(v => !weights.has(v))],
      constants: new Map([...b.constants, ...constants]),
      nodes: [...b.nodes, ...nodes],
      outputs: graph.outputs,
    },
    paired,
  };
}

/** A parameter out of its device tensor; rows of heads and of padding stay as the device has them. */
function weightOf(b: GraphBuilder, { tensor, part }: PlacedParameter, held: Map<string, Value>) {
  const whole = held.get(tensor.name) ?? b.input(tensor.name, 'float32', tensor.shape);
  held.set(tensor.name, whole);
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  const isVector = part.shape.length === 1;
  let weight = b.reshape(whole, isVector ? [columns] : [rows, columns]);
  for (const step of part.steps.toReversed()) {
    if (step.kind === 'fuse') weight = b.slice(weight, 0, step.at, step.at + step.rows);
    if (step.kind === 'transpose') weight = b.transpose(weight, [1, 0]);
  }
  return weight;
}

function rewritten(
  graph: Graph,
  weights: ReadonlyMap<Value, Value>,
  headSize: number,
  places: ReadonlyMap<string, PlacedParameter>,
): { nodes: Node[]; constants: Constants; paired: Map<string, number> } {
  const constants = new Map(graph.constants);
  const paired = new Map<string, number>();
  const nodes: Node[] = [];
  const isPaired = (v: Value) =>
    paired.has(v.name) ||
    (places.get(v.name)?.part.steps.some(({ kind }) => kind === 'permute') ?? false);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(v => weights.get(v) ?? v);
    const turned =
      node.op === 'RotaryEmbedding'
        ? { ...node, inputs, attributes: { ...node.attributes, interleaved: 1 } }
        : { ...node, inputs };
    const [out] = node.outputs;
    // a product of queries with keys is the same in either order
    const keepsOrder = !['FusedMatMul', 'MatMul', 'Softmax'].includes(node.op);
    if (out && keepsOrder && node.inputs.some(isPaired)) paired.set(out.name, headSize);
    nodes.push(...cropped(turned, constants));
  }
  return { nodes, constants, paired };
}

/** A product with a filled-up vocabulary: what stands for no token is masked, then left out. */
function cropped(node: Node, constants: Constants): Node[] {
  const [out] = node.outputs;
  const padded = node.op === 'Gemm' ? node.inputs[1]!.shape[0]! : 0;
  const [rows = 0, columns = 0] = out?.shape ?? [];
  const isHead =
    node.op === 'Gemm' &&
    'transB' in node.attributes &&
    node.attributes.transB === 1 &&
    padded > columns;
  if (!out || !isHead) return [node];
  const value = (suffix: string, shape: readonly number[]): Value => ({
    ...out,
    name: `${out.name}.${suffix}`,
    shape,
  });
  const mask = value('mask', [padded]);
  const data = Float32Array.from({ length: padded }, (_, i) => (i < columns ? 0 : MASKED_LOGIT));
  constants.set(mask, tensor('float32', [padded], data));
  const bound = (name: string, n: number): Value => {
    const v: Value = { name: `${out.name}.${name}`, dtype: 'int64', shape: [1] };
    constants.set(v, tensor('int64', [1], BigInt64Array.of(BigInt(n))));
    return v;
  };
  const [product, masked] = [value('padded', [rows, padded]), value('masked', [rows, padded])];
  const bounds = [bound('start', 0), bound('end', columns), bound('axis', 1)];
  return [
    { ...node, outputs: [product] },
    { op: 'Add', name: masked.name, inputs: [product, mask], outputs: [masked], attributes: {} },
    {
      op: 'Slice',
      name: `${out.name}.cropped`,
      inputs: [masked, ...bounds],
      outputs: [out],
      attributes: {},
    },
  ];
}

/** Every result down to bfloat16 and up again, as it is stored. */
export function roundResults(graph: Graph): Graph {
  const nodes = graph.nodes.flatMap(node => {
    const [out, ...others] = node.outputs;
    if (!out || out.dtype !== 'float32' || MOVES.has(node.op)) return [node];
    const wide: Value = { ...out, name: `${out.name}.wide` };
    const narrow: Value = { ...out, name: `${out.name}.bf16`, dtype: 'bfloat16' };
    const cast = (from: Value, to: Value): Node<'Cast'> => ({
      ...{ op: 'Cast', name: `${to.name}.cast`, inputs: [from], outputs: [to] },
      attributes: { to: onnxDtypes[to.dtype] },
    });
    return [{ ...node, outputs: [wide, ...others] }, cast(wide, narrow), cast(narrow, out)];
  });
  return { ...graph, nodes };
}

/** A value whose last axis is in the device's order, in the canonical one. */
export function inCanonicalOrder(x: Tensor, headSize: number): Tensor {
  const data = arrayLike(x.data, x.data.length);
  for (let i = 0; i < data.length; i++) {
    const head = i - (i % headSize);
    data[i] = x.data[head + pairedRow(i % headSize, headSize)]!;
  }
  return { ...x, data };
}
