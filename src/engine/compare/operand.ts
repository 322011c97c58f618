/**
 * One side of a compared parameter: which tensor of the file it is in, and where its rows are there.
 * Its elements are read by range, as raw bytes in the order of the canonical parameter.
 */
import { disk, type FileSystem } from '../files/fileSystem';
import { onDisk } from '../files/diskProblem';
import { readExactly } from '../files/readFile';
import type { TensorFile } from '../formats/tensorFile';
import type { ForeignDtype } from '../formats/foreignDtypes';
import { isForeign } from '../formats/foreignDtypes';
import { type Dtype, dtypeBytes, sizeOf } from '../tensor/tensor';

/** A step on the way from what is stored to the canonical parameter, for people. */
export interface Step {
  readonly kind: 'stored' | 'untile' | 'split' | 'permute' | 'crop' | 'transpose' | 'cast' | 'tie';
  readonly text: string;
  /** After it. */
  readonly shape: readonly number[];
  /** Whether it changes anything here. */
  readonly acts: boolean;
}

export interface Operand {
  /** In the file. */
  readonly tensor: string;
  readonly dtype: Dtype | ForeignDtype;
  readonly storedShape: readonly number[];
  /** Of the parameter. */
  readonly shape: readonly number[];
  /** Absent where the elements are stored in the parameter's order. */
  readonly rows?: RowPlan;
  readonly steps: readonly Step[];
}

/** Where the rows of a matrix are in the stored one. */
export interface RowPlan {
  readonly columns: number;
  /** Of the stored matrix: its rows are this long. */
  readonly storedColumns: number;
  /** The parameter's rows are the stored columns. */
  readonly transposed: boolean;
  /** Stored row (or column) of a row of the parameter. */
  readonly rowAt: (row: number) => number;
}

export interface Elements {
  readonly dtype: Dtype;
  readonly count: number;
  /** Fills `into` with elements `[from, from + n)`. */
  read(into: Uint8Array, from: number, n: number): void;
}

/** A whole tensor as it lies in the file. */
export function plainOperand(
  tensor: string,
  { dtype, shape }: { dtype: Dtype | ForeignDtype; shape: readonly number[] },
): Operand {
  return { tensor, dtype, storedShape: shape, shape, steps: [] };
}

/** The files of a side, open for raw reading. */
export class RawFiles {
  readonly #files = new Map<string, number>();

  constructor(private readonly fs: FileSystem = disk) {}

  read(path: string, into: Uint8Array, from: number): void {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = onDisk('read', path, () => this.fs.open(path, 'r'));
      this.#files.set(path, file);
    }
    const open = file;
    onDisk('read', path, () => readExactly(this.fs, open, into, from, path));
  }

  close(): void {
    for (const file of this.#files.values()) this.fs.close(file);
    this.#files.clear();
  }
}

/** @throws what the file's reader throws for a tensor that cannot be read */
export function elementsOf(file: TensorFile, operand: Operand, raw: RawFiles): Elements {
  const stored = storedElements(file, operand.tensor, raw);
  const { rows } = operand;
  // of a type that nobody reads here, the bytes
  const count = isForeign(operand.dtype) ? stored.count : sizeOf(operand.shape);
  if (!rows) return { ...stored, count };
  const read = rows.transposed ? transposedReader(stored, rows, count) : rowReader(stored, rows);
  return { dtype: stored.dtype, count, read };
}

function storedElements(file: TensorFile, name: string, raw: RawFiles): Elements {
  const entry = file.entries.get(name);
  const { at: place } = entry ?? {};
  if (entry && place && isForeign(entry.dtype))
    return {
      dtype: 'uint8',
      count: entry.bytes,
      read: (into, from, n) => raw.read(place.file, into.subarray(0, n), place.offset + from),
    };
  if (!entry || isForeign(entry.dtype) || entry.unreadable !== undefined) {
    file.readRange(name, 0, 0); // says why not
    throw new Error(`"${name}" was expected to be unreadable`);
  }
  const { dtype, at, shape } = entry;
  const width = dtypeBytes[dtype];
  const count = sizeOf(shape);
  if (at)
    return {
      dtype,
      count,
      read: (into, from, n) =>
        raw.read(at.file, into.subarray(0, n * width), at.offset + from * width),
    };
  return {
    dtype,
    count,
    read(into, from, n) {
      const { data } = file.readRange(name, from, from + n);
      into.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
  };
}

/** Rows that are near each other are read at once. */
const SPAN = 4;

function rowReader({ dtype, read }: Elements, plan: RowPlan): Elements['read'] {
  const { columns, storedColumns, rowAt } = plan;
  const width = dtypeBytes[dtype];
  let scratch = new Uint8Array(0);
  return (into, from, n) => {
    const [first, last] = [Math.floor(from / columns), Math.floor((from + n - 1) / columns)];
    const at = Array.from({ length: last - first + 1 }, (_, i) => rowAt(first + i));
    const [least, most] = [
      at.reduce((a, b) => Math.min(a, b)),
      at.reduce((a, b) => Math.max(a, b)),
    ];
    const isNear = most - least + 1 <= SPAN * at.length;
    const isInOrder = storedColumns === columns && at.every((row, i) => row === at[0]! + i);
    if (isInOrder) return read(into, at[0]! * columns + (from - first * columns), n);
    const span = (most - least + 1) * storedColumns;
    if (isNear) {
      if (scratch.byteLength < span * width) scratch = new Uint8Array(span * width);
      read(scratch, least * storedColumns, span);
    } else if (scratch.byteLength < columns * width) scratch = new Uint8Array(columns * width);
    for (const [i, row] of at.entries()) {
      const [start, end] = [
        Math.max(from, (first + i) * columns),
        Math.min(from + n, (first + i + 1) * columns),
      ];
      const inRow = start - (first + i) * columns;
      if (isNear) {
        const source = ((row - least) * storedColumns + inRow) * width;
        into.set(scratch.subarray(source, source + (end - start) * width), (start - from) * width);
      } else {
        read(scratch, row * storedColumns + inRow, end - start);
        into.set(scratch.subarray(0, (end - start) * width), (start - from) * width);
      }
    }
  };
}

const STRIP_BYTES = 1 << 26;

/** Reads strips of stored columns and turns them. */
function transposedReader(stored: Elements, plan: RowPlan, count: number): Elements['read'] {
  const { dtype, read } = stored;
  const { columns, storedColumns, rowAt } = plan;
  const width = dtypeBytes[dtype];
  const rows = count / columns;
  const strip = Math.max(1, Math.min(rows, Math.floor(STRIP_BYTES / (columns * width))));
  let turned = new Uint8Array(0);
  let turnedFrom = -1;
  const load = (top: number) => {
    const high = Math.min(strip, rows - top);
    turned = new Uint8Array(high * columns * width);
    const at = Array.from({ length: high }, (_, i) => rowAt(top + i));
    const [least, most] = [
      at.reduce((a, b) => Math.min(a, b)),
      at.reduce((a, b) => Math.max(a, b)),
    ];
    const across = most - least + 1;
    const line = new Uint8Array(across * width);
    for (let row = 0; row < columns; row++) {
      read(line, row * storedColumns + least, across);
      for (let i = 0; i < high; i++)
        for (let byte = 0; byte < width; byte++)
          turned[(i * columns + row) * width + byte] = line[(at[i]! - least) * width + byte]!;
    }
    turnedFrom = top;
  };
  return (into, from, n) => {
    for (let at = from; at < from + n;) {
      const top = Math.floor(at / columns / strip) * strip;
      if (top !== turnedFrom) load(top);
      const end = Math.min(from + n, top * columns + turned.byteLength / width);
      const source = (at - top * columns) * width;
      into.set(turned.subarray(source, source + (end - at) * width), (at - from) * width);
      at = end;
    }
  };
}
