/**
 * The parameters as the view keeps them: each with its verdict under the present bounds, those that
 * are shown in their order, and the model as layers and modules. Knows nothing of the page.
 */
import {
  type Breach,
  breaches,
  type MetricName,
  metricNames,
  type Metrics,
  metricsOfRow,
  type Profile,
} from '../../src/protocol/diffMetrics';
import type { PairTable } from '../../src/protocol/weightDiff';
import { type ModelPlace, modelPlaceOf } from '../controls/parameterName';

export const verdicts = ['mismatch', 'missing', 'unused', 'waiting', 'match', 'ignored'] as const;
/** In the order in which they are listed. */
export type Verdict = (typeof verdicts)[number];

export const shows = ['all', 'mismatched', 'missing', 'transformed'] as const;
/** Which rows are listed; `missing` on either side. */
export type Show = (typeof shows)[number];

export const sortKeys = ['problem', 'name', 'relL2', 'maxAbs', 'pcc', 'ulp99'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sorting {
  by: SortKey;
  isDescending: boolean;
}

export interface Selection {
  words: string;
  show: Show;
  sorting: Sorting;
}

export type Counts = Readonly<Record<Verdict | 'transformed', number>>;

export class DiffTable {
  readonly names: readonly string[];
  readonly numbers: Float64Array;
  readonly #table: PairTable;
  readonly #shapeOf: Uint32Array;
  readonly #rightNames: ReadonlyMap<number, string>;
  readonly #notes: Map<number, string>;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #verdicts: Uint8Array;
  #places: ModelPlace[] | undefined;
  #lower: string[] | undefined;
  #profile: Profile;
  #counts: Counts | undefined;

  /** @param numbers of all rows, or null when none has been compared */
  constructor(table: PairTable, numbers: ArrayBuffer | null, profile: Profile) {
    this.#table = table;
    this.names = table.names;
    this.numbers = numbers
      ? new Float64Array(numbers)
      : new Float64Array(table.names.length * metricNames.length).fill(NaN);
    this.#shapeOf = new Uint32Array(table.shapeOf);
    this.#rightNames = new Map(table.rightNames);
    this.#notes = new Map(table.notes);
    this.#rows = new Map(table.names.map((name, row) => [name, row]));
    this.#verdicts = new Uint8Array(table.names.length);
    this.#profile = profile;
    this.judge(profile);
  }

  get size(): number {
    return this.names.length;
  }

  rowOf = (name: string): number | undefined => this.#rows.get(name);
  verdictOf = (row: number): Verdict => verdicts[this.#verdicts[row]!]!;
  rightNameOf = (row: number): string | undefined => this.#rightNames.get(row);
  noteOf = (row: number): string | undefined => this.#notes.get(row);
  shapeOf = (row: number): readonly number[] => this.#table.shapes[this.#shapeOf[row]!]!;
  typesOf = (row: number): readonly [left: string, right: string] => [
    this.#table.leftTypes[row]!,
    this.#table.rightTypes[row]!,
  ];
  byOf = (row: number) => this.#table.by[row]!;
  stateOf = (row: number) => this.#table.states[row]!;
  isTransformed = (row: number): boolean => this.#table.transformed[row]!;
  isCompared = (row: number): boolean => !Number.isNaN(this.valueOf(row, 'count'));
  metricsOf = (row: number): Metrics | undefined =>
    this.isCompared(row) ? metricsOfRow(this.numbers, row) : undefined;
  breachesOf = (row: number): Breach[] => {
    const metrics = this.metricsOf(row);
    return metrics ? breaches(this.#profile, metrics) : [];
  };

  valueOf(row: number, metric: MetricName): number {
    return this.numbers[row * metricNames.length + columns[metric]]!;
  }

  get places(): readonly ModelPlace[] {
    return (this.#places ??= this.names.map(modelPlaceOf));
  }

  judge(profile: Profile): void {
    this.#profile = profile;
    for (let row = 0; row < this.size; row++) this.#judgeRow(row);
  }

  take(rows: Uint32Array, numbers: Float64Array, failed: readonly [number, string][]): void {
    const width = metricNames.length;
    for (const [row, why] of failed) this.#notes.set(row, why);
    rows.forEach((row, i) => {
      this.numbers.set(numbers.subarray(i * width, (i + 1) * width), row * width);
      this.#judgeRow(row);
    });
    for (const [row] of failed) this.#set(row, 'mismatch');
  }

  /** Rows of each verdict, and of those that a step changed on their way. */
  counts(): Counts {
    return (this.#counts ??= this.#count());
  }

  #count(): Counts {
    const found = { transformed: 0 } as Record<keyof Counts, number>;
    for (const verdict of verdicts) found[verdict] = 0;
    for (let row = 0; row < this.size; row++) {
      found[this.verdictOf(row)]++;
      if (this.isTransformed(row)) found.transformed++;
    }
    return found;
  }

  select({ words, show, sorting }: Selection): Uint32Array {
    const fits = this.#fitting(words);
    const rows: number[] = [];
    for (let row = 0; row < this.size; row++)
      if (this.#isShown(row, show) && fits(row)) rows.push(row);
    return Uint32Array.from(rows.sort(this.#order(sorting)));
  }

  #judgeRow(row: number): void {
    const state = this.stateOf(row);
    if (state === 'missing' || state === 'unused' || state === 'ignored')
      return this.#set(row, state);
    if (state === 'unlike') return this.#set(row, 'mismatch');
    const metrics = this.metricsOf(row);
    this.#set(
      row,
      !metrics ? 'waiting' : breaches(this.#profile, metrics).length > 0 ? 'mismatch' : 'match',
    );
  }

  #set(row: number, verdict: Verdict): void {
    this.#verdicts[row] = verdicts.indexOf(verdict);
    this.#counts = undefined;
  }

  #isShown(row: number, show: Show): boolean {
    const verdict = this.verdictOf(row);
    switch (show) {
      case 'all':
        return true;
      case 'mismatched':
        return verdict === 'mismatch';
      case 'missing':
        return verdict === 'missing' || verdict === 'unused';
      case 'transformed':
        return this.isTransformed(row);
    }
  }

  /** Words that must all be in a name; `*` stands for anything. */
  #fitting(words: string): (row: number) => boolean {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return () => true;
    this.#lower ??= this.names.map(name => name.toLowerCase());
    const lower = this.#lower;
    const tests = wanted.map(word => {
      const parts = word.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      const pattern = new RegExp(parts.join('.*'));
      return (row: number) => pattern.test(lower[row]!);
    });
    return row => tests.every(test => test(row));
  }

  #order({ by, isDescending }: Sorting): (a: number, b: number) => number {
    const turn = isDescending ? -1 : 1;
    if (by === 'name') return (a, b) => turn * (a - b);
    const metric = by === 'problem' ? 'relL2' : by;
    const value = (row: number) => this.valueOf(row, metric);
    // undefined last, whichever way
    const compare = (a: number, b: number) =>
      Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : turn * (a - b);
    if (by !== 'problem') return (a, b) => compare(value(a), value(b)) || a - b;
    const worst = (a: number, b: number) => (Number.isNaN(a) ? 0 : a) - (Number.isNaN(b) ? 0 : b);
    return (a, b) => this.#verdicts[a]! - this.#verdicts[b]! || worst(value(b), value(a)) || a - b;
  }
}

const columns = Object.fromEntries(metricNames.map((name, i) => [name, i])) as Record<
  MetricName,
  number
>;
