/**
 * Shape and dtype of every operator's outputs from those of its inputs; shapes are static.
 * Exhaustive by type: an operator without a rule does not compile.
 */
import type { GraphDtype, Value } from './graph';
import type { Op, OpAttributes } from './op';

export interface Inferred {
  dtype: GraphDtype;
  shape: readonly number[];
}

export interface ShapeContext<Attributes> {
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  /** The integers of input i, which must be a constant. */
  readonly ints: (i: number) => number[];
}

type ShapeRule<Attributes = object> = (context: ShapeContext<Attributes>) => Inferred[];

const at = (inputs: readonly Value[], i: number): Value => {
  const value = inputs[i];
  if (!value) throw new Error(`input ${i} is missing`);
  return value;
};

const expect = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(message);
};

export const wrapAxis = (axis: number, rank: number): number => {
  const wrapped = axis < 0 ? axis + rank : axis;
  expect(wrapped >= 0 && wrapped < rank, `axis ${axis} is outside rank ${rank}`);
  return wrapped;
};

/** NumPy broadcasting of two shapes. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    expect(
      x === y || x === 1 || y === 1,
      `[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`,
    );
    return x === 1 ? y : x;
  });
}

/** As far as there are elements, when the end is left open. */
const endOfSlice = (end: number, size: number): number =>
  end === Number.MAX_SAFE_INTEGER ? size : end;

const dim = (shape: readonly number[], i: number): number => shape.at(i) ?? 1;
const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const like = (v: Value, shape: readonly number[] = v.shape): Inferred[] => [
  { dtype: v.dtype, shape },
];

const unary: ShapeRule = ({ inputs }) => like(at(inputs, 0));

const binary: ShapeRule = ({ inputs }) => {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  expect(a.dtype === b.dtype, `dtypes ${a.dtype} and ${b.dtype} differ`);
  return like(a, broadcast(a.shape, b.shape));
};

const product = (a: Value, b: Value, transA = 0, transB = 0): number[] => {
  expect(a.shape.length >= 2 && b.shape.length >= 2, 'both sides need at least two dimensions');
  const [m, k] = transA
    ? [dim(a.shape, -1), dim(a.shape, -2)]
    : [dim(a.shape, -2), dim(a.shape, -1)];
  const [l, n] = transB
    ? [dim(b.shape, -1), dim(b.shape, -2)]
    : [dim(b.shape, -2), dim(b.shape, -1)];
  expect(k === l, `inner dimensions ${k} and ${l} differ`);
  return [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
};

const reduce = ({
  inputs,
  attributes,
  ints,
}: ShapeContext<OpAttributes['ReduceSum']>): Inferred[] => {
  const x = at(inputs, 0);
  const axes = new Set(ints(1).map(axis => wrapAxis(axis, x.shape.length)));
  const kept = x.shape.map((d, i) => (axes.has(i) ? 1 : d));
  return like(x, attributes.keepdims ? kept : x.shape.filter((_, i) => !axes.has(i)));
};

/** The normalised values, then `statistics` numbers for each row. */
const normalised = (
  { inputs, attributes }: ShapeContext<{ axis: number }>,
  statistics: number,
): Inferred[] => {
  const [x, w] = [at(inputs, 0), at(inputs, 1)];
  const axis = wrapAxis(attributes.axis, x.shape.length);
  expect(
    size(w.shape) === size(x.shape.slice(axis)),
    `weight has ${size(w.shape)} values for rows of ${size(x.shape.slice(axis))}`,
  );
  const perRow = x.shape.map((d, i) => (i < axis ? d : 1));
  return [...like(x), ...Array.from({ length: statistics }, () => like(x, perRow)).flat()];
};

const alongAxis: ShapeRule<{ axis: number }> = ({ inputs, attributes }) => {
  wrapAxis(attributes.axis, at(inputs, 0).shape.length);
  return like(at(inputs, 0));
};

export const shapeRules: { [K in Op]: ShapeRule<OpAttributes[K]> } = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Neg: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Erf: unary,
  Tanh: unary,
  Sigmoid: unary,
  Max: binary,
  Gelu: unary,
  FastGelu: unary,
  QuickGelu: unary,
  Gemm: ({ inputs, attributes: { transA, transB } }) => {
    const [a, b, c] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    expect(a.shape.length === 2 && b.shape.length === 2, 'both sides must be matrices');
    const shape = product(a, b, transA, transB);
    if (c) expect(size(broadcast(c.shape, shape)) === size(shape), 'C does not broadcast to A·B');
    return like(a, shape);
  },
  MatMul: ({ inputs }) => like(at(inputs, 0), product(at(inputs, 0), at(inputs, 1))),
  FusedMatMul: ({ inputs, attributes: { transA, transB } }) =>
    like(at(inputs, 0), product(at(inputs, 0), at(inputs, 1), transA, transB)),
  MatMulNBits: ({ inputs, attributes: { K, N, bits, block_size } }) => {
    const [x, packed, scales] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const blocks = Math.ceil(K / block_size);
    expect(dim(x.shape, -1) === K, `rows have ${dim(x.shape, -1)} values, not ${K}`);
    const bytes = N * blocks * ((block_size * bits) / 8);
    expect(size(packed.shape) === bytes, `packed weights take ${bytes} bytes`);
    expect(size(scales.shape) === N * blocks, `there must be ${N * blocks} scales`);
    return like(x, [...x.shape.slice(0, -1), N]);
  },
  MatMulBnb4: ({ inputs, attributes: { K, N, block_size } }) => {
    const [x, packed, largest] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    expect(x.shape.length === 2, 'x must be a matrix');
    expect(dim(x.shape, -1) === K, `rows have ${dim(x.shape, -1)} values, not ${K}`);
    expect((N * K) % block_size === 0, `${N} × ${K} is not made of whole blocks of ${block_size}`);
    expect(size(packed.shape) === (N * K) / 2, `packed weights take ${(N * K) / 2} bytes`);
    expect(size(largest.shape) === (N * K) / block_size, `a largest number for each block`);
    return like(x, [dim(x.shape, 0), N]);
  },
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  LayerNormalization: context => normalised(context, 2),
  SimplifiedLayerNormalization: context => normalised(context, 1),
  ReduceSum: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  Identity: unary,
  Reshape: ({ inputs, ints }) => {
    const [x, wanted] = [at(inputs, 0), ints(1)];
    const known = size(wanted.filter(d => d !== -1));
    const shape = wanted.map(d => (d === -1 ? size(x.shape) / known : d)); // the rest, as in ONNX
    expect(
      size(shape) === size(x.shape),
      `cannot hold ${size(x.shape)} values in [${wanted.join(', ')}]`,
    );
    return like(x, shape);
  },
  Transpose: ({ inputs, attributes: { perm } }) => {
    const x = at(inputs, 0);
    expect(
      perm.length === x.shape.length && new Set(perm).size === perm.length,
      `perm [${perm.join(', ')}] does not fit rank ${x.shape.length}`,
    );
    return like(
      x,
      perm.map(i => dim(x.shape, wrapAxis(i, x.shape.length))),
    );
  },
  Split: ({ inputs, attributes, ints }) => {
    const [x, sizes] = [at(inputs, 0), ints(1)];
    const axis = wrapAxis(attributes.axis, x.shape.length);
    expect(
      sizes.reduce((n, s) => n + s, 0) === x.shape[axis],
      `parts ${sizes.join(' + ')} do not make ${x.shape[axis]}`,
    );
    return sizes.flatMap(s => like(x, x.shape.with(axis, s)));
  },
  Concat: ({ inputs, attributes }) => {
    const first = at(inputs, 0);
    const axis = wrapAxis(attributes.axis, first.shape.length);
    const total = inputs.reduce((n, v) => n + dim(v.shape, axis), 0);
    for (const v of inputs)
      expect(
        v.shape.every((d, i) => i === axis || d === first.shape[i]),
        `[${v.shape.join(', ')}] does not join [${first.shape.join(', ')}] on axis ${axis}`,
      );
    return like(first, first.shape.with(axis, total));
  },
  Slice: ({ inputs, ints }) => {
    const x = at(inputs, 0);
    const [starts, ends, axes] = [ints(1), ints(2), ints(3)];
    const shape = [...x.shape];
    axes.forEach((a, i) => {
      const axis = wrapAxis(a, shape.length);
      const all = dim(x.shape, axis);
      const [from = 0, to = 0] = [starts[i], ends[i]];
      const [start, end] = [from < 0 ? from + all : from, endOfSlice(to, all)];
      expect(0 <= start && start <= end && end <= all, `no elements ${start} to ${end}`);
      shape[axis] = end - start;
    });
    return like(x, shape);
  },
  Expand: ({ inputs, ints }) => like(at(inputs, 0), broadcast(at(inputs, 0).shape, ints(1))),
  Gather: ({ inputs, attributes }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    const axis = wrapAxis(attributes.axis, x.shape.length);
    return like(x, x.shape.toSpliced(axis, 1, ...indices.shape));
  },
  GatherElements: ({ inputs, attributes }) => {
    wrapAxis(attributes.axis, at(inputs, 0).shape.length);
    return like(at(inputs, 0), at(inputs, 1).shape);
  },
  ScatterND: ({ inputs }) => {
    const [x, indices, updates] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const depth = dim(indices.shape, -1);
    const expected = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
    expect(
      expected.join() === updates.shape.join(),
      `updates must be [${expected.join(', ')}], not [${updates.shape.join(', ')}]`,
    );
    return like(x);
  },
  Cast: ({ inputs, attributes }) => {
    const dtypes: Record<number, GraphDtype> = {
      1: 'float32',
      6: 'int32',
      7: 'int64',
      9: 'bool',
    };
    const dtype = dtypes[attributes.to];
    if (!dtype) throw new Error(`ONNX dtype ${attributes.to} is not one of a graph`);
    return [{ dtype, shape: at(inputs, 0).shape }];
  },
  Where: ({ inputs }) => {
    const [condition, x, y] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    expect(condition.dtype === 'bool', `condition is ${condition.dtype}, not bool`);
    return like(x, broadcast(condition.shape, broadcast(x.shape, y.shape)));
  },
  RotaryEmbedding: ({ inputs }) => {
    const [x, cos] = [at(inputs, 0), at(inputs, 2)];
    expect(x.shape.length === 4, 'x must be [batch, heads, time, head size]');
    expect(dim(cos.shape, 1) * 2 === dim(x.shape, 3), 'the cosines must be half a head wide');
    return like(x);
  },
};
