/**
 * Bytes that lie somewhere and are read by range: a file, a part of one, memory. Knows nothing of
 * what they mean.
 */
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { readExactly } from '../files/readFile';

export interface ByteSource {
  readonly bytes: number;
  /** Where the first byte lies in a file, if the bytes lie in one as they are. */
  readonly at?: { readonly file: string; readonly offset: number };
  /** Fills `into` from `from`; the caller has made sure that the range lies inside. */
  read(into: Uint8Array, from: number): void;
}

/** @throws `disk.…` when the file cannot be read any more */
export function fileSource(fs: FileSystem, file: number, path: string): ByteSource {
  return {
    bytes: onDisk('read', path, () => fs.size(file)),
    at: { file: path, offset: 0 },
    read: (into, from) => onDisk('read', path, () => readExactly(fs, file, into, from, path)),
  };
}

export const memorySource = (memory: Uint8Array): ByteSource => ({
  bytes: memory.byteLength,
  read: (into, from) => into.set(memory.subarray(from, from + into.byteLength)),
});

/** What `make` gives, made when it is first read. */
export function lazySource(bytes: number, make: () => ByteSource): ByteSource {
  let made: ByteSource | undefined;
  return { bytes, read: (into, from) => (made ??= make()).read(into, from) };
}

export const partOf = (whole: ByteSource, from: number, bytes: number): ByteSource => ({
  bytes,
  ...(whole.at && { at: { file: whole.at.file, offset: whole.at.offset + from } }),
  read: (into, start) => whole.read(into, from + start),
});

/** All of a source in memory of its own. */
export function bytesOf(source: ByteSource): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(source.bytes);
  source.read(bytes, 0);
  return bytes;
}

/** Many small reads of a source in order, for few reads of the disk. */
export class ByteWindow {
  private window = Buffer.alloc(0);
  private start = 0;

  /** @param refuse says that the source ends too early, at a byte of it */
  constructor(
    readonly source: ByteSource,
    private readonly refuse: (at: number) => never,
    private readonly windowBytes = 1 << 16,
  ) {}

  /** `length` bytes from `at`, valid until the next call. */
  view(at: number, length: number): Buffer {
    if (at + length > this.source.bytes) return this.refuse(this.source.bytes);
    if (at < this.start || at + length > this.start + this.window.byteLength) this.load(at, length);
    return this.window.subarray(at - this.start, at - this.start + length);
  }

  private load(at: number, length: number): void {
    const bytes = Math.min(Math.max(length, this.windowBytes), this.source.bytes - at);
    this.window = Buffer.allocUnsafe(bytes);
    this.source.read(this.window, at);
    this.start = at;
  }
}
