/**
 * Files of tensors, whatever their format: what stands in them is known when they are open, elements
 * are read when asked for, whole or by range. Which format a file has is decided by its content.
 */
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import type { Dtype, Tensor } from '../tensor/tensor';
import type { ForeignDtype } from './foreignDtypes';
import { recognise } from './recognise';
import { openStored } from './storedTensors';

/** `tokens` is a bin of token ids, which nothing in the file tells: it is never recognised. */
export type TensorFormat = 'safetensors' | 'torch' | 'npz' | 'npy' | 'onnx' | 'tokens';

export interface TensorEntry {
  readonly dtype: Dtype | ForeignDtype;
  readonly shape: readonly number[];
  /** Of its elements in row-major order, which need not be what they take in the file. */
  readonly bytes: number;
  /**
   * Where its bytes lie in row-major order and little-endian, if they do: file and absolute offset,
   * to be loaded from there without a copy.
   */
  readonly at?: { readonly file: string; readonly offset: number };
  /** Name of an earlier entry which is the very same memory, as tied weights are. */
  readonly sameAs?: string;
  /** Why its elements cannot be read, if they cannot: what it is, as "is a sparse tensor". */
  readonly unreadable?: string;
}

export interface TensorFile {
  readonly path: string;
  readonly format: TensorFormat;
  /** Text and single values that stand beside the tensors, by dotted path. */
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order of the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /**
   * @throws `<format>.tensor-not-found`, `<format>.unsupported-dtype`, `<format>.unreadable`,
   *   `<format>.too-large`, `zip.…` for damaged data and `disk.…`
   */
  read(name: string): Tensor;
  /**
   * Elements `[from, to)` in row-major order, as a tensor of one dimension.
   * @throws as `read`, and `<format>.out-of-range`
   */
  readRange(name: string, from: number, to: number): Tensor;
  /** The bytes of all elements in row-major order, little-endian, in pieces; of any dtype. */
  readBytes(name: string, pieceBytes?: number): Generator<Uint8Array>;
  /** Reads all bytes that carry a checksum. @throws `zip.damaged` for the first that does not fit */
  verify(): void;
  close(): void;
}

/**
 * Opens a file of any format that can be read. Its name does not matter.
 * @throws `file.…` for what it is instead, `<format>.…` with the byte offset for what is wrong with
 *   it, `zip.…` and `disk.…`
 */
export const openTensorFile = (path: string, fs: FileSystem = disk): TensorFile =>
  openStored(fs, path, source => recognise(source, path, fs));
