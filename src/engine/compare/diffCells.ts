/**
 * Where two parameters differ: a region as cells with the largest difference of each, and the values
 * of a small one. Knows nothing of colours.
 */
import { type Matrix, matrixOf, type Region } from '../../protocol/matrix';
import type { Comparison } from './comparison';
import { elementReader } from './kernel/elements';

/** Elements of a cell; those at the lower and right ends may have fewer. */
export interface CellSize {
  readonly rows: number;
  readonly columns: number;
}

/** Of larger regions some rows of each cell are read. */
const MOST_ELEMENTS = 1 << 28;
const WIDEST = 8;
const PIECE = 1 << 16;

export function diffCells(comparison: Comparison, index: number, region: Region, cell: CellSize) {
  const { left, right } = comparison.elements(index);
  const matrix = matrixFor(comparison, index);
  const [a, b] = [new Uint8Array(PIECE * WIDEST), new Uint8Array(PIECE * WIDEST)];
  const [first, second] = [elementReader(left.dtype, a), elementReader(right.dtype, b)];
  const [height, width] = [region.bottom - region.top, region.right - region.left];
  const across = Math.ceil(width / cell.columns);
  const size = Math.ceil(height / cell.rows) * across;
  const most = new Float64Array(size).fill(NaN);
  const notFinite = new Uint32Array(size);
  const step = Math.max(1, Math.ceil((height * width) / MOST_ELEMENTS));
  let seen = 0;
  const columnOf = Uint32Array.from({ length: width }, (_, c) => Math.floor(c / cell.columns));
  for (let row = region.top; row < region.bottom; row += step) {
    const line = Math.floor((row - region.top) / cell.rows) * across;
    const start = row * matrix.columns;
    const end = Math.min(start + region.right, matrix.count);
    for (let at = start + region.left; at < end; at += PIECE) {
      const n = Math.min(PIECE, end - at);
      left.read(a, at, n);
      right.read(b, at, n);
      seen += n;
      const offset = at - start - region.left;
      for (let i = 0; i < n; i++) {
        const into = line + columnOf[offset + i]!;
        const [x, y] = [first(i), second(i)];
        const distance = Math.abs(x - y);
        if (distance - distance !== 0) {
          if (!Object.is(x, y)) notFinite[into]!++;
        } else if (!(distance <= most[into]!)) most[into] = distance;
      }
    }
  }
  return { most, notFinite, share: seen / Math.max(1, height * width) };
}

export function diffValues(comparison: Comparison, index: number, region: Region) {
  const { left, right } = comparison.elements(index);
  const matrix = matrixFor(comparison, index);
  const width = region.right - region.left;
  const [a, b] = [new Uint8Array(width * WIDEST), new Uint8Array(width * WIDEST)];
  const [first, second] = [elementReader(left.dtype, a), elementReader(right.dtype, b)];
  const size = (region.bottom - region.top) * width;
  const values = {
    left: new Float64Array(size).fill(NaN),
    right: new Float64Array(size).fill(NaN),
  };
  for (let row = region.top; row < region.bottom; row++) {
    const start = row * matrix.columns + region.left;
    const n = Math.min(row * matrix.columns + region.right, matrix.count) - start;
    if (n <= 0) continue;
    left.read(a, start, n);
    right.read(b, start, n);
    const into = (row - region.top) * width;
    for (let i = 0; i < n; i++) {
      values.left[into + i] = first(i);
      values.right[into + i] = second(i);
    }
  }
  return values;
}

const matrixFor = (comparison: Comparison, index: number): Matrix =>
  matrixOf(
    comparison.pairs[index]!.left!.shape.filter((d, i, all) => d !== 1 || i === all.length - 1),
  );
