/**
 * Faults that concern a matrix as a whole: wrong sign or scale, turned around, rows in the order of
 * another rotary layout, heads or rows in other places, shifted.
 */
import { halvedRow, pairedRow } from '../../devices/transform';
import {
  badRows,
  type BothSides,
  type Closeness,
  closeness,
  closenessOfRows,
  explains,
  type Fault,
  isClose,
  rowDistance,
  transposedSides,
  turned,
} from './fault';

export interface Heads {
  /** Rows of a head, or columns of one where heads are across; candidates, likeliest first. */
  readonly sizes: readonly number[];
  readonly across: boolean;
  /** "kv head", "head". */
  readonly word: string;
}

const proofOf = ({ pcc, relL2 }: Closeness) => ({ repaired: { pcc, relL2 } });

export function scaleFault({ a, b }: BothSides): Fault | undefined {
  let [aa, ab, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += a[i]! * a[i]!;
    ab += a[i]! * b[i]!;
    bb += b[i]! * b[i]!;
  }
  if (aa > 0 && bb === 0) return { kind: 'zeros', message: 'the right is all zeros' };
  const scale = ab / aa;
  const left = Math.sqrt(Math.max(0, 1 - (ab * ab) / (aa * bb)));
  if (!(left <= 1e-2) || Math.abs(scale - 1) <= 4 * left || Math.abs(scale - 1) < 1e-4)
    return undefined;
  if (Math.abs(scale + 1) < 1e-2)
    return {
      kind: 'negated',
      message: 'the right has the other sign',
      repair: 'Negated',
      repaired: { pcc: 1, relL2: left },
    };
  return {
    kind: 'scaled',
    message: `the right is the left times ${Number(scale.toPrecision(4))}`,
    repair: 'Scaled back',
    repaired: { pcc: 1, relL2: left },
  };
}

export function transposedFault(both: BothSides, before: Closeness): Fault | undefined {
  if (both.rows !== both.columns || !both.isWhole || both.rows < 2) return undefined;
  const after = closeness(both.a, turned(both.b, both.columns));
  if (!explains(after, before)) return undefined;
  return {
    kind: 'transposed',
    message: `the matrix is transposed, ${both.rows} × ${both.columns}`,
    repair: 'Transposed back',
    ...proofOf(after),
  };
}

/** Rows in pairs where the left has halves, or the other way round. */
export function ropeFault(both: BothSides, heads: Heads, before: Closeness): Fault | undefined {
  if (heads.across) return undefined;
  for (const size of heads.sizes) {
    if (size % 2 !== 0 || size < 4) continue;
    for (const [order, words, repair] of [
      [pairedRow, 'in pairs (interleaved) where the left has halves', 'Put into halves'],
      [halvedRow, 'in halves where the left has pairs (interleaved)', 'Put into pairs'],
    ] as const) {
      const after = closenessOfRows(both, row => order(row, size));
      if (!explains(after, before)) continue;
      return {
        kind: 'rope-layout',
        message: `the rotary rows of each head of ${size} are ${words}`,
        repair,
        ...proofOf(after),
      };
    }
  }
  return undefined;
}

export function headFault(both: BothSides, heads: Heads, before: Closeness): Fault | undefined {
  const sides = heads.across ? transposedSides(both) : both;
  const bad = badRows(sides);
  for (const size of heads.sizes) {
    const ids = [...new Set(bad.map(row => Math.floor(row / size)))];
    const isFew = ids.length >= 2 && ids.length <= 256 && sides.rows / size > 1;
    if (!isFew) continue;
    const from = new Map<number, number>();
    for (const head of ids) {
      const source = ids.find(other => other !== head && isSameHead(sides, head, other, size));
      if (source !== undefined) from.set(head, source);
    }
    if (from.size !== ids.length) continue;
    const order = (row: number) => {
      const head = Math.floor(row / size);
      return (from.get(head) ?? head) * size + (row % size);
    };
    const after = closenessOfRows(sides, order);
    if (!explains(after, before)) continue;
    return { ...headWords(from, heads.word, size), ...proofOf(after) };
  }
  return undefined;
}

function isSameHead(both: BothSides, head: number, other: number, size: number): boolean {
  const step = Math.max(1, Math.floor(size / 8));
  for (let row = 0; row < size; row += step)
    if (!isClose(rowDistance(both, head * size + row, other * size + row))) return false;
  return true;
}

function headWords(from: ReadonlyMap<number, number>, word: string, size: number): Fault {
  const ids = [...from.keys()];
  const rows = ids.map(head => [head * size, (head + 1) * size] as const);
  const isSwap = ids.every(head => from.get(from.get(head)!) === head);
  if (isSwap && ids.length === 2)
    return {
      kind: 'heads-exchanged',
      message: `${word}s ${ids[0]} and ${ids[1]} are exchanged`,
      repair: 'Swapped back',
      rows,
    };
  const some = ids.slice(0, 4).map(head => `${head} is ${from.get(head)}`);
  return {
    kind: 'heads-permuted',
    message: `${ids.length} ${word}s are in other places: ${some.join(', ')}${ids.length > 4 ? ' …' : ''}`,
    repair: 'Put back',
    rows,
  };
}

/** Rows, or all elements, that stand some places further on. */
export function shiftFault(both: BothSides, before: Closeness): Fault | undefined {
  return rowShift(both, before) ?? elementShift(both, before);
}

const MOST_PROBES = 4;

function rowShift(both: BothSides, before: Closeness): Fault | undefined {
  const bad = badRows(both);
  if (both.rows < 3 || bad.length < 2) return undefined;
  for (const probe of probesOf(bad))
    for (let other = 0; other < both.rows; other++) {
      if (other === probe || !isClose(rowDistance(both, probe, other))) continue;
      const by = other - probe;
      const moved = bad.filter(
        row => inside(row + by, both.rows) && isClose(rowDistance(both, row, row + by)),
      );
      if (moved.length >= Math.max(2, 0.5 * bad.length)) return shiftedRows(both, moved, by);
    }
  return permutedRows(both, bad, before);
}

const inside = (row: number, rows: number): boolean => row >= 0 && row < rows;

function probesOf(bad: readonly number[]): number[] {
  const step = Math.max(1, Math.floor(bad.length / MOST_PROBES));
  return bad.filter((_, i) => i % step === Math.floor(step / 2)).slice(0, MOST_PROBES);
}

function shiftedRows(both: BothSides, moved: readonly number[], by: number): Fault {
  const [first, last] = [moved[0]!, moved.at(-1)!];
  const set = new Set(moved);
  const after = closenessOfMoved(both, set, by);
  const count = Math.abs(by);
  return {
    kind: 'shifted',
    message: `rows ${first} to ${last} are shifted ${by > 0 ? 'down' : 'up'} by ${count} row${count === 1 ? '' : 's'}`,
    repair: 'Shifted back, over these rows',
    rows: [[first, last + 1]],
    ...proofOf(after),
  };
}

/** Over the moved rows alone: what was pushed out at the end is lost. */
function closenessOfMoved({ a, b, columns }: BothSides, moved: ReadonlySet<number>, by: number) {
  const rows = [...moved];
  const first = new Float32Array(rows.length * columns);
  const second = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    first.set(a.subarray(row * columns, (row + 1) * columns), i * columns);
    second.set(b.subarray((row + by) * columns, (row + by + 1) * columns), i * columns);
  });
  return closeness(first, second);
}

const MOST_MATCHED = 1024;

/** All bad rows are found in other places, without a rule. */
function permutedRows(
  both: BothSides,
  bad: readonly number[],
  before: Closeness,
): Fault | undefined {
  if (bad.length > MOST_MATCHED) return undefined;
  const from = new Map<number, number>();
  for (const row of bad) {
    const source = bad.find(other => isClose(rowDistance(both, row, other)));
    if (source === undefined) return undefined;
    from.set(row, source);
  }
  const after = closenessOfRows(both, row => from.get(row) ?? row);
  if (!explains(after, before)) return undefined;
  const [first, second] = bad;
  return {
    kind: 'rows-permuted',
    message:
      bad.length === 2
        ? `rows ${first} and ${second} are exchanged`
        : `${bad.length} rows are in other places: row ${first} is row ${from.get(first!)} …`,
    repair: 'Put back',
    rows: [[bad[0]!, bad.at(-1)! + 1]],
    ...proofOf(after),
  };
}

const WINDOW = 48;
const FARTHEST = 8192;

function elementShift({ a, b, columns }: BothSides, before: Closeness): Fault | undefined {
  const n = a.length;
  const start = firstDifference(a, b);
  if (start < 0 || n < 4 * WINDOW) return undefined;
  const at = Math.min(n - WINDOW, start + Math.floor((n - start) / 2));
  const reach = Math.min(FARTHEST, n - WINDOW);
  for (let size = 1; size <= reach; size++)
    for (const by of [size, -size]) {
      if (!isWindow(a, b, at, by)) continue;
      const from = Math.max(start, -by);
      const end = Math.min(n, n - by);
      const after = closeness(a.subarray(from, end), b.subarray(from + by, end + by));
      if (!explains(after, before)) continue;
      const row = Math.floor(start / columns);
      return {
        kind: 'shifted',
        message: `from element [${row}, ${start - row * columns}] on, all are shifted by ${size} element${size === 1 ? '' : 's'} to the ${by > 0 ? 'right' : 'left'}`,
        repair: 'Shifted back, over these elements',
        ...proofOf(after),
      };
    }
  return undefined;
}

function isWindow(a: Float32Array, b: Float32Array, at: number, by: number): boolean {
  let [distance, size] = [0, 0];
  if (at + by < 0 || at + by + WINDOW > b.length) return false;
  for (let i = at; i < at + WINDOW; i++) {
    const d = a[i]! - b[i + by]!;
    distance += d * d;
    size += a[i]! * a[i]!;
    if (distance > 1e-2 && distance > size) return false;
  }
  return size > 0 && isClose([distance, size]);
}

/** Beyond rounding. */
function firstDifference(a: Float32Array, b: Float32Array): number {
  for (let i = 0; i < a.length; i++) if (Math.abs(a[i]! - b[i]!) > 0.02 * Math.abs(a[i]!)) return i;
  return -1;
}

/** Where all that differs is, when that is a small part. */
export function regionFault({ a, b, rows, columns }: BothSides): Fault | undefined {
  let [top, bottom, left, right, count] = [Infinity, -1, Infinity, -1, 0];
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) {
      if (Math.abs(a[i]! - b[i]!) <= 0.02 * Math.abs(a[i]!)) continue;
      count++;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  const area = (bottom - top + 1) * (right - left + 1);
  if (count === 0 || area > 0.5 * rows * columns) return undefined;
  return {
    kind: 'region',
    message: `all that differs is in rows ${top} to ${bottom}, columns ${left} to ${right}`,
    rows: [[top, bottom + 1]],
  };
}
