/** A tensor file over tensors that lie in byte sources: what all formats have in common. */
import type { FileSystem } from '../files/fileSystem';
import { onDisk } from '../files/diskProblem';
import { fail } from '../problem';
import type { Dtype, Tensor, TensorData } from '../tensor/tensor';
import { dtypeBytes, sizeOf, tensor } from '../tensor/tensor';
import type { ByteSource } from './byteSource';
import { fileSource } from './byteSource';
import type { ForeignDtype } from './foreignDtypes';
import { isForeign } from './foreignDtypes';
import { readStrided } from './stridedBytes';
import type { TensorEntry, TensorFile, TensorFormat } from './tensorFile';

export interface StoredTensor {
  readonly dtype: Dtype | ForeignDtype;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly source: ByteSource;
  /** Byte of the source where the first element lies. */
  readonly start: number;
  /** In elements; absent when row-major without gaps. */
  readonly strides?: readonly number[];
  /** Width of the numbers whose bytes stand in the other order. */
  readonly swapped?: 2 | 4 | 8;
  readonly sameAs?: string;
  readonly unreadable?: string;
}

export interface FileContents {
  readonly format: TensorFormat;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly verify?: () => void;
  /** More files than the one that was opened, to be closed with it. */
  readonly close?: () => void;
}

/** Opens `path` and lets `read` find out what is in it; the file is closed again if that fails. */
export function openStored(
  fs: FileSystem,
  path: string,
  read: (source: ByteSource) => FileContents,
): TensorFile {
  const file = onDisk('read', path, () => fs.open(path, 'r'));
  try {
    const contents = read(fileSource(fs, file, path));
    return new StoredTensorFile(path, contents, () => {
      contents.close?.();
      fs.close(file);
    });
  } catch (error) {
    fs.close(file);
    throw error;
  }
}

const PIECE_BYTES = 1 << 23;
/** Scattered elements are gathered in larger pieces: each piece may have to pass over the whole. */
const SCATTERED_PIECE_BYTES = 1 << 29;

class StoredTensorFile implements TensorFile {
  readonly format: TensorFormat;
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, TensorEntry>;

  constructor(
    readonly path: string,
    private readonly contents: FileContents,
    readonly close: () => void,
  ) {
    this.format = contents.format;
    this.metadata = contents.metadata ?? new Map<string, string>();
    this.entries = new Map([...contents.tensors].map(([name, t]) => [name, entryOf(t)]));
  }

  read(name: string): Tensor {
    const found = this.readable(name);
    const { dtype, shape } = found;
    return tensor(dtype, shape, this.elements(name, found, 0, sizeOf(shape)));
  }

  readRange(name: string, from: number, to: number): Tensor {
    const found = this.readable(name);
    const count = sizeOf(found.shape);
    if (!(from >= 0 && from <= to && to <= count && Number.isInteger(from) && Number.isInteger(to)))
      this.refuse(
        'out-of-range',
        `"${name}" of ${this.path} has ${count} elements, not ${from}–${to}`,
      );
    return tensor(found.dtype, [to - from], this.elements(name, found, from, to));
  }

  *readBytes(name: string, pieceBytes?: number): Generator<Uint8Array> {
    const found = this.find(name);
    if (found.unreadable !== undefined) this.refuseUnreadable(name, found.unreadable);
    const { source, start, bytes, shape, strides, swapped } = found;
    if (strides === undefined && swapped === undefined) {
      const piece = pieceBytes ?? PIECE_BYTES;
      for (let at = 0; at < bytes; at += piece) {
        const into = new Uint8Array(Math.min(piece, bytes - at));
        source.read(into, start + at);
        yield into;
      }
      return;
    }
    const count = sizeOf(shape);
    const elementBytes = bytes / count;
    const wanted = pieceBytes ?? (strides ? SCATTERED_PIECE_BYTES : PIECE_BYTES);
    const piece = Math.max(1, Math.floor(wanted / elementBytes));
    for (let at = 0; at < count; at += piece)
      yield readStrided({ ...found, elementBytes }, at, Math.min(at + piece, count));
  }

  verify(): void {
    this.contents.verify?.();
  }

  private elements<D extends Dtype>(
    name: string,
    found: StoredTensor & { dtype: D },
    from: number,
    to: number,
  ): TensorData<D> {
    const elementBytes = dtypeBytes[found.dtype];
    try {
      return viewAs[found.dtype](readStrided({ ...found, elementBytes }, from, to).buffer);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // what JavaScript says when memory is short
      const bytes = (to - from) * elementBytes;
      return this.refuse(
        'too-large',
        `"${name}" of ${this.path} takes ${bytes} bytes, more than fits into memory at once`,
      );
    }
  }

  private find(name: string): StoredTensor {
    return (
      this.contents.tensors.get(name) ??
      this.refuse('tensor-not-found', `${this.path} holds no tensor "${name}"`)
    );
  }

  private readable(name: string): StoredTensor & { dtype: Dtype } {
    const found = this.find(name);
    const { dtype, unreadable } = found;
    if (unreadable !== undefined) this.refuseUnreadable(name, unreadable);
    if (isForeign(dtype))
      return this.refuse(
        'unsupported-dtype',
        `Tensor "${name}" of ${this.path} is of type ${dtype}, which cannot be read yet; convert it to F32, F16 or BF16`,
        found.source.at && found.source.at.offset + found.start,
      );
    return { ...found, dtype };
  }

  private refuseUnreadable(name: string, why: string): never {
    return this.refuse('unreadable', `"${name}" of ${this.path} ${why}, which cannot be read`);
  }

  private refuse(kind: string, what: string, byte?: number): never {
    return fail(`${this.format}.${kind}`, `${what}.`, {
      file: this.path,
      ...(byte !== undefined && { byte }),
    });
  }
}

function entryOf(stored: StoredTensor): TensorEntry {
  const { dtype, shape, bytes, source, start, strides, swapped, sameAs, unreadable } = stored;
  const asTheyAre = source.at && !strides && swapped === undefined && unreadable === undefined;
  const entry: TensorEntry = asTheyAre
    ? { dtype, shape, bytes, at: { file: source.at.file, offset: source.at.offset + start } }
    : { dtype, shape, bytes };
  if (sameAs === undefined && unreadable === undefined) return entry;
  return {
    ...entry,
    ...(sameAs !== undefined && { sameAs }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

const viewAs: { [D in Dtype]: (buffer: ArrayBuffer) => TensorData<D> } = {
  float32: b => new Float32Array(b),
  float64: b => new Float64Array(b),
  float16: b => new Uint16Array(b),
  bfloat16: b => new Uint16Array(b),
  int64: b => new BigInt64Array(b),
  int32: b => new Int32Array(b),
  int16: b => new Int16Array(b),
  int8: b => new Int8Array(b),
  uint8: b => new Uint8Array(b),
  uint16: b => new Uint16Array(b),
  uint32: b => new Uint32Array(b),
  uint64: b => new BigUint64Array(b),
  bool: b => new Uint8Array(b),
};
