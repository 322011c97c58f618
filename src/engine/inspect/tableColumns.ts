/** A table of tensors as few long columns, which are passed on quickly however many there are. */
import type { TensorEntry } from '../formats/tensorFile';

/** Survives a structured clone. Types and shapes are numbered, since few are different. */
export interface TableColumns {
  readonly names: readonly string[];
  readonly dtypes: readonly string[];
  readonly dtypeOf: Uint8Array;
  readonly shapes: readonly (readonly number[])[];
  readonly shapeOf: Uint32Array;
  readonly bytes: Float64Array;
  /** In the file; NaN where the bytes do not lie there as they are. */
  readonly offsets: Float64Array;
  /** Of the few that have something to be said. */
  readonly remarks: readonly Remark[];
}

export interface Remark {
  readonly row: number;
  /** Another tensor that is the same memory. */
  readonly sameAs?: string;
  /** Why it cannot be read. */
  readonly unreadable?: string;
}

export function tableColumns(entries: ReadonlyMap<string, TensorEntry>): TableColumns {
  const dtypes = new Numbering();
  const shapes = new Numbering();
  const shapeList: (readonly number[])[] = [];
  const table = {
    names: [...entries.keys()],
    dtypeOf: new Uint8Array(entries.size),
    shapeOf: new Uint32Array(entries.size),
    bytes: new Float64Array(entries.size),
    offsets: new Float64Array(entries.size),
    remarks: [] as Remark[],
  };
  let row = 0;
  for (const { dtype, shape, bytes, at, sameAs, unreadable } of entries.values()) {
    table.dtypeOf[row] = dtypes.of(dtype);
    const number = shapes.of(shape.join());
    shapeList[number] ??= shape;
    table.shapeOf[row] = number;
    table.bytes[row] = bytes;
    table.offsets[row] = at?.offset ?? NaN;
    if (sameAs !== undefined) table.remarks.push({ row, sameAs });
    if (unreadable !== undefined) table.remarks.push({ row, unreadable });
    row++;
  }
  return { ...table, dtypes: dtypes.all, shapes: shapeList };
}

/** Numbers texts in the order in which they are first met. */
class Numbering {
  private readonly numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.numbers.get(text) ?? this.numbers.size;
    this.numbers.set(text, known);
    return known;
  }

  get all(): string[] {
    return [...this.numbers.keys()];
  }
}
