/**
 * A table of numbers that grows at its end: one Float64Array a column, doubled when full. Knows
 * nothing of what the columns mean.
 */

import { Summary } from './summary';

export class Columns<Name extends string> {
  #data: Record<Name, Float64Array>;
  #length = 0;
  readonly #summaries = new Map<Name, Summary>();

  constructor(
    readonly names: readonly Name[],
    capacity = 1024,
  ) {
    this.#data = tableOf(names, () => new Float64Array(capacity));
  }

  /** Takes ready-made columns of equal length, without copying them. */
  static of<Name extends string>(data: Record<Name, Float64Array>): Columns<Name> {
    const names = Object.keys(data) as Name[];
    const columns = new Columns(names, 0);
    columns.#data = { ...data };
    columns.#length = data[names[0]!].length;
    return columns;
  }

  get length(): number {
    return this.#length;
  }

  /** A view of one column, valid until the next `push`. */
  get(name: Name): Float64Array {
    return this.#data[name].subarray(0, this.#length);
  }

  /** Of one column, as it is now. */
  summary(name: Name): Summary {
    const summary = this.#summaries.get(name) ?? new Summary();
    this.#summaries.set(name, summary);
    summary.extend(this.get(name));
    return summary;
  }

  /** Value of column `name` in row `row`; NaN outside the table. */
  at(name: Name, row: number): number {
    return row >= 0 && row < this.#length ? this.#data[name][row]! : NaN;
  }

  push(row: Readonly<Record<Name, number>>): void {
    if (this.#length === this.#data[this.names[0]!].length) this.#grow();
    for (const name of this.names) this.#data[name][this.#length] = row[name];
    this.#length++;
  }

  /** Drops the rows from `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
    for (const summary of this.#summaries.values()) summary.truncate(length);
  }

  #grow(): void {
    const capacity = Math.max(1024, this.#length * 2);
    const old = this.#data;
    this.#data = tableOf(this.names, name => {
      const column = new Float64Array(capacity);
      column.set(old[name]);
      return column;
    });
  }
}

function tableOf<Name extends string>(
  names: readonly Name[],
  column: (name: Name) => Float64Array,
): Record<Name, Float64Array> {
  return Object.fromEntries(names.map(name => [name, column(name)])) as Record<Name, Float64Array>;
}

/** First index ≥ `start` whose value is ≥ `value` in an ascending array; its length when none is. */
export function lowerBound(ascending: ArrayLike<number>, value: number, start = 0): number {
  let from = start;
  let to = ascending.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (ascending[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
