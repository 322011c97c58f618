/**
 * The table of tensors as the view keeps it: a row by its number, and the rows that are shown, in
 * their order. Knows nothing of the page.
 */
import type { Remark, Table } from '../../src/protocol/tensors';

export const sortKeys = ['file', 'name', 'dtype', 'shape', 'bytes'] as const;
/** `shape` sorts by the number of elements. */
export type SortKey = (typeof sortKeys)[number];

export interface Sorting {
  by: SortKey;
  isDescending: boolean;
}

export interface Selection {
  /** Words that must all be in a name; `*` stands for anything. */
  words: string;
  dtype: string | null;
  /** Only what stands below this prefix. */
  prefix: string | null;
  sorting: Sorting;
}

export class TensorTable {
  readonly names: readonly string[];
  readonly dtypes: readonly string[];
  readonly #dtypeOf: Uint8Array;
  readonly #shapes: readonly (readonly number[])[];
  readonly #shapeOf: Uint32Array;
  readonly #elements: readonly number[];
  readonly #bytes: Float64Array;
  readonly #offsets: Float64Array;
  readonly #remarks: ReadonlyMap<number, Remark>;
  readonly #rows: ReadonlyMap<string, number>;
  /** For looking for words; made when first looked for. */
  #lower: string[] | undefined;
  /** For sorting: numbers in names in the order in which people count. */
  #sortable: string[] | undefined;

  constructor(table: Table) {
    this.names = table.names;
    this.dtypes = table.dtypes;
    this.#dtypeOf = new Uint8Array(table.dtypeOf);
    this.#shapes = table.shapes;
    this.#shapeOf = new Uint32Array(table.shapeOf);
    this.#elements = table.shapes.map(shape => shape.reduce((count, size) => count * size, 1));
    this.#bytes = new Float64Array(table.bytes);
    this.#offsets = new Float64Array(table.offsets);
    this.#remarks = new Map(table.remarks.map(remark => [remark.row, remark]));
    this.#rows = new Map(table.names.map((name, row) => [name, row]));
  }

  get size(): number {
    return this.names.length;
  }

  rowOf = (name: string): number | undefined => this.#rows.get(name);
  dtypeOf = (row: number): string => this.dtypes[this.#dtypeOf[row]!]!;
  shapeOf = (row: number): readonly number[] => this.#shapes[this.#shapeOf[row]!]!;
  elementsOf = (row: number): number => this.#elements[this.#shapeOf[row]!]!;
  bytesOf = (row: number): number => this.#bytes[row]!;
  remarkOf = (row: number): Remark | undefined => this.#remarks.get(row);

  /** Byte of the file where it begins; undefined where it does not lie there as it is. */
  offsetOf(row: number): number | undefined {
    const offset = this.#offsets[row]!;
    return Number.isNaN(offset) ? undefined : offset;
  }

  get largestBytes(): number {
    return this.#bytes.reduce((most, bytes) => Math.max(most, bytes), 1);
  }

  /** Tensors of each type, of those with these words and this prefix. */
  countByDtype({ words, prefix }: Selection): Map<string, number> {
    const counts = new Uint32Array(this.dtypes.length);
    const fits = this.#fitting(words, prefix);
    for (let row = 0; row < this.size; row++) if (fits(row)) counts[this.#dtypeOf[row]!]!++;
    return new Map(this.dtypes.map((dtype, i) => [dtype, counts[i]!]));
  }

  /** Numbers of the rows to show, in order. */
  select({ words, dtype, prefix, sorting }: Selection): Uint32Array {
    const fits = this.#fitting(words, prefix);
    const wanted = dtype === null ? -1 : this.dtypes.indexOf(dtype);
    const found = new Uint32Array(this.size);
    let count = 0;
    for (let row = 0; row < this.size; row++)
      if ((wanted < 0 || this.#dtypeOf[row] === wanted) && fits(row)) found[count++] = row;
    const rows = found.subarray(0, count);
    if (sorting.by === 'file') return sorting.isDescending ? rows.reverse() : rows;
    const compare = this.#comparing(sorting.by);
    const sign = sorting.isDescending ? -1 : 1;
    // of equals, the first in the file stays first
    return rows.sort((a, b) => sign * compare(a, b) || a - b);
  }

  #fitting(words: string, prefix: string | null): (row: number) => boolean {
    const terms = words.toLowerCase().split(/\s+/).filter(Boolean).map(termOf);
    if (terms.length === 0 && prefix === null) return () => true;
    this.#lower ??= this.names.map(name => name.toLowerCase());
    const lower = this.#lower;
    return row =>
      (prefix === null || isBelow(this.names[row]!, prefix)) &&
      terms.every(term => term(lower[row]!));
  }

  #comparing(by: Exclude<SortKey, 'file'>): (a: number, b: number) => number {
    switch (by) {
      case 'name': {
        this.#sortable ??= this.names.map(sortable);
        const keys = this.#sortable;
        return (a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : 0);
      }
      case 'dtype':
        return (a, b) => compareText(this.dtypeOf(a), this.dtypeOf(b));
      case 'shape':
        return (a, b) => this.elementsOf(a) - this.elementsOf(b);
      case 'bytes':
        return (a, b) => this.bytesOf(a) - this.bytesOf(b);
    }
  }
}

const isBelow = (name: string, prefix: string): boolean =>
  prefix === '' || name === prefix || name.startsWith(`${prefix}.`);

function termOf(word: string): (name: string) => boolean {
  if (!word.includes('*')) return name => name.includes(word);
  const parts = word.split('*');
  return name => {
    let at = 0;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** `layers.10` after `layers.2`. */
const sortable = (name: string): string =>
  name.replace(/[0-9]+/g, digits => digits.padStart(9, '0'));

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How much of a name is the same as that of the row above, up to a dot. */
export function sharedPrefix(name: string, above: string | undefined): number {
  if (above === undefined) return 0;
  let shared = 0;
  for (let i = 0; i < name.length && name[i] === above[i]; i++) if (name[i] === '.') shared = i + 1;
  return shared;
}
