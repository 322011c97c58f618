/** The graph of a model's forward pass, and the same graph with other outputs. Pure. */
import { type Graph, namedValues, type Value } from '../graph/graph';
import { logitsProgram } from '../model/programs';
import type { ModelShape } from '../model/modelShape';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';

/** From ids int64 [batch, time] to `logits`; weights are inputs under their canonical names. */
export function forwardGraph(model: ModelShape, ids: Tensor): Graph {
  const [batch = 1, time = 1] = ids.shape;
  if (time > model.base.block_size)
    fail(
      'trace.too-long',
      `The ids have ${time} positions; the model's block size is ${model.base.block_size}.`,
    );
  return logitsProgram(model, { batch, time }, 'all');
}

/** The first output of each node that computes numbers, in the order in which they are made. */
export const computedValues = ({ nodes }: Graph): Value[] =>
  nodes.flatMap(({ outputs: [first] }) => (first?.dtype === 'float32' ? [first] : []));

/** @throws when a name is none of the graph's values */
export const withOutputs = (graph: Graph, names: readonly string[]): Graph => ({
  ...graph,
  outputs: namedValues(graph.nodes, names),
});

const blockOf = (name: string): string | undefined =>
  /^(?:blocks|layers|h)\.(\d+)\./.exec(name)?.[1];

export interface Border {
  readonly layer: string;
  readonly value: string;
}

/** The last value of the embedding and of each block, and the logits. */
export function layerBorders(graph: Graph): Border[] {
  const borders = new Map<string, string>();
  const values = computedValues(graph);
  const firstBlock = values.findIndex(v => blockOf(v.name) !== undefined);
  for (const [i, { name }] of values.entries()) {
    const layer = blockOf(name) ?? (i < firstBlock ? 'embedding' : undefined);
    if (layer !== undefined) borders.set(layer, name);
  }
  return [
    ...[...borders].map(([layer, value]) => ({ layer, value })),
    { layer: 'logits', value: 'logits' },
  ];
}
