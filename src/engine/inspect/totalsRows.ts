/** The totals by prefix as rows of an outline, from the whole to its parts. */
import type { PrefixTotals } from '../formats/prefixTotals';
import { MAX_LEVELS, prefixTotals } from '../formats/prefixTotals';
import type { TensorEntry } from '../formats/tensorFile';

export interface TotalsRow {
  readonly prefix: string;
  /** 0 is the whole. */
  readonly level: number;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** Nobody reads more; the deepest levels are left out first. */
const MAX_ROWS = 2_000;

export function totalsRows(entries: ReadonlyMap<string, TensorEntry>): TotalsRow[] {
  let rows: TotalsRow[] = [];
  for (let levels = 0; levels <= MAX_LEVELS && !hasTooMany(entries, levels); levels++) {
    const more = outline(prefixTotals(entries, levels), 0);
    if (more.length > MAX_ROWS) break;
    rows = more;
  }
  return rows;
}

/** Whether there are more prefixes of so many parts than there may be rows: each would have one. */
function hasTooMany(entries: ReadonlyMap<string, TensorEntry>, parts: number): boolean {
  const prefixes = new Set<string>();
  for (const name of entries.keys()) {
    let end = -1;
    for (let part = 0; part < parts; part++) {
      end = name.indexOf('.', end + 1);
      if (end < 0) break;
    }
    if (end >= 0) prefixes.add(name.slice(0, end));
    if (prefixes.size > MAX_ROWS) return true;
  }
  return false;
}

const outline = (totals: PrefixTotals, level: number): TotalsRow[] => [
  rowOf(totals, level),
  ...totals.parts.flatMap(part => outline(part, level + 1)),
];

const rowOf = ({ prefix, tensors, parameters, bytes }: PrefixTotals, level: number): TotalsRow => ({
  prefix,
  level,
  tensors,
  parameters,
  bytes,
});
