/** The samples of an evaluation as a table that can be narrowed down and sorted. Pure. */
import { sampleFlags, type SampleFlag } from '../../src/protocol/evaluation';
import type { RowAnswer, SampleRow } from '../../src/protocol/evaluationView';

export type Flip = 'wrong-right' | 'right-wrong';

export const filters = ['all', 'wrong', 'disagree', 'ran-on', 'arithmetic', 'flips'] as const;
/** In the order of their keys, 1 to 6. */
export type Filter = (typeof filters)[number];

export const sortKeys = [
  'index',
  'question',
  'expected',
  'strict',
  'flexible',
  'exact',
  'flags',
  'tokens',
  'rougeL',
  'bleu',
  'perplexity',
] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sorting {
  readonly by: SortKey;
  readonly isDescending: boolean;
}

export interface Selection {
  readonly filter: Filter;
  /** Further: only those with this flag. */
  readonly flag: SampleFlag | null;
  /** Only these indices, when something was searched for. */
  readonly hits: ReadonlySet<number> | null;
  readonly sorting: Sorting;
}

const flagOf: Readonly<Partial<Record<Filter, SampleFlag>>> = {
  wrong: 'wrong',
  disagree: 'strict-flexible',
  'ran-on': 'ran-on',
  arithmetic: 'arithmetic-error',
};

export class SampleTable {
  readonly #rows: SampleRow[] = [];
  readonly #at = new Map<number, number>();
  readonly #counts = new Map<SampleFlag, number>(sampleFlags.map(flag => [flag, 0]));
  #flips: ReadonlyMap<number, Flip> = new Map();

  get size(): number {
    return this.#rows.length;
  }

  /** Those that are there already are left as they are. */
  add(rows: readonly SampleRow[]): void {
    for (const row of rows) {
      if (this.#at.has(row.index)) continue;
      this.#at.set(row.index, this.#rows.length);
      this.#rows.push(row);
      for (const flag of row.flags) this.#counts.set(flag, this.#counts.get(flag)! + 1);
    }
  }

  setFlips(wrongToRight: readonly number[], rightToWrong: readonly number[]): void {
    this.#flips = new Map<number, Flip>([
      ...wrongToRight.map((index): [number, Flip] => [index, 'wrong-right']),
      ...rightToWrong.map((index): [number, Flip] => [index, 'right-wrong']),
    ]);
  }

  rowAt(place: number): SampleRow {
    return this.#rows[place]!;
  }

  /** Its place in the order of the file. */
  placeOf(index: number): number | undefined {
    return this.#at.get(index);
  }

  flipOf(index: number): Flip | undefined {
    return this.#flips.get(index);
  }

  countOf(flag: SampleFlag): number {
    return this.#counts.get(flag)!;
  }

  countIn(filter: Filter): number {
    if (filter === 'all') return this.size;
    if (filter === 'flips') {
      let count = 0;
      for (const index of this.#flips.keys()) if (this.#at.has(index)) count++;
      return count;
    }
    return this.countOf(flagOf[filter]!);
  }

  /** Places of the rows that are shown, in order. */
  select({ filter, flag, hits, sorting }: Selection): Uint32Array {
    const wanted = flagOf[filter];
    const fits = (row: SampleRow): boolean =>
      (wanted === undefined || row.flags.includes(wanted)) &&
      (filter !== 'flips' || this.#flips.has(row.index)) &&
      (flag === null || row.flags.includes(flag)) &&
      (hits === null || hits.has(row.index));
    const places = [...this.#rows.keys()].filter(place => fits(this.#rows[place]!));
    const { by, isDescending } = sorting;
    if (by !== 'index' || isDescending) {
      const sign = isDescending ? -1 : 1;
      const keys = new Map(places.map(place => [place, this.#keyOf(this.#rows[place]!, by)]));
      places.sort((a, b) => sign * compare(keys.get(a)!, keys.get(b)!) || a - b);
    }
    return Uint32Array.from(places);
  }

  #keyOf(row: SampleRow, by: SortKey): string | number {
    switch (by) {
      case 'index':
        return row.index;
      case 'question':
        return row.question.toLowerCase();
      case 'expected':
        return numberIn(row.expected);
      case 'strict':
      case 'flexible':
      case 'exact':
        return rank(row[by]);
      case 'flags':
        return row.flags.length + (this.#flips.has(row.index) ? 1 : 0);
      case 'tokens':
        return row.newTokens;
      case 'rougeL':
      case 'bleu':
      case 'perplexity':
        return row[by] ?? -1;
    }
  }
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

/** Wrong ones first, and of these the ones without an answer. */
const rank = (found: RowAnswer | null): number =>
  found === null ? -1 : found.isRight ? 2 : found.answer === null ? 0 : 1;

function numberIn(text: string | null): string | number {
  if (text === null) return -Infinity;
  const value = Number(text.replace(/[,$\s]/g, ''));
  return Number.isNaN(value) ? text.toLowerCase() : value;
}
