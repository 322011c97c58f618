/** A graph as text, one node a line, for people and for tests to compare. */
import { describeValue, type Graph } from './graph';

export function printGraph(graph: Graph): string {
  const list = (values: readonly { name: string }[]) => values.map(v => v.name).join(', ');
  return [
    `graph ${graph.name}`,
    ...graph.inputs.map(v => `  input ${v.name}: ${describeValue(v)}`),
    ...[...graph.constants.keys()].map(v => `  constant ${v.name}: ${describeValue(v)}`),
    ...graph.nodes.map(node => {
      const attributes = Object.entries(node.attributes).map(([k, x]) => ` ${k}=${String(x)}`);
      const shapes = node.outputs.map(describeValue).join(', ');
      return `  ${list(node.outputs)} = ${node.op}(${list(node.inputs)})${attributes.join('')}: ${shapes}`;
    }),
    `  output ${list(graph.outputs)}`,
  ].join('\n');
}
