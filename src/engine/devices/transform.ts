/**
 * What happens to a parameter on its way to a device, as named steps that can all be undone. Each
 * works on a matrix of any dtype; a vector is a matrix of one column. Knows nothing of models.
 */
import { fillNormal, randomStream } from '../tensor/random';
import { asFloat32 } from '../tensor/asFloat32';
import { narrowFloats } from '../tensor/narrowFloats';
import { sizeOf, type Tensor, type TensorData } from '../tensor/tensor';

/** What rows that only fill up a tile hold. */
export type PaddingFill =
  | { readonly kind: 'zero' }
  /** N(0, 0.02²), the same at every load. */
  | { readonly kind: 'normal'; readonly seed: number };

export type DeviceDtype = 'float32' | 'bfloat16' | 'float16';

/** The steps and what each needs to know. */
export interface TransformSteps {
  /** [rows, columns] → [columns, rows]. */
  transpose: object;
  /** Rows of each head from two halves to pairs: row i → 2i, half + i → 2i + 1. */
  permute: { readonly heads: number };
  /** To rows `at …` of a tensor of `of` rows, with others above and below. */
  fuse: { readonly at: number; readonly rows: number; readonly of: number };
  /** More rows below. `key` tells the fillings of different tensors apart. */
  pad: {
    readonly rows: number;
    readonly to: number;
    readonly fill: PaddingFill;
    readonly key: string;
  };
  /** To the nearest, ties to even. */
  cast: { readonly to: DeviceDtype };
  /** The same elements under another shape. */
  reshape: { readonly from: readonly number[]; readonly to: readonly number[] };
  /** Held once, under the name of what it is tied to. */
  tie: { readonly to: string };
}

export type TransformKind = keyof TransformSteps;
export type Transform<K extends TransformKind = TransformKind> = {
  [P in K]: { readonly kind: P } & TransformSteps[P];
}[K];

interface Rule<K extends TransformKind> {
  apply(x: Tensor, step: Transform<K>): Tensor;
  /** Takes back what `apply` did; padding is cut off, and what a cast rounded stays rounded. */
  invert(x: Tensor, step: Transform<K>): Tensor;
  describe(step: Transform<K>): string;
  describeInverse(step: Transform<K>): string;
}

const rules: { readonly [K in TransformKind]: Rule<K> } = {
  transpose: {
    apply: transposed,
    invert: transposed,
    describe: () => 'transpose',
    describeInverse: () => 'transpose',
  },
  permute: {
    apply: (x, { heads }) => moveRows(x, row => pairedRow(row, rowsOf(x) / heads)),
    invert: (x, { heads }) => moveRows(x, row => halvedRow(row, rowsOf(x) / heads)),
    describe: ({ heads }) => `permute rows of ${heads} heads: halves to pairs`,
    describeInverse: ({ heads }) => `permute rows of ${heads} heads: pairs to halves`,
  },
  fuse: {
    apply: x => x, // the rows of all parts are put together where the tensor is made
    invert: (x, { at, rows }) => rowsFrom(x, at, rows),
    describe: ({ at, rows, of }) => `fuse into rows ${at}–${at + rows - 1} of ${of}`,
    describeInverse: ({ at, rows, of }) => `split off rows ${at}–${at + rows - 1} of ${of}`,
  },
  pad: {
    apply: padded,
    invert: (x, { rows }) => rowsFrom(x, 0, rows),
    describe: ({ rows, to, fill }) =>
      `pad ${rows} rows to ${to} with ${fill.kind === 'zero' ? 'zeros' : `N(0, 0.02) of seed ${fill.seed}`}`,
    describeInverse: ({ rows, to }) => `crop ${to} rows to ${rows}`,
  },
  cast: {
    apply: (x, { to }) => castTo(x, to),
    invert: x => x,
    describe: ({ to }) => `cast to ${to}`,
    describeInverse: ({ to }) => `read ${to}`,
  },
  reshape: {
    apply: (x, { to }) => ({ ...x, shape: to }),
    invert: (x, { from }) => ({ ...x, shape: from }),
    describe: ({ to }) => `as [${to.join(', ')}]`,
    describeInverse: ({ from }) => `as [${from.join(', ')}]`,
  },
  tie: {
    apply: x => x,
    invert: x => x,
    describe: ({ to }) => `tie to ${to}`,
    describeInverse: ({ to }) => `tied to ${to}`,
  },
};

const ruleOf = <K extends TransformKind>(step: Transform<K>): Rule<K> => rules[step.kind];

/** @param x [rows, columns] */
export const applyStep = (x: Tensor, step: Transform): Tensor => ruleOf(step).apply(x, step);
export const invertStep = (x: Tensor, step: Transform): Tensor => ruleOf(step).invert(x, step);
export const describeStep = (step: Transform): string => ruleOf(step).describe(step);
export const describeInverse = (step: Transform): string => ruleOf(step).describeInverse(step);

/** Where row `row` of heads of `size` rows goes when halves become pairs. */
export function pairedRow(row: number, size: number): number {
  const inHead = row % size;
  const half = size / 2;
  return row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
}

/** The inverse of `pairedRow`. */
export function halvedRow(row: number, size: number): number {
  const inHead = row % size;
  return row - inHead + (inHead >> 1) + (inHead % 2) * (size / 2);
}

const rowsOf = ({ shape }: Tensor): number => shape[0]!;
const columnsOf = ({ shape }: Tensor): number => sizeOf(shape.slice(1));

/** An empty array of the same type. */
export function arrayLike<T extends TensorData>(data: T, length: number): T {
  return new (data.constructor as new (length: number) => T)(length);
}

/** `data.set(part, at)` for arrays that are known to be of one type. */
export function copyInto(data: TensorData, part: TensorData, at: number): void {
  (data as Float32Array).set(part as Float32Array, at);
}

function transposed(x: Tensor): Tensor {
  const [rows, columns] = [rowsOf(x), columnsOf(x)];
  const data = arrayLike(x.data, x.data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[column * rows + row] = x.data[row * columns + column]!;
  return { dtype: x.dtype, shape: [columns, rows], data };
}

function moveRows(x: Tensor, to: (row: number) => number): Tensor {
  const width = columnsOf(x);
  const data = arrayLike(x.data, x.data.length);
  for (let row = 0; row < rowsOf(x); row++)
    copyInto(data, x.data.subarray(row * width, (row + 1) * width), to(row) * width);
  return { ...x, data };
}

function rowsFrom(x: Tensor, from: number, rows: number): Tensor {
  const width = columnsOf(x);
  const data = x.data.slice(from * width, (from + rows) * width);
  return { dtype: x.dtype, shape: [rows, ...x.shape.slice(1)], data };
}

const PADDING_STD = 0.02;

function padded(x: Tensor, { rows, to, fill, key }: Transform<'pad'>): Tensor {
  const width = columnsOf(x);
  const data = arrayLike(x.data, to * width);
  copyInto(data, x.data, 0);
  if (fill.kind === 'normal' && to > rows) {
    const values = new Float32Array((to - rows) * width);
    fillNormal(values, PADDING_STD, randomStream(fill.seed, 'weights', ...keyWords(key)));
    const rest = { dtype: 'float32' as const, shape: [to - rows, width], data: values };
    copyInto(data, castLike(rest, x).data, rows * width);
  }
  return { dtype: x.dtype, shape: [to, ...x.shape.slice(1)], data };
}

const keyWords = (key: string): number[] => Array.from(key, letter => letter.codePointAt(0)!);

const isDeviceDtype = (dtype: string): dtype is DeviceDtype =>
  dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16';

function castLike(x: Tensor, { dtype }: Tensor): Tensor {
  if (!isDeviceDtype(dtype)) throw new Error(`cannot fill ${dtype} with random numbers`);
  return castTo(x, dtype);
}

function castTo(x: Tensor, to: DeviceDtype): Tensor {
  if (x.dtype === to) return x;
  const wide = asFloat32(x);
  if (!wide) throw new Error(`cannot cast ${x.dtype} to ${to}`);
  if (to === 'float32') return wide;
  return { dtype: to, shape: x.shape, data: narrowFloats(wide.data, to) };
}
