/**
 * A graph as the WebGPU provider must be given it: what it computes wrongly is written out in other
 * operators. onnxruntime-node 1.30 gives the mean for the second result of
 * SimplifiedLayerNormalization, which is one over the root mean square. Pure.
 */
import { type Graph, GraphBuilder, type Node } from '../graph/graph';

export function forWebGpu(graph: Graph): Graph {
  const b = new GraphBuilder('webgpu');
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const [out, inverse] = node.outputs;
    if (node.op !== 'SimplifiedLayerNormalization' || !out || !inverse) return [node];
    const { epsilon } = node.attributes as { epsilon: number };
    const x = node.inputs[0]!;
    const before = b.nodes.length;
    b.scope(`${node.name}.inverse`, () => {
      const square = b.mean(b.mul(x, x), [x.shape.length - 1]);
      return b.div(b.scalar(1), b.sqrt(b.add(square, b.scalar(epsilon))));
    });
    const made = b.nodes.slice(before);
    const last = made.pop()!;
    return [{ ...node, outputs: [out] }, ...made, { ...last, outputs: [inverse] }];
  });
  if (b.constants.size === 0) return graph;
  const own = [...b.constants].map(([v, data]) => [v, data] as const);
  const names = new Map(own.map(([v]) => [v, { ...v, name: `webgpu.${v.name}` }]));
  const renamed = nodes.map(node => ({
    ...node,
    inputs: node.inputs.map(v => names.get(v) ?? v),
  }));
  return {
    ...graph,
    nodes: renamed,
    constants: new Map([
      ...graph.constants,
      ...own.map(([v, data]) => [names.get(v)!, data] as const),
    ]),
  };
}
