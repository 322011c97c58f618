/**
 * The elements of an array whose memory is laid out by strides, brought into row-major order and
 * this machine's byte order. Knows nothing of files or of what an element means.
 */
import type { ByteSource } from './byteSource';

export interface StridedBytes {
  readonly source: ByteSource;
  /** Byte of the source where the first element lies. */
  readonly start: number;
  readonly shape: readonly number[];
  readonly elementBytes: number;
  /** Elements from one index to the next, for each dimension; absent when row-major without gaps. */
  readonly strides?: readonly number[];
  /** Width of the numbers whose bytes stand in the other order; absent when they stand in ours. */
  readonly swapped?: 2 | 4 | 8;
}

/** Elements `[from, to)` in row-major order. The range must lie inside the array. */
export function readStrided(
  array: StridedBytes,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  const { source, start, elementBytes, swapped } = array;
  const bytes = new Uint8Array((to - from) * elementBytes);
  if (to > from) {
    if (array.strides === undefined) source.read(bytes, start + from * elementBytes);
    else gather(array, array.strides, from, bytes);
  }
  if (swapped !== undefined) swap(bytes, swapped);
  return bytes;
}

export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Whether elements lie one after the other. Strides of dimensions of one element do not matter. */
export const isRowMajor = (shape: readonly number[], strides: readonly number[]): boolean => {
  const wanted = rowMajorStrides(shape);
  return shape.includes(0) || shape.every((n, i) => n === 1 || strides[i] === wanted[i]);
};

/** A range is read at once unless it would bring in so many times what is wanted. */
const WASTE = 8;
const SMALL_READ = 1 << 24;

function gather(
  { source, start, shape, elementBytes }: StridedBytes,
  strides: readonly number[],
  from: number,
  into: Uint8Array,
): void {
  const count = into.byteLength / elementBytes;
  const walk = startWalk(shape, strides, from);
  const [lowest, highest] = bounds(shape, strides, from, from + count - 1);
  const span = (highest - lowest + 1) * elementBytes;
  if (span > Math.max(SMALL_READ, WASTE * into.byteLength)) {
    for (let i = 0; i < count; i++, walk.next()) {
      const element = into.subarray(i * elementBytes, (i + 1) * elementBytes);
      source.read(element, start + walk.index * elementBytes);
    }
    return;
  }
  const memory = new Uint8Array(span);
  source.read(memory, start + lowest * elementBytes);
  const [target, origin] = [inElements(into, elementBytes), inElements(memory, elementBytes)];
  const parts = elementBytes / target.BYTES_PER_ELEMENT;
  for (let i = 0; i < count; i++, walk.next()) {
    const at = (walk.index - lowest) * parts;
    for (let part = 0; part < parts; part++) target[i * parts + part] = origin[at + part]!;
  }
}

/** The widest array of whole numbers that elements consist of: a number would lose what a NaN says. */
function inElements(bytes: Uint8Array, elementBytes: number) {
  const { buffer, byteOffset, byteLength } = bytes;
  if (elementBytes % 4 === 0) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  if (elementBytes % 2 === 0) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return bytes;
}

/** Index in memory of one element after the other, in row-major order. */
function startWalk(shape: readonly number[], strides: readonly number[], from: number) {
  const place = placeOf(shape, from);
  const walk = {
    index: place.reduce((sum, i, d) => sum + i * strides[d]!, 0),
    next() {
      for (let d = shape.length - 1; d >= 0; d--) {
        walk.index += strides[d]!;
        if (++place[d]! < shape[d]!) return;
        walk.index -= shape[d]! * strides[d]!;
        place[d] = 0;
      }
    },
  };
  return walk;
}

function placeOf(shape: readonly number[], element: number): number[] {
  const place = new Array<number>(shape.length);
  let rest = element;
  for (let d = shape.length - 1; d >= 0; d--) {
    place[d] = rest % shape[d]!;
    rest = Math.floor(rest / shape[d]!);
  }
  return place;
}

/** Lowest and highest index in memory between two elements: exact, or a little wider. */
function bounds(
  shape: readonly number[],
  strides: readonly number[],
  first: number,
  last: number,
): [lowest: number, highest: number] {
  const [a, b] = [placeOf(shape, first), placeOf(shape, last)];
  const split = a.findIndex((i, d) => i !== b[d]);
  let [lowest, highest] = [0, 0];
  for (let d = 0; d < shape.length; d++) {
    const inside = split !== -1 && d > split;
    lowest += (inside ? 0 : a[d]!) * strides[d]!;
    highest += (inside ? shape[d]! - 1 : b[d]!) * strides[d]!;
  }
  return [lowest, highest];
}

function swap(bytes: Uint8Array, width: 2 | 4 | 8): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else buffer.swap64();
}
