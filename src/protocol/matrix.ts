/**
 * A tensor as the rows and columns in which it is looked at: the last dimension across, all others
 * down; a long list is wrapped. Pure.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Elements; fewer than rows × columns where a list does not fill its last row. */
  readonly count: number;
  /** A list of one dimension, wrapped. */
  readonly isWrapped: boolean;
}

/** A list that is not longer is one row. */
const LONGEST_ROW = 256;

export function matrixOf(shape: readonly number[]): Matrix {
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length >= 2) {
    const columns = shape.at(-1)!;
    return { rows: columns === 0 ? 0 : count / columns, columns, count, isWrapped: false };
  }
  if (count <= LONGEST_ROW)
    return { rows: count === 0 ? 0 : 1, columns: count, count, isWrapped: false };
  const columns = 2 ** Math.ceil(Math.log2(Math.sqrt(count)));
  return { rows: Math.ceil(count / columns), columns, count, isWrapped: true };
}

/** Rows `[top, bottom)` and columns `[left, right)`. */
export interface Region {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
