/**
 * `manifest.json`: what a checkpoint folder must hold, to the bit. It is written last, so a folder
 * with a sound manifest is a whole one. Knows nothing of what the files mean.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem } from '../files/fileSystem';
import { readBytes } from '../files/readFile';
import { openSealedJson, sealJson } from '../files/sealedJson';
import { ProblemError } from '../problem';
import { onDisk } from '../files/diskProblem';

export interface ManifestFile {
  name: string;
  bytes: number;
  /** CRC-32 and SHA-256, hexadecimal. */
  crc32: string;
  sha256: string;
}

export interface Manifest {
  version: 1;
  step: number;
  files: ManifestFile[];
}

const NAME = 'manifest.json';
const READ_BYTES = 1 << 22;

export const manifestPath = (folder: string): string => join(folder, NAME);

export const encodeManifest = (manifest: Manifest): Uint8Array =>
  Buffer.from(`${sealJson(manifest)}\n`);

/** Passes chunks on while it measures them. */
export function measured(name: string, chunks: Iterable<Uint8Array>) {
  const sha = createHash('sha256');
  let bytes = 0;
  let crc = 0;
  function* passOn(): Generator<Uint8Array> {
    for (const chunk of chunks) {
      sha.update(chunk);
      crc = crc32(chunk, crc);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  /** Once all chunks have passed. */
  const result = (): ManifestFile => ({ name, bytes, crc32: hex(crc), sha256: sha.digest('hex') });
  return { chunks: passOn(), result };
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0');

/**
 * Reads the manifest and compares every file with it: by size, or to the bit.
 * @returns the manifest, or in words why the folder cannot be trusted
 */
export function checkFolder(
  fs: FileSystem,
  folder: string,
  how: 'sizes' | 'bits',
): { manifest: Manifest } | { why: string } {
  try {
    const manifest = readManifest(fs, folder);
    if (manifest === undefined) return { why: `${NAME} is damaged` };
    for (const file of manifest.files) {
      const why = differs(fs, folder, file, how);
      if (why !== undefined) return { why: `${file.name} ${why}` };
    }
    return { manifest };
  } catch (error) {
    if (error instanceof ProblemError) return { why: error.problem.message };
    throw error;
  }
}

function readManifest(fs: FileSystem, folder: string): Manifest | undefined {
  const bytes = readBytes(fs, manifestPath(folder));
  if (bytes.at(-1) !== 0x0a) return undefined;
  const manifest = openSealedJson(bytes.subarray(0, -1)) as Partial<Manifest> | undefined;
  const sound = Array.isArray(manifest?.files) && manifest.files.every(isInFolder);
  return sound ? (manifest as Manifest) : undefined;
}

/** A manifest from elsewhere must not make us read outside its folder. */
const isInFolder = (file: Partial<ManifestFile> | null): boolean =>
  typeof file?.name === 'string' && /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(file.name);

function differs(
  fs: FileSystem,
  folder: string,
  wanted: ManifestFile,
  how: 'sizes' | 'bits',
): string | undefined {
  const path = join(folder, wanted.name);
  const bytes = onDisk('read', path, () => fs.stat(path).bytes);
  if (bytes !== wanted.bytes) return `has ${bytes} bytes, not ${wanted.bytes}`;
  if (how === 'sizes') return undefined;
  const found = measured(wanted.name, readChunks(fs, path, bytes));
  while (!found.chunks.next().done) continue;
  const { crc32, sha256 } = found.result();
  if (crc32 === wanted.crc32 && sha256 === wanted.sha256) return undefined;
  return 'is not what was written: its checksum differs';
}

function* readChunks(fs: FileSystem, path: string, bytes: number): Generator<Uint8Array> {
  const file = onDisk('read', path, () => fs.open(path, 'r'));
  try {
    const buffer = Buffer.allocUnsafe(Math.min(bytes, READ_BYTES));
    for (let at = 0; ;) {
      const count = onDisk('read', path, () => fs.read(file, buffer, at));
      if (count <= 0) return;
      yield buffer.subarray(0, count);
      at += count;
    }
  } finally {
    fs.close(file);
  }
}
