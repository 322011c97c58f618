/**
 * The operators of the graph: ONNX names and attributes, so that what is debugged is what runs.
 * Adding a key here makes the compiler ask for its shape rule, its gradient rule and its sample.
 */

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an operator without attributes
type None = {};

export interface OpAttributes {
  // Elementwise, with NumPy broadcasting
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Erf: None;
  Tanh: None;
  Sigmoid: None;
  Max: None;
  /** Exact, by the error function. */
  Gelu: None;
  /** By the hyperbolic tangent, as GPT-2 has it. */
  FastGelu: None;
  /** x · sigmoid(alpha · x); with alpha 1 it is SiLU. */
  QuickGelu: { alpha: number };
  // Products
  Gemm: { transA?: 0 | 1; transB?: 0 | 1; alpha?: number; beta?: number };
  MatMul: None;
  FusedMatMul: { transA?: 0 | 1; transB?: 0 | 1; alpha?: number };
  /** x [rows, K] times a weight [N, K] that is stored in blocks of few bits along K. */
  MatMulNBits: { K: number; N: number; bits: 4 | 8; block_size: number; accuracy_level: 4 };
  /** x [rows, K] times a weight [N, K] in 4 bits of the NF4 kind, by blocks along the flattened weight. */
  MatMulBnb4: { K: number; N: number; block_size: number; quant_type: 1 };
  // Along an axis
  Softmax: { axis: number };
  LogSoftmax: { axis: number };
  LayerNormalization: { axis: number; epsilon: number };
  /** Root-mean-square normalisation. */
  SimplifiedLayerNormalization: { axis: number; epsilon: number };
  ReduceSum: { keepdims: 0 | 1 };
  ReduceMax: { keepdims: 0 | 1 };
  ReduceMean: { keepdims: 0 | 1 };
  // Moving data
  Identity: None;
  Reshape: None;
  Transpose: { perm: number[] };
  Split: { axis: number };
  Concat: { axis: number };
  Slice: None;
  Expand: None;
  Gather: { axis: number };
  GatherElements: { axis: number };
  ScatterND: { reduction: 'add' };
  Cast: { to: number };
  Where: None;
  // Positions
  RotaryEmbedding: { num_heads: number; interleaved: 0 | 1 };
}

export type Op = keyof OpAttributes;

/** Operators of ONNX Runtime's own domain; all others are standard ONNX. */
const runtimeOps: ReadonlySet<Op> = new Set<Op>([
  'Gelu',
  'FastGelu',
  'QuickGelu',
  'FusedMatMul',
  'MatMulBnb4',
  'MatMulNBits',
  'RotaryEmbedding',
]);

export const OPSETS = { '': 18, 'com.microsoft': 1 } as const;
export const domainOf = (op: Op): keyof typeof OPSETS =>
  runtimeOps.has(op) ? 'com.microsoft' : '';
