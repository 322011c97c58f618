/**
 * What a graph holds at its peak, by the order in which the runtime runs it: as far as possible with
 * what nobody needs any more given back, and results in the place of what they are made from. Pure.
 */
import type { Graph, Node, Value } from '../graph/graph';
import type { Op } from '../graph/op';
import { dtypeBytes, sizeOf } from '../tensor/tensor';

/** Results that are other views of their first input. */
const views: ReadonlySet<Op> = new Set<Op>(['Reshape', 'Identity']);

/** Elementwise: a result of the same size takes the place of an input that nobody else needs. */
const inPlace: ReadonlySet<Op> = new Set<Op>([
  ...(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Exp', 'Log', 'Sqrt', 'Erf', 'Tanh', 'Sigmoid'] as const),
  ...(['Max', 'Gelu', 'FastGelu', 'QuickGelu', 'Softmax', 'LogSoftmax', 'Where'] as const),
]);

/** The runtime's order: what the last unread node needs, then that of the one before. */
export function runOrder({ nodes }: Graph): Node[] {
  const makers = new Map(nodes.flatMap(node => node.outputs.map(v => [v, node] as const)));
  const order = new Set<Node>();
  const read = new Set(nodes.flatMap(node => node.inputs));
  for (const node of nodes.toReversed()) {
    if (node.outputs.some(v => read.has(v))) continue;
    const stack: { node: Node; next: number }[] = [{ node, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (!input) {
        order.add(top.node);
        stack.pop();
        continue;
      }
      const maker = makers.get(input);
      if (maker && !order.has(maker)) stack.push({ node: maker, next: 0 });
    }
  }
  return [...order];
}

export interface Held {
  /** Bytes at the peak of what is made while the graph runs. */
  readonly peak: number;
  /** Bytes of the peak by what `partOf` says of a value. */
  readonly byPart: ReadonlyMap<string, number>;
}

export function heldBy(graph: Graph, partOf: (v: Value) => string): Held {
  const order = runOrder(graph);
  const homes = new Map<Value, Value>();
  const home = (v: Value): Value => homes.get(v) ?? v;
  for (const { op, inputs, outputs } of order)
    if (views.has(op)) homes.set(outputs[0]!, home(inputs[0]!));
  const last = new Map<Value, number>();
  for (const [i, { inputs, outputs }] of order.entries())
    for (const v of [...inputs, ...outputs]) last.set(home(v), i);
  for (const v of graph.outputs) last.set(home(v), Infinity);

  const alive = new Map<Value, number>();
  let [bytes, most] = [0, 0];
  let atPeak: ReadonlyMap<Value, number> = new Map();
  for (const [i, node] of order.entries()) {
    if (views.has(node.op)) continue;
    const taken = inPlace.has(node.op) ? reusable(node, i, { alive, last, home }) : undefined;
    for (const [k, v] of node.outputs.entries()) {
      if (k === 0 && taken) {
        alive.delete(taken);
        bytes -= bytesOf(taken);
      }
      alive.set(v, bytesOf(v));
      bytes += bytesOf(v);
    }
    if (bytes > most) {
      most = bytes;
      atPeak = new Map(alive);
    }
    for (const v of new Set([...node.inputs, ...node.outputs].map(home))) {
      if (last.get(v) !== i || !alive.has(v)) continue;
      alive.delete(v);
      bytes -= bytesOf(v);
    }
  }
  const byPart = new Map<string, number>();
  for (const [v, n] of atPeak) byPart.set(partOf(v), (byPart.get(partOf(v)) ?? 0) + n);
  return { peak: most, byPart };
}

interface Now {
  alive: ReadonlyMap<Value, number>;
  last: ReadonlyMap<Value, number>;
  home: (v: Value) => Value;
}

const reusable = ({ inputs, outputs }: Node, at: number, { alive, last, home }: Now) =>
  inputs.map(home).find(v => alive.get(v) === bytesOf(outputs[0]!) && last.get(v) === at);

const bytesOf = ({ dtype, shape }: Value): number => dtypeBytes[dtype] * sizeOf(shape);
