/** What a graph holds at its peak, by the order in which the runtime runs it. */
import type { Graph, Node, Value } from '../../../src/engine/graph/graph';
import { sizeOf } from '../../../src/engine/tensor/tensor';

/** The runtime's order: what the last unread node needs, then that of the one before. */
function executed({ nodes }: Graph): Node[] {
  const makers = new Map(nodes.flatMap(node => node.outputs.map(v => [v, node] as const)));
  const order = new Set<Node>();
  const visit = (node: Node): void => {
    if (order.has(node)) return;
    for (const v of node.inputs) {
      const maker = makers.get(v);
      if (maker) visit(maker);
    }
    order.add(node);
  };
  const read = new Set(nodes.flatMap(node => node.inputs));
  for (const node of nodes.toReversed()) if (!node.outputs.some(v => read.has(v))) visit(node);
  return [...order];
}

/** Bytes of values that are alive at once, or what else is counted of each. */
export function mostAlive(graph: Graph, bytes = (v: Value) => 4 * sizeOf(v.shape)): number {
  const nodes = executed(graph);
  const last = new Map<Value, number>();
  for (const [i, { inputs }] of nodes.entries()) for (const v of inputs) last.set(v, i);
  for (const v of graph.outputs) last.set(v, Infinity);
  const made = new Set<Value>();
  let [alive, most] = [0, 0];
  for (const [i, node] of nodes.entries()) {
    for (const v of node.outputs) {
      made.add(v);
      alive += bytes(v);
    }
    most = Math.max(most, alive);
    for (const v of new Set([...node.inputs, ...node.outputs]))
      if (made.has(v) && (last.get(v) ?? i) === i) alive -= bytes(v);
  }
  return most;
}
