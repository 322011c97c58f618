/**
 * Reading and writing safetensors files. Opening reads and checks the header only; tensor data is
 * read when asked for, by range. Knows nothing of models.
 */
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { writeFileDurably } from '../files/writeDurably';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';
import type { ByteSource } from './byteSource';
import { encodeSafetensors } from './encodeSafetensors';
import { lookalike, START_BYTES } from './lookalikes';
import type { SafetensorsHeader } from './safetensorsHeader';
import { LENGTH_BYTES, MAX_HEADER_BYTES, parseSafetensorsHeader } from './safetensorsHeader';
import type { FileContents, StoredTensor } from './storedTensors';
import { openStored } from './storedTensors';
import type { TensorFile } from './tensorFile';

/** @throws `safetensors.*` with the byte offset, `disk.*` */
export function openSafetensors(path: string, fs: FileSystem = disk): TensorFile {
  return openStored(fs, path, source => safetensorsContents(source, path));
}

/** @throws `safetensors.*` */
export function safetensorsContents(source: ByteSource, path: string): FileContents {
  const { metadata, entries } = readHeader(source, path);
  const tensors = new Map<string, StoredTensor>();
  // field by field: there may be 100,000 of them
  for (const [name, { dtype, shape, bytes, offset }] of entries)
    tensors.set(name, { dtype, shape, bytes, source, start: offset });
  return { format: 'safetensors', metadata, tensors };
}

/** All tensors of a file, which is closed again. */
export function readSafetensors(path: string, fs: FileSystem = disk): Map<string, Tensor> {
  const file = openSafetensors(path, fs);
  try {
    return new Map([...file.entries.keys()].map(name => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

/** Replaces or creates `path` atomically; the file is on the disk when the call returns. */
export function writeSafetensors(
  fs: FileSystem,
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): void {
  writeFileDurably(fs, path, encodeSafetensors(tensors, metadata));
}

function readHeader(source: ByteSource, path: string): SafetensorsHeader {
  const refuse = (kind: string, what: string, byte = 0): never =>
    fail(`safetensors.${kind}`, `${path} is not a valid safetensors file: ${what}.`, {
      file: path,
      byte,
    });
  if (source.bytes < LENGTH_BYTES)
    return refuse('header-too-small', `it has only ${source.bytes} bytes`);
  const first = Buffer.alloc(Math.min(source.bytes, START_BYTES));
  source.read(first, 0);
  const length = first.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES))
    return refuse(
      'header-too-large',
      lookalike(first)?.words ?? `its header would take ${length} bytes`,
    );
  if (Number(length) > source.bytes - LENGTH_BYTES)
    return refuse(
      'invalid-header-length',
      lookalike(first)?.words ??
        `its header of ${length} bytes does not fit in its ${source.bytes} bytes`,
    );
  const bytes = new Uint8Array(Number(length));
  source.read(bytes, LENGTH_BYTES);
  return parseSafetensorsHeader(bytes, source.bytes, path);
}
