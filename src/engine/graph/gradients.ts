/**
 * The calculus: for every operator, the gradients of its inputs from the gradient of its output, in
 * the same builder the forward code uses. Exhaustive by type; what has no gradient says so.
 */
import type { GraphBuilder, Node, Value } from './graph';
import { sameShape } from './graph';
import type { Op } from './op';
import { wrapAxis } from './shapes';
import { onnxDtypes } from './toOnnx';
import { nf4Pairs } from '../tensor/nf4Levels';

/** `g` is the gradient of output 0; outputs beyond the first are statistics and carry none. */
interface GradientContext<K extends Op> {
  readonly b: GraphBuilder;
  readonly node: Node<K>;
  readonly g: Value;
  /** Input i of the node. */
  readonly x: (i: number) => Value;
  /** Output i of the node. */
  readonly y: (i: number) => Value;
  /** Gradients of all outputs of an operator with several. */
  readonly gs: readonly (Value | undefined)[];
  /** Whether input i needs a gradient; a rule may skip the work for one that does not. */
  readonly wants: (i: number) => boolean;
}

type InputGradients = readonly (Value | undefined)[];
type GradientRule<K extends Op> = (context: GradientContext<K>) => InputGradients;

/** Sums a gradient over the axes along which a value of `shape` was broadcast. */
export function sumTo(b: GraphBuilder, g: Value, shape: readonly number[]): Value {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.flatMap((d, i) =>
    i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : [],
  );
  return b.reshape(b.sum(g, axes), shape);
}

const lazily = <K extends Op>(
  context: GradientContext<K>,
  ...rules: ((() => Value) | undefined)[]
): InputGradients => rules.map((rule, i) => (rule && context.wants(i) ? rule() : undefined));

const isMatrixTransposed = (flag: 0 | 1 | undefined): boolean => flag === 1;

/** d(α·op(A)·op(B)) for both sides, in the layout of A and B, for batches that do not broadcast. */
function productGradients(
  multiply: (a: Value, b: Value, transA: boolean, transB: boolean) => Value,
  [a, b]: readonly [Value, Value],
  g: Value,
  [transA, transB]: readonly [boolean, boolean],
): [() => Value, () => Value] {
  return [
    () => (transA ? multiply(b, g, transB, true) : multiply(g, b, false, !transB)),
    () => (transB ? multiply(g, a, true, transA) : multiply(a, g, !transA, false)),
  ];
}

const none =
  <K extends Op>(): GradientRule<K> =>
  ({ node }) =>
    node.inputs.map(() => undefined);

const notDifferentiable =
  <K extends Op>(why: string): GradientRule<K> =>
  ({ node }) => {
    throw new Error(`${node.op} has no gradient: ${why}`);
  };

const flag = (on: boolean): 0 | 1 => (on ? 1 : 0);
const dim = (v: Value, i: number): number => v.shape.at(i) ?? 1;

export const gradientRules: { [K in Op]: GradientRule<K> } = {
  Add: c =>
    lazily(
      c,
      () => sumTo(c.b, c.g, c.x(0).shape),
      () => sumTo(c.b, c.g, c.x(1).shape),
    ),
  Sub: c =>
    lazily(
      c,
      () => sumTo(c.b, c.g, c.x(0).shape),
      () => sumTo(c.b, c.b.neg(c.g), c.x(1).shape),
    ),
  Mul: c =>
    lazily(
      c,
      () => sumTo(c.b, c.b.mul(c.g, c.x(1)), c.x(0).shape),
      () => sumTo(c.b, c.b.mul(c.g, c.x(0)), c.x(1).shape),
    ),
  Div: c =>
    lazily(
      c,
      () => sumTo(c.b, c.b.div(c.g, c.x(1)), c.x(0).shape),
      () => sumTo(c.b, c.b.neg(c.b.div(c.b.mul(c.g, c.y(0)), c.x(1))), c.x(1).shape),
    ),
  Neg: c => [c.b.neg(c.g)],
  Exp: c => [c.b.mul(c.g, c.y(0))],
  Log: c => [c.b.div(c.g, c.x(0))],
  Sqrt: c => [c.b.div(c.b.scale(c.g, 0.5), c.y(0))],
  Erf: ({ b, g, x }) => [
    b.mul(g, b.scale(b.exp(b.neg(b.mul(x(0), x(0)))), 2 / Math.sqrt(Math.PI))),
  ],
  // 1 − tanh²
  Tanh: ({ b, g, y }) => [b.mul(g, b.sub(b.scalar(1), b.mul(y(0), y(0))))],
  // σ·(1 − σ)
  Sigmoid: ({ b, g, y }) => [b.mul(g, b.mul(y(0), b.sub(b.scalar(1), y(0))))],
  Max: notDifferentiable('it is used for numerical range only'),
  // x/2·(1 + t) with t = tanh(c·(x + a·x³)): dx = g/2·(1 + t + x·(1 − t²)·c·(1 + 3a·x²))
  FastGelu: ({ b, g, x }) => {
    const [c, a] = [Math.sqrt(2 / Math.PI), 0.044715];
    const square = b.mul(x(0), x(0));
    const t = b.tanh(b.mul(b.scale(x(0), c), b.add(b.scale(square, a), b.scalar(1))));
    const slope = b.mul(b.scale(x(0), c), b.add(b.scale(square, 3 * a), b.scalar(1)));
    const bent = b.mul(b.sub(b.scalar(1), b.mul(t, t)), slope);
    return [b.mul(b.scale(g, 0.5), b.add(b.add(t, b.scalar(1)), bent))];
  },
  // x·s with s = σ(α·x): dx = g·s·(1 + α·x·(1 − s))
  QuickGelu: ({ b, g, x, node }) => {
    const scaled = b.scale(x(0), node.attributes.alpha);
    const s = b.sigmoid(scaled);
    const rest = b.add(b.mul(scaled, b.sub(b.scalar(1), s)), b.scalar(1));
    return [b.mul(g, b.mul(s, rest))];
  },
  // x·Φ(x): dx = g·(Φ(x) + x·φ(x))
  Gelu: ({ b, g, x }) => {
    const cdf = b.add(b.scale(b.erf(b.scale(x(0), Math.SQRT1_2)), 0.5), b.scalar(0.5));
    const bell = b.exp(b.scale(b.mul(x(0), x(0)), -0.5));
    const pdf = b.scale(b.mul(x(0), bell), 1 / Math.sqrt(2 * Math.PI));
    return [b.mul(g, b.add(cdf, pdf))];
  },
  Gemm: c => {
    const { b, g, node } = c;
    const { transA, transB, alpha = 1, beta = 1 } = node.attributes;
    const [da, db] = productGradients(
      (l, r, tl, tr) => b.gemm(l, r, { transA: flag(tl), transB: flag(tr), alpha }),
      [c.x(0), c.x(1)],
      g,
      [isMatrixTransposed(transA), isMatrixTransposed(transB)],
    );
    const bias = node.inputs[2];
    return lazily(c, da, db, bias && (() => b.scale(sumTo(b, g, bias.shape), beta)));
  },
  MatMul: c => {
    const { b, g } = c;
    const [da, db] = productGradients(
      (l, r, tl, tr) => b.fusedMatMul(l, r, { transA: flag(tl), transB: flag(tr) }),
      [c.x(0), c.x(1)],
      g,
      [false, false],
    );
    return lazily(
      c,
      () => sumTo(b, da(), c.x(0).shape),
      () => sumTo(b, db(), c.x(1).shape),
    );
  },
  FusedMatMul: c => {
    const { b, g, node } = c;
    const { transA, transB, alpha = 1 } = node.attributes;
    const [da, db] = productGradients(
      (l, r, tl, tr) => b.fusedMatMul(l, r, { transA: flag(tl), transB: flag(tr), alpha }),
      [c.x(0), c.x(1)],
      g,
      [isMatrixTransposed(transA), isMatrixTransposed(transB)],
    );
    return lazily(
      c,
      () => sumTo(b, da(), c.x(0).shape),
      () => sumTo(b, db(), c.x(1).shape),
    );
  },
  MatMulNBits: notDifferentiable('quantised weights are dequantised for training'),
  // The weight is dequantised when the gradient is there, and gone after its product with it.
  MatMulBnb4: c => {
    const { b, g, x, node } = c;
    const { K, N, block_size } = node.attributes;
    return lazily(
      c,
      () => {
        const pairs = b.after(b.shared('nf4_pairs', nf4Pairs), [g]); // [256, 2]
        const rows = b.gather(pairs, b.one('Cast', [x(1)], { to: onnxDtypes.int32 })); // [N·K/2, 2]
        const blocks = b.reshape(rows, [(N * K) / block_size, block_size]);
        const scaled = b.mul(blocks, b.reshape(x(2), [(N * K) / block_size, 1]));
        return b.gemm(g, b.reshape(scaled, [N, K]));
      },
      undefined,
      undefined,
    );
  },
  // y·(g − Σ g·y)
  Softmax: ({ b, g, y, node }) => {
    const dot = b.sum(b.mul(g, y(0)), [node.attributes.axis]);
    return [b.mul(b.sub(g, dot), y(0))];
  },
  // g − softmax(x)·Σ g
  LogSoftmax: ({ b, g, y, node }) => [
    b.sub(g, b.mul(b.exp(y(0)), b.sum(g, [node.attributes.axis]))),
  ],
  // x̂ = (x − μ)/σ; dx = (h − mean(h) − x̂·mean(h·x̂))/σ with h = g·w
  LayerNormalization: c => {
    const { b, g, x, y, node } = c;
    const axis = wrapAxis(node.attributes.axis, x(0).shape.length);
    const axes = x(0).shape.flatMap((_, i) => (i >= axis ? [i] : []));
    const hat = b.mul(b.sub(x(0), y(1)), y(2));
    const h = b.mul(g, x(1));
    return lazily(
      c,
      () => {
        const centred = b.sub(h, b.mean(h, axes));
        return b.mul(b.sub(centred, b.mul(hat, b.mean(b.mul(h, hat), axes))), y(2));
      },
      () => sumTo(b, b.mul(g, hat), x(1).shape),
      node.inputs[2] && (() => sumTo(b, g, x(2).shape)),
    );
  },
  // x̂ = x/rms; dx = (h − x̂·mean(h·x̂))/rms with h = g·w
  SimplifiedLayerNormalization: c => {
    const { b, g, x, y, node } = c;
    const axis = wrapAxis(node.attributes.axis, x(0).shape.length);
    const axes = x(0).shape.flatMap((_, i) => (i >= axis ? [i] : []));
    const hat = b.mul(x(0), y(1));
    const h = b.mul(g, x(1));
    return lazily(
      c,
      () => b.mul(b.sub(h, b.mul(hat, b.mean(b.mul(h, hat), axes))), y(1)),
      () => sumTo(b, b.mul(g, hat), x(1).shape),
    );
  },
  ReduceSum: ({ b, g, x, node }) => [b.expand(keptShape(b, g, node), x(0).shape), undefined],
  ReduceMean: ({ b, g, x, y, node }) => {
    const share = sizeOf(y(0).shape) / sizeOf(x(0).shape);
    return [b.expand(b.scale(keptShape(b, g, node), share), x(0).shape), undefined];
  },
  ReduceMax: notDifferentiable('it is used for numerical range only'),
  Identity: ({ g }) => [g],
  Reshape: ({ b, g, x }) => [b.reshape(g, x(0).shape), undefined],
  Transpose: ({ b, g, node }) => {
    const inverse = node.attributes.perm.map((_, i) => node.attributes.perm.indexOf(i));
    return [b.transpose(g, inverse)];
  },
  Split: ({ b, node, gs }) => {
    const parts = node.outputs.map((v, i) => gs[i] ?? b.zeros(v.shape));
    return [b.concat(parts, node.attributes.axis), undefined];
  },
  Concat: ({ b, g, node }) => {
    const axis = wrapAxis(node.attributes.axis, g.shape.length);
    return b.split(
      g,
      node.inputs.map(v => dim(v, axis)),
      axis,
    );
  },
  Slice: ({ b, g, node, x }) => {
    const [starts, ends, axes] = [1, 2, 3].map(i => b.intsOf(node.inputs[i])) as [
      number[],
      number[],
      number[],
    ];
    if (axes.length !== 1) throw new Error('Slice has a gradient along one axis only');
    const [axis, start, end] = [
      wrapAxis(axes[0] ?? 0, g.shape.length),
      starts[0] ?? 0,
      ends[0] ?? 0,
    ];
    const pad = (n: number) => (n > 0 ? [b.zeros(g.shape.with(axis, n))] : []);
    const padded = [...pad(start), g, ...pad(dim(x(0), axis) - end)];
    return [
      padded.length === 1 ? g : b.concat(padded, axis),
      ...node.inputs.slice(1).map(() => undefined),
    ];
  },
  Expand: ({ b, g, x }) => [sumTo(b, g, x(0).shape), undefined],
  // Rows of a table: each row collects the gradients of the places that read it.
  Gather: ({ b, g, x, node }) => {
    if (node.attributes.axis !== 0) throw new Error('Gather has a gradient along axis 0 only');
    const rows = sizeOf(x(1).shape);
    const indices = b.reshape(x(1), [rows, 1]);
    const updates = b.reshape(g, [rows, ...x(0).shape.slice(1)]);
    return [b.scatterAdd(b.zeros(x(0).shape), indices, updates), undefined];
  },
  GatherElements: notDifferentiable('use Gather on rows'),
  ScatterND: ({ b, g, x }) => {
    if (dim(x(1), -1) !== 1) throw new Error('ScatterND has a gradient for whole rows only');
    const rows = b.reshape(x(1), x(1).shape.slice(0, -1));
    return [g, undefined, b.gather(g, rows)];
  },
  Cast: none(),
  Where: c => {
    const { b, g } = c;
    const zero = b.scalar(0);
    const pick = (yes: Value, no: Value) => b.one('Where', [c.x(0), yes, no], {});
    return lazily(
      c,
      undefined,
      () => sumTo(b, pick(g, zero), c.x(1).shape),
      () => sumTo(b, pick(zero, g), c.x(2).shape),
    );
  },
  // A rotation: its gradient turns the other way, by the negated sines.
  RotaryEmbedding: ({ b, g, x, node }) => {
    const sin = b.neg(x(3));
    return [
      b.one('RotaryEmbedding', [g, x(1), x(2), sin], node.attributes),
      undefined,
      undefined,
      undefined,
    ];
  },
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** The gradient of a reduction with its reduced axes back as 1. */
function keptShape(b: GraphBuilder, g: Value, node: Node<'ReduceSum' | 'ReduceMean'>): Value {
  const x = node.inputs[0];
  if (!x || node.attributes.keepdims) return g;
  const axes = new Set(b.intsOf(node.inputs[1]).map(a => wrapAxis(a, x.shape.length)));
  return b.reshape(
    g,
    x.shape.map((d, i) => (axes.has(i) ? 1 : d)),
  );
}
