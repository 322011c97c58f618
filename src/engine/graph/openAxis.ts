/**
 * A graph for any size of something, from a program that is written for a given one: it is made for
 * two sizes, and what differs between the two graphs is open. Pure.
 */
import { type Graph, GraphBuilder, type Node, sameShape, type Value } from './graph';

/** Primes: no other size in a graph is likely to be a multiple of one. */
const SIZES = [1009, 1013] as const;

/**
 * @param name of the size, in the names of open axes
 * @param make the graph for one size; only shapes of inputs and targets of reshapes may depend on it
 * @throws when anything else depends on it, naming it
 */
export function openAxis(name: string, make: (size: number) => Graph): Graph {
  const [one, other] = [make(SIZES[0]), make(SIZES[1])];
  const targets = new GraphBuilder(name);
  const depends = (what: string): never => {
    throw new Error(`${what} depends on ${name}`);
  };
  const openInput = (v: Value, i: number): Value => {
    const twin = other.inputs[i];
    if (v.name !== twin?.name) return depends(v.name);
    const open = v.shape.flatMap((size, axis) =>
      size === twin.shape[axis]
        ? []
        : [[axis, size === SIZES[0] ? name : `${name}_${size}`] as const],
    );
    return open.length === 0 ? v : { ...v, open: { ...v.open, ...Object.fromEntries(open) } };
  };
  const inputs = new Map(one.inputs.map((v, i) => [v, openInput(v, i)]));
  const openNode = (node: Node, i: number): Node => {
    const twin = other.nodes[i];
    if (node.op !== twin?.op || !sameAttributes(node, twin)) return depends(node.name);
    const given = node.inputs.map((v, at) => {
      const otherwise = twin.inputs[at]!;
      if (isSame(one, v, otherwise)) return inputs.get(v) ?? v;
      const [a, b] = [fixedInts(one, v), fixedInts(other, otherwise)];
      if (node.op !== 'Reshape' || !a || !b) return depends(node.name);
      return targets.ints(a.map((d, axis) => (d === b[axis] ? d : -1)));
    });
    return { ...node, inputs: given };
  };
  if (one.nodes.length !== other.nodes.length) depends('the number of operators');
  const nodes = one.nodes.map(openNode);
  const read = new Set(nodes.flatMap(node => node.inputs));
  const kept = [...one.constants, ...targets.constants].filter(([v]) => read.has(v));
  return { ...one, inputs: [...inputs.values()], nodes, constants: new Map(kept) };
}

const sameAttributes = (a: Node, b: Node): boolean =>
  JSON.stringify(a.attributes) === JSON.stringify(b.attributes);

const isSame = ({ constants }: Graph, a: Value, b: Value): boolean =>
  a.name === b.name && (!constants.has(a) || sameShape(a.shape, b.shape));

function fixedInts({ constants }: Graph, value: Value): number[] | undefined {
  const constant = constants.get(value);
  const data = constant && 'data' in constant && constant.data;
  return data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
}
