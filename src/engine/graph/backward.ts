/**
 * Reverse-mode differentiation: extends a graph under construction with the gradients of chosen
 * values. Knows the rules only by their table.
 */
import { describeValue, type GraphBuilder, type Node, sameShape, type Value } from './graph';
import { gradientRules } from './gradients';
import type { Op } from './op';

/** Says which segment a node is of, if it is of one: its values are computed again for the gradient. */
export type SegmentOf = (node: Node) => string | undefined;

/**
 * Gradients of a scalar L in `wanted`, given the gradients of L in some values (`seeds`), which is
 * `{loss → 1}` or, for a head that computes its own gradient, `{its input → that gradient}`.
 *
 * With segments (Chen et al. 2016, gradient checkpointing) only what enters a segment is kept until
 * the gradient of its result is there; what lies in it is then computed a second time.
 *
 * @returns a gradient for each wanted value, of the same dtype and shape.
 * @throws naming operator and node when a rule fails or gives a wrong shape, and naming the wanted
 * value when L does not depend on it.
 */
export function backward(
  b: GraphBuilder,
  seeds: ReadonlyMap<Value, Value>,
  wanted: readonly Value[],
  segmentOf: SegmentOf = () => undefined,
): Map<Value, Value> {
  const pass: Pass = { b, depends: dependents(b.nodes, wanted), gradients: new Map(seeds) };
  const nodes = [...b.nodes];
  const done = new Set<string>();
  for (const node of nodes.toReversed()) {
    const segment = segmentOf(node);
    if (segment === undefined) propagate(pass, node);
    else if (!done.has(segment)) {
      done.add(segment);
      propagateSegment(
        pass,
        nodes.filter(other => segmentOf(other) === segment),
      );
    }
  }
  return new Map(
    wanted.map(v => {
      const g = pass.gradients.get(v);
      if (!g) throw new Error(`the result does not depend on ${v.name}`);
      return [v, g];
    }),
  );
}

interface Pass {
  readonly b: GraphBuilder;
  /** Values that a change in what is wanted would reach. */
  readonly depends: Set<Value>;
  /** So far. */
  readonly gradients: Map<Value, Value>;
}

/** From the gradients of a node's outputs to those of its inputs. */
function propagate({ b, depends, gradients }: Pass, node: Node): void {
  const gs = node.outputs.map(v => gradients.get(v));
  if (gs.every(g => g === undefined) || !node.inputs.some(v => depends.has(v))) return;
  const inputGradients = differentiate(b, node, gs, depends);
  node.inputs.forEach((x, i) => {
    const dx = inputGradients[i];
    if (!dx || !depends.has(x)) return;
    if (dx.dtype !== x.dtype || !sameShape(dx.shape, x.shape))
      throw new Error(
        `gradient of ${node.name} (${node.op}) in ${x.name} is ${describeValue(dx)}, not ${describeValue(x)}`,
      );
    const sum = gradients.get(x);
    gradients.set(x, sum ? b.scope('grad', () => accumulate(b, sum, dx)) : dx);
  });
}

/** The same through a copy of the segment that runs once the gradients of its results are there. */
function propagateSegment(pass: Pass, nodes: readonly Node[]): void {
  const { b, depends, gradients } = pass;
  const inside = new Set(nodes.flatMap(node => node.outputs));
  const results = [...inside].flatMap(v => gradients.get(v) ?? []);
  if (results.length === 0) return;
  const isComputed = new Set(b.nodes.flatMap(node => node.outputs));
  const copies = new Map<Value, Value>();
  const copyOf = (v: Value): Value => {
    const known = copies.get(v);
    if (known || inside.has(v) || !isComputed.has(v) || v.shape.length !== 2) return known ?? v;
    const late = b.after(v, results);
    if (depends.has(v)) depends.add(late);
    copies.set(v, late);
    return late;
  };
  const again = nodes.map(node => {
    const inputs = node.inputs.map(copyOf);
    const outputs = b.scope('again', () => b.apply(node.op, inputs, node.attributes));
    for (const [i, output] of outputs.entries()) {
      const original = node.outputs[i]!;
      copies.set(original, output);
      if (depends.has(original)) depends.add(output);
      const g = gradients.get(original);
      if (g) gradients.set(output, g);
    }
    return b.nodes.at(-1)!;
  });
  for (const node of again.toReversed()) propagate(pass, node);
  for (const [original, late] of copies) {
    const g = gradients.get(late);
    if (inside.has(original) || !g) continue;
    const sum = gradients.get(original);
    gradients.set(original, sum ? b.scope('grad', () => accumulate(b, sum, g)) : g);
  }
}

/**
 * sum + dx. Rows scattered onto zeros are scattered onto the sum instead: the gradient of a large
 * embedding table is then never held twice.
 */
function accumulate(b: GraphBuilder, sum: Value, dx: Value): Value {
  const made = b.nodes.at(-1);
  if (made?.op !== 'ScatterND' || made.outputs[0] !== dx) return b.add(sum, dx);
  const [base, indices, updates] = made.inputs;
  const onZeros = b.nodes.some(n => n.op === 'Expand' && n.outputs[0] === base);
  return onZeros && indices && updates ? b.scatterAdd(sum, indices, updates) : b.add(sum, dx);
}

/** Values that a change in `wanted` would reach. */
function dependents(nodes: readonly Node[], wanted: readonly Value[]): Set<Value> {
  const reached = new Set(wanted);
  for (const node of nodes)
    if (node.inputs.some(v => reached.has(v))) for (const v of node.outputs) reached.add(v);
  return reached;
}

function differentiate<K extends Op>(
  b: GraphBuilder,
  node: Node<K>,
  gs: readonly (Value | undefined)[],
  depends: ReadonlySet<Value>,
) {
  const pick = (values: readonly Value[], i: number): Value => {
    const value = values[i];
    if (!value) throw new Error(`${node.name} has no value ${i}`);
    return value;
  };
  try {
    return b.scope(`grad.${node.name}`, () =>
      gradientRules[node.op]({
        b,
        node,
        gs,
        g: gs[0] ?? b.zeros(pick(node.outputs, 0).shape),
        x: i => pick(node.inputs, i),
        y: i => pick(node.outputs, i),
        wants: i => depends.has(pick(node.inputs, i)),
      }),
    );
  } catch (error) {
    throw new Error(`gradient of ${node.name} (${node.op}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}
