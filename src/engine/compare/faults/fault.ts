/** What is probably wrong with a parameter that does not match, in words and with a proof. */

export type FaultKind =
  | 'flipped-bit'
  | 'few-elements'
  | 'not-finite'
  | 'zeros'
  | 'negated'
  | 'scaled'
  | 'exchanged'
  | 'copied'
  | 'untied-head'
  | 'transposed'
  | 'rope-layout'
  | 'heads-exchanged'
  | 'heads-permuted'
  | 'rows-permuted'
  | 'shifted'
  | 'rounded'
  | 'truncated'
  | 'region';

/** Plain data. */
export interface Fault {
  readonly kind: FaultKind;
  /** A sentence without its period: "kv heads 3 and 4 are exchanged". */
  readonly message: string;
  /** What was done to the right to prove it: "Swapped back". */
  readonly repair?: string;
  /** With the repair. */
  readonly repaired?: { readonly pcc: number; readonly relL2: number };
  /** The other parameter. */
  readonly other?: string;
  /** Rows of the parameter that it concerns. */
  readonly rows?: readonly (readonly [from: number, to: number])[];
}

/** A matrix of both sides in memory, or as many of its first rows as are looked at. */
export interface BothSides {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** All rows are here. */
  readonly isWhole: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** Where a row or a column of the right is to be taken from to become the left's. */
export type Order = (index: number) => number;

export interface Closeness {
  readonly relL2: number;
  readonly pcc: number;
}

/** ‖a − b'‖ / ‖a‖ and the correlation, where b' has its elements from other places of b. */
export function closeness(
  a: Float32Array,
  b: Float32Array,
  from?: (i: number) => number,
): Closeness {
  let [sa, sb, aa, bb, ab, dd] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[from ? from(i) : i] ?? NaN;
    if (x - x !== 0 || y - y !== 0) continue;
    sa += x;
    sb += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
    dd += (x - y) * (x - y);
  }
  const n = a.length;
  const spread = Math.sqrt((aa - (sa * sa) / n) * (bb - (sb * sb) / n));
  const pcc = (ab - (sa * sb) / n) / spread;
  return { relL2: Math.sqrt(dd / aa), pcc: Math.min(1, Math.max(-1, pcc)) };
}

/** With its rows from other rows of b. */
export const closenessOfRows = ({ a, b, columns }: BothSides, order: Order): Closeness =>
  closeness(a, b, i => {
    const row = Math.floor(i / columns);
    return order(row) * columns + (i - row * columns);
  });

/** A repair explains a difference when it leaves what rounding makes, and much less than before. */
export const explains = (after: Closeness, before: Closeness): boolean =>
  after.relL2 <= 0.03 && after.relL2 < before.relL2 / 3;

/** ‖a row − b row‖² and ‖a row‖², for rows i of a and j of b. */
export function rowDistance({ a, b, columns }: BothSides, i: number, j: number): [number, number] {
  let [distance, size] = [0, 0];
  const [from, other] = [i * columns, j * columns];
  for (let c = 0; c < columns; c++) {
    const x = a[from + c]!;
    const d = x - b[other + c]!;
    distance += d * d;
    size += x * x;
  }
  return [distance, size];
}

export const isClose = ([distance, size]: readonly [number, number]): boolean =>
  distance <= size * 0.03 ** 2;

/** Rows of the left that the right does not have in their place. */
export function badRows(both: BothSides): number[] {
  const bad: number[] = [];
  for (let row = 0; row < both.rows; row++)
    if (!isClose(rowDistance(both, row, row))) bad.push(row);
  return bad;
}

export const transposedSides = (both: BothSides): BothSides => ({
  ...both,
  rows: both.columns,
  columns: both.rows,
  a: turned(both.a, both.columns),
  b: turned(both.b, both.columns),
});

export function turned(m: Float32Array, columns: number): Float32Array {
  const rows = m.length / columns;
  const result = new Float32Array(m.length);
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < columns; c++) result[c * rows + row] = m[row * columns + c]!;
  return result;
}
