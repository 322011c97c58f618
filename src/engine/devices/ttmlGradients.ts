/**
 * The gradients of a model as a Tenstorrent device would hold them: in its tensors' form, every result
 * on the way back rounded to bfloat16 as those on the way there are. Pure.
 */
import { backward } from '../graph/backward';
import { type Graph, GraphBuilder, namedValues } from '../graph/graph';
import { sizeOf, type Tensor, tensor } from '../tensor/tensor';
import { type DeviceLayout, fromDevice, placesOf } from './layout';
import { layOut, roundResults } from './ttmlGraph';

export interface TtmlGradients {
  /** Inputs: the device's tensors by their names, float32; `ids`; what `expectedOf` gives. */
  readonly graph: Graph;
  /** The output with the loss, Σ share · cross-entropy, [1]. */
  readonly loss: string;
  /** The output with the gradient of each of the device's tensors, and of each value, by its name. */
  readonly gradients: ReadonlyMap<string, string>;
  /** Values whose last axis is in the device's order, with the size of a head. */
  readonly paired: ReadonlyMap<string, number>;
}

/**
 * @param forward to logits [batch, time, vocab], with weights as inputs under their canonical names
 * @param values names of values whose gradients are wanted, too
 */
export function ttmlGradients(
  forward: Graph,
  {
    layout,
    headSize,
    values,
  }: { layout: DeviceLayout; headSize: number; values: readonly string[] },
): TtmlGradients {
  const { graph, paired } = layOut(forward, layout, headSize);
  const b = GraphBuilder.from(graph);
  const logits = graph.outputs[0]!;
  const vocabulary = logits.shape.at(-1)!;
  const rows = sizeOf(logits.shape) / vocabulary;
  const held = graph.inputs.filter(({ name }) => layout.tensors.has(name));
  held.push(...namedValues(graph.nodes, values));
  return b.scope('backward', () => {
    const expected = b.input('expected', 'float32', [rows, vocabulary]);
    const guesses = b.logSoftmax(b.reshape(logits, [rows, vocabulary]));
    const loss = b.reshape(b.neg(b.sum(b.mul(guesses, expected), [0, 1])), [1]);
    const one = b.constant('one', tensor('float32', [1], Float32Array.of(1)));
    const found = backward(b, new Map([[loss, one]]), held);
    const gradients = held.map(v => [v.name, found.get(v)!] as const);
    return {
      graph: roundResults(b.build([loss, ...gradients.map(([, g]) => g)])),
      loss: loss.name,
      gradients: new Map(gradients.map(([name, g]) => [name, g.name])),
      paired,
    };
  });
}

/**
 * The share of each token of the vocabulary in the loss, [rows, vocab]: all that count weigh alike.
 * @param targets int64, -1 is ignored
 */
export function expectedOf(targets: Tensor<'int64'>, vocabulary: number): Tensor<'float32'> {
  const counted = targets.data.reduce((n, target) => n + (target >= 0n ? 1 : 0), 0);
  const shares = new Float32Array(targets.data.length * vocabulary);
  for (const [row, target] of targets.data.entries())
    if (target >= 0n) shares[row * vocabulary + Number(target)] = 1 / counted;
  return tensor('float32', [targets.data.length, vocabulary], shares);
}

/** Gradients of the device's tensors as those of the canonical parameters in them; float32. */
export function canonicalGradients(
  layout: DeviceLayout,
  ofTensor: (name: string) => Tensor,
): Map<string, Tensor> {
  const places = [...placesOf(layout)].filter(([name]) => !layout.ties.has(name));
  return new Map(
    places.map(([name, place]) => [name, fromDevice(place, ofTensor(place.tensor.name))]),
  );
}
