/**
 * A part of a tensor as few cells, each with the least and the largest number of its block: an
 * outlier of one element is seen from afar. Reads by range. Knows nothing of colours.
 */
import type { TensorFile } from '../formats/tensorFile';
import type { Matrix, Region } from '../../protocol/matrix';
import { numbersOf } from './moments';

export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

export interface Cells extends Grid {
  /** Row by row; NaN where a block has no finite number. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Numbers of each block that are not finite. */
  readonly notFinite: Uint32Array;
  /** Of all elements in the region, how many were looked at: 1 = all. */
  readonly share: number;
}

/** So many elements are read for one picture; of larger regions, some rows and runs of each block. */
const MAX_ELEMENTS = 1 << 24;
/** Shorter reads cost as much as these. */
const LEAST_RUN = 64;

export function readCells(
  file: TensorFile,
  name: string,
  { matrix, region, grid }: { matrix: Matrix; region: Region; grid: Grid },
): Cells {
  const { rows, columns } = grid;
  const size = rows * columns;
  const cells = {
    rows,
    columns,
    min: new Float64Array(size).fill(NaN),
    max: new Float64Array(size).fill(NaN),
    notFinite: new Uint32Array(size),
  };
  const [height, width] = [region.bottom - region.top, region.right - region.left];
  const plan = planReading(height, width, grid);
  let read = 0;
  for (let i = 0; i < rows; i++) {
    const top = region.top + Math.floor((i * height) / rows);
    const bottom = region.top + Math.floor(((i + 1) * height) / rows);
    for (let row = top; row < bottom; row += plan.rowStep) {
      read +=
        plan.run === undefined
          ? readRow(file, name, { matrix, region, row, into: i * columns, cells })
          : readRuns(file, name, { matrix, region, row, into: i * columns, cells, run: plan.run });
    }
  }
  return { ...cells, share: read / Math.max(1, elementsIn(matrix, region)) };
}

/** The last row of a wrapped list may be shorter. */
export function elementsIn({ rows, columns, count }: Matrix, region: Region): number {
  const { top, bottom, left, right } = region;
  const inLastRow = count - (rows - 1) * columns;
  const missing = bottom === rows ? Math.max(0, right - Math.max(left, inLastRow)) : 0;
  return (bottom - top) * (right - left) - missing;
}

/** Every so many rows of each block, and of each row all or a run of so many elements a block. */
function planReading(height: number, width: number, grid: Grid): { rowStep: number; run?: number } {
  const rowsWanted = MAX_ELEMENTS / width;
  if (rowsWanted >= height) return { rowStep: 1 };
  const blockHeight = height / grid.rows;
  const rowsOfBlock = Math.floor(rowsWanted / grid.rows);
  if (rowsOfBlock >= 1) return { rowStep: Math.ceil(blockHeight / rowsOfBlock) };
  const run = Math.max(LEAST_RUN, Math.floor(MAX_ELEMENTS / (grid.rows * grid.columns)));
  return { rowStep: Math.ceil(blockHeight), run };
}

interface Row {
  matrix: Matrix;
  region: Region;
  row: number;
  /** Index of the first cell of this row of blocks. */
  into: number;
  cells: Omit<Cells, 'share'>;
}

function readRow(
  file: TensorFile,
  name: string,
  { matrix, region, row, into, cells }: Row,
): number {
  const start = row * matrix.columns;
  const from = start + region.left;
  const to = Math.min(start + region.right, matrix.count);
  if (to <= from) return 0;
  const values = numbersOf(file.readRange(name, from, to));
  const width = region.right - region.left;
  for (let c = 0, at = 0; c < cells.columns; c++) {
    const end = Math.min(values.length, Math.floor(((c + 1) * width) / cells.columns));
    for (; at < end; at++) take(cells, into + c, values[at]!);
  }
  return values.length;
}

function readRuns(file: TensorFile, name: string, row: Row & { run: number }): number {
  const { matrix, region, cells, into, run } = row;
  const width = region.right - region.left;
  const start = row.row * matrix.columns + region.left;
  let read = 0;
  for (let c = 0; c < cells.columns; c++) {
    const from = start + Math.floor((c * width) / cells.columns);
    const next = start + Math.floor(((c + 1) * width) / cells.columns);
    const to = Math.min(from + run, next, matrix.count);
    if (to <= from) continue;
    for (const value of numbersOf(file.readRange(name, from, to))) take(cells, into + c, value);
    read += to - from;
  }
  return read;
}

function take({ min, max, notFinite }: Omit<Cells, 'share'>, cell: number, value: number): void {
  if (value - value !== 0) {
    notFinite[cell]!++;
    return;
  }
  // a comparison with NaN is false: the first number counts
  if (!(value >= min[cell]!)) min[cell] = value;
  if (!(value <= max[cell]!)) max[cell] = value;
}
