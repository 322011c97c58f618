/**
 * What is shown of a tensor as rows and columns: the whole of it, a part around a place, the place in
 * words. Knows nothing of the page.
 */
import type { Matrix, Region } from '../../src/protocol/matrix';

/** An element. */
export interface Place {
  row: number;
  column: number;
}

export const wholeOf = ({ rows, columns }: Matrix): Region => ({
  top: 0,
  bottom: rows,
  left: 0,
  right: columns,
});

export const isWhole = (region: Region, { rows, columns }: Matrix): boolean =>
  region.top === 0 && region.left === 0 && region.bottom === rows && region.right === columns;

/** The region around a place that is `factor` times smaller, inside the whole. */
export function zoomRegion(region: Region, matrix: Matrix, place: Place, factor: number): Region {
  const side = (from: number, to: number, at: number, most: number): [number, number] => {
    const length = Math.max(1, Math.min(most, Math.round((to - from) / factor)));
    const share = (at - from) / (to - from);
    const start = Math.round(at - share * length);
    const first = Math.max(0, Math.min(start, most - length));
    return [first, first + length];
  };
  const [top, bottom] = side(region.top, region.bottom, place.row, matrix.rows);
  const [left, right] = side(region.left, region.right, place.column, matrix.columns);
  return { top, bottom, left, right };
}

/** The region moved so that it has the place, by as little as can be. */
export function regionWith(region: Region, { row, column }: Place): Region {
  const shift = (from: number, to: number, at: number): number =>
    at < from ? at - from : at >= to ? at - to + 1 : 0;
  const [down, across] = [
    shift(region.top, region.bottom, row),
    shift(region.left, region.right, column),
  ];
  return {
    top: region.top + down,
    bottom: region.bottom + down,
    left: region.left + across,
    right: region.right + across,
  };
}

/** An element as indices of the tensor: `[3, 12, 70]`; of a list, its number. */
export function indexText(
  shape: readonly number[],
  matrix: Matrix,
  { row, column }: Place,
): string {
  if (shape.length < 2) return String(row * matrix.columns + column);
  const indices: number[] = [column];
  let rest = row;
  for (const size of shape.slice(0, -1).toReversed()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indices.join(', ');
}
