/**
 * A graph as plain data: values (edges) with a dtype and a static shape, nodes in an order in which
 * they can run. Pure: no IO, nothing async; the same calls give the same graph.
 */
import { type ExternalTensor, type Tensor, tensor } from '../tensor/tensor';
import type { Op, OpAttributes } from './op';
import { shapeRules } from './shapes';

const graphDtypes = ['float32', 'float16', 'bfloat16', 'int64', 'int32', 'uint8', 'bool'] as const;
export type GraphDtype = (typeof graphDtypes)[number];

/** An edge: what one node writes and others read. */
export interface Value {
  readonly name: string;
  readonly dtype: GraphDtype;
  readonly shape: readonly number[];
  /** Axes of an input whose size may be another one at each run, with a name for each. */
  readonly open?: Readonly<Record<number, string>>;
}

export interface Node<K extends Op = Op> {
  readonly op: K;
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: OpAttributes[K];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly constants: ReadonlyMap<Value, Tensor | ExternalTensor>;
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

const isGraphDtype = (dtype: string): dtype is GraphDtype =>
  (graphDtypes as readonly string[]).includes(dtype);

/** Collects nodes; every call infers shapes at once, so a mistake is found where it is made. */
export class GraphBuilder {
  readonly inputs: Value[] = [];
  readonly constants = new Map<Value, Tensor | ExternalTensor>();
  readonly nodes: Node[] = [];
  readonly #known = new Map<string, Value>();
  readonly #fedInts = new Map<Value, readonly number[]>();
  readonly #names = new Map<string, number>();
  readonly #taken = new Set<string>();
  #scope = '';

  constructor(readonly name: string) {}

  /** A builder that goes on where a graph ends. */
  static from(graph: Graph): GraphBuilder {
    const b = new GraphBuilder(graph.name);
    b.inputs.push(...graph.inputs);
    b.nodes.push(...graph.nodes);
    for (const [value, data] of graph.constants) b.constants.set(value, data);
    const made = graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs.map(v => v.name)]);
    const given = [...graph.inputs, ...graph.constants.keys()].map(v => v.name);
    for (const name of [...made, ...given]) b.#taken.add(name);
    return b;
  }

  /**
   * @param open axes that may have any size when the graph runs: shapes are inferred for the size
   * given here, and nothing in the graph may depend on it.
   */
  input(
    name: string,
    dtype: GraphDtype,
    shape: readonly number[],
    open?: Readonly<Record<number, string>>,
  ): Value {
    const value = { name: this.#unique(name), dtype, shape, ...(open && { open }) };
    if (value.name !== name) throw new Error(`graph input ${name} is declared twice`);
    this.inputs.push(value);
    return value;
  }

  /** Integers that are fed, for operators whose shape depends on them: it is inferred for these. */
  intsInput(name: string, ints: readonly number[]): Value {
    const value = this.input(name, 'int64', [ints.length]);
    this.#fedInts.set(value, ints);
    return value;
  }

  constant(name: string, data: Tensor | ExternalTensor): Value {
    if (!isGraphDtype(data.dtype)) throw new Error(`constant ${name} has dtype ${data.dtype}`);
    const value = { name: this.#unique(name), dtype: data.dtype, shape: data.shape };
    this.constants.set(value, data);
    return value;
  }

  /** A constant under a name that says it all: asked for again, the first one is given. */
  shared(name: string, make: () => Tensor): Value {
    const known = this.#known.get(name);
    if (known) return known;
    const value = this.constant(name, make());
    this.#known.set(name, value);
    return value;
  }

  scalar(x: number): Value {
    return this.shared(`scalar_${x}`, () => tensor('float32', [], Float32Array.of(x)));
  }

  ints(xs: readonly number[]): Value {
    const data = () => tensor('int64', [xs.length], BigInt64Array.from(xs, BigInt));
    return this.shared(`ints_${xs.join('_')}`, data);
  }

  /** Names of nodes made inside `body` start with `name.` */
  scope<T>(name: string, body: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${name}.`;
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  /** @throws when dtypes or shapes do not fit, naming operator, node and shapes. */
  apply<K extends Op>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): Value[] {
    const name = this.#unique(`${this.#scope}${op}`);
    const inferred = inferOutputs(this, name, op, inputs, attributes);
    const outputs = inferred.map(({ dtype, shape }, i) => ({
      name: i === 0 ? name : `${name}:${i}`,
      dtype,
      shape,
    }));
    this.nodes.push({ op, name, inputs, outputs, attributes });
    return outputs;
  }

  one<K extends Op>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): Value {
    const [first] = this.apply(op, inputs, attributes);
    if (!first) throw new Error(`${op} has no output`);
    return first;
  }

  add = (a: Value, b: Value) => this.one('Add', [a, b], {});
  sub = (a: Value, b: Value) => this.one('Sub', [a, b], {});
  mul = (a: Value, b: Value) => this.one('Mul', [a, b], {});
  div = (a: Value, b: Value) => this.one('Div', [a, b], {});
  neg = (a: Value) => this.one('Neg', [a], {});
  exp = (a: Value) => this.one('Exp', [a], {});
  log = (a: Value) => this.one('Log', [a], {});
  sqrt = (a: Value) => this.one('Sqrt', [a], {});
  erf = (a: Value) => this.one('Erf', [a], {});
  scale = (a: Value, s: number) => (s === 1 ? a : this.mul(a, this.scalar(s)));
  tanh = (a: Value) => this.one('Tanh', [a], {});
  sigmoid = (a: Value) => this.one('Sigmoid', [a], {});
  /** The larger of both, elementwise. */
  larger = (a: Value, b: Value) => this.one('Max', [a, b], {});
  silu = (a: Value) => this.one('QuickGelu', [a], { alpha: 1 });
  fastGelu = (a: Value) => this.one('FastGelu', [a], {});
  gelu = (a: Value) => this.one('Gelu', [a], {});
  softmax = (a: Value, axis = -1) => this.one('Softmax', [a], { axis });
  logSoftmax = (a: Value, axis = -1) => this.one('LogSoftmax', [a], { axis });
  matmul = (a: Value, b: Value) => this.one('MatMul', [a, b], {});
  fusedMatMul = (a: Value, b: Value, attributes: OpAttributes['FusedMatMul']) =>
    this.one('FusedMatMul', [a, b], attributes);
  /** alpha · op(a)·op(b) + beta · c for matrices. */
  gemm = (a: Value, b: Value, attributes: OpAttributes['Gemm'] = {}, c?: Value) =>
    this.one('Gemm', c ? [a, b, c] : [a, b], attributes);
  identity = (a: Value) => this.one('Identity', [a], {});
  reshape = (a: Value, shape: readonly number[]) =>
    sameShape(a.shape, shape) ? a : this.one('Reshape', [a, this.ints(shape)], {});
  /** All values in a row, however many there are. */
  flat = (a: Value) => this.one('Reshape', [a, this.ints([-1])], {});
  transpose = (a: Value, perm: number[]) => this.one('Transpose', [a], { perm });
  concat = (xs: readonly Value[], axis: number) => this.one('Concat', xs, { axis });
  split = (a: Value, sizes: readonly number[], axis: number) =>
    this.splitAs(a, this.ints(sizes), axis);
  splitAs = (a: Value, sizes: Value, axis: number) => this.apply('Split', [a, sizes], { axis });
  /** Elements `[start, end)` along `axis`. */
  slice = (a: Value, axis: number, start: number, end: number) =>
    this.one('Slice', [a, this.ints([start]), this.ints([end]), this.ints([axis])], {});
  /** The last element along `axis`, however many there are. */
  last = (a: Value, axis: number) => this.slice(a, axis, -1, Number.MAX_SAFE_INTEGER);
  expand = (a: Value, shape: readonly number[]) =>
    sameShape(a.shape, shape) ? a : this.one('Expand', [a, this.ints(shape)], {});
  gather = (a: Value, indices: Value, axis = 0) => this.one('Gather', [a, indices], { axis });
  sum = (a: Value, axes: readonly number[], keepdims: 0 | 1 = 1) =>
    this.one('ReduceSum', [a, this.ints(axes)], { keepdims });
  max = (a: Value, axes: readonly number[], keepdims: 0 | 1 = 1) =>
    this.one('ReduceMax', [a, this.ints(axes)], { keepdims });
  mean = (a: Value, axes: readonly number[], keepdims: 0 | 1 = 1) =>
    this.one('ReduceMean', [a, this.ints(axes)], { keepdims });
  gatherElements = (a: Value, indices: Value, axis: number) =>
    this.one('GatherElements', [a, indices], { axis });
  /** `a` with `updates` added at the rows `indices` names; rows may repeat. */
  scatterAdd = (a: Value, indices: Value, updates: Value) =>
    this.one('ScatterND', [a, indices, updates], { reduction: 'add' });
  zeros = (shape: readonly number[]) => this.expand(this.scalar(0), shape);

  /**
   * x, but not before the matrices `earlier` are computed: the runtime runs independent parts in an
   * order of its own and would hold the large values of all of them at once. Adds 0 · one element of
   * each, so a NaN there shows here.
   */
  after(x: Value, earlier: readonly Value[]): Value {
    const one = (v: Value) => this.slice(this.slice(v, 0, 0, 1), 1, 0, 1);
    return earlier.reduce((y, v) => this.add(y, this.scale(one(v), 0)), x);
  }

  /** The integers that an operator's shape depends on. */
  intsOf(value: Value | undefined): number[] {
    const fed = value && this.#fedInts.get(value);
    if (fed) return [...fed];
    const constant = value && this.constants.get(value);
    const data = constant && 'data' in constant && constant.data;
    if (!(data instanceof BigInt64Array))
      throw new Error(`${value?.name ?? 'a missing input'} must be a constant of integers`);
    return Array.from(data, Number);
  }

  /**
   * Only what `outputs` need, in an order that can run. What nobody reads comes last, the first made
   * at the very end: the runtime begins with what the last node needs, so a gradient is taken as soon
   * as it can be, and nothing waits for it longer than it must.
   */
  build(outputs: readonly Value[]): Graph {
    const needed = new Set(outputs);
    const read = new Set<Value>();
    const nodes: Node[] = [];
    const unread: Node[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some(v => needed.has(v))) continue;
      (node.outputs.some(v => read.has(v)) ? nodes : unread).push(node);
      for (const v of node.inputs) {
        needed.add(v);
        read.add(v);
      }
    }
    const constants = new Map([...this.constants].filter(([v]) => needed.has(v)));
    const inputs = this.inputs.filter(v => needed.has(v));
    return {
      name: this.name,
      inputs,
      constants,
      nodes: [...nodes.reverse(), ...unread],
      outputs: [...outputs],
    };
  }

  #unique(name: string): string {
    const n = this.#names.get(name) ?? 0;
    this.#names.set(name, n + 1);
    const numbered = n === 0 ? name : `${name}_${n}`;
    if (this.#taken.has(numbered)) return this.#unique(name);
    this.#taken.add(numbered);
    return numbered;
  }
}

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

export const describeValue = (v: Value): string => `${v.dtype}[${v.shape.join(', ')}]`;

function inferOutputs<K extends Op>(
  builder: GraphBuilder,
  name: string,
  op: K,
  inputs: readonly Value[],
  attributes: OpAttributes[K],
) {
  try {
    return shapeRules[op]({ inputs, attributes, ints: i => builder.intsOf(inputs[i]) });
  } catch (error) {
    const of = inputs.map(describeValue).join(', ');
    throw new Error(`${name}(${of}): ${(error as Error).message}`, { cause: error });
  }
}

/** @throws when a name is none of the nodes' results */
export function namedValues(nodes: readonly Node[], names: readonly string[]): Value[] {
  const made = new Map(nodes.flatMap(n => n.outputs.map(v => [v.name, v] as const)));
  return names.map(name => {
    const value = made.get(name);
    if (!value) throw new Error(`the graph has no value ${name}`);
    return value;
  });
}
