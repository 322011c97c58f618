/**
 * Writing that survives a crash: a file is either wholly there or not at all, and on the disk when
 * the call returns. Every count is looked at; a failed write leaves the previous file as it was.
 */
import { dirname } from 'node:path';
import { fail } from '../problem';
import { diskProblem, errnoOf, onDisk } from './diskProblem';
import type { FileSystem } from './fileSystem';
import { temporaryFor } from './temporary';

/** Writes all of `bytes` to the open file of `path`, in as many calls as it takes. */
export function writeAll(fs: FileSystem, file: number, bytes: Uint8Array, path: string): void {
  let rest = bytes;
  while (rest.byteLength > 0) {
    const written = fs.write(file, rest);
    if (written <= 0)
      fail('disk.full', `The disk takes no more of ${path}; free some space.`, { file: path });
    rest = rest.subarray(written);
  }
}

/** A new file with exactly `chunks`, fsynced. Not atomic: for files in a folder that is renamed. */
export function writeSynced(fs: FileSystem, path: string, chunks: Iterable<Uint8Array>): void {
  onDisk('write', path, () => {
    const file = fs.open(path, 'wx');
    let closed = false;
    try {
      for (const chunk of chunks) writeAll(fs, file, chunk, path);
      fs.fsync(file); // never retried: after a failed fsync the pages may be gone
      closed = true;
      fs.close(file);
    } finally {
      if (!closed) closeQuietly(fs, file);
    }
  });
}

/** Replaces or creates `path` atomically and durably. */
export const writeFileDurably = (
  fs: FileSystem,
  path: string,
  chunks: Iterable<Uint8Array>,
): void => writeFilesDurably(fs, [[path, chunks]]);

/**
 * Files of one folder, at least one, each replaced or created atomically and durably, and none of them
 * before all are written.
 */
export function writeFilesDurably(
  fs: FileSystem,
  files: Iterable<readonly [path: string, chunks: Iterable<Uint8Array>]>,
): void {
  const paths: string[] = [];
  let at = '';
  try {
    for (const [path, chunks] of files) {
      at = path;
      paths.push(path);
      fs.rm(temporaryFor(path));
      writeSynced(fs, temporaryFor(path), chunks);
    }
    for (const path of paths) {
      at = path;
      fs.rename(temporaryFor(path), path);
    }
    syncFolder(fs, dirname(at));
  } catch (error) {
    for (const path of paths) removeQuietly(fs, temporaryFor(path));
    throw diskProblem('write', at, error);
  }
}

export const writeTextDurably = (fs: FileSystem, path: string, text: string): void =>
  writeFileDurably(fs, path, [Buffer.from(text)]);

/** Makes renames and new names in a folder durable. Windows cannot, and keeps its own journal. */
export function syncFolder(fs: FileSystem, folder: string): void {
  if (process.platform === 'win32') return;
  const file = fs.open(folder, 'r');
  try {
    fs.fsync(file);
  } finally {
    fs.close(file);
  }
}

/** @returns whether it had to be made */
export function ensureFolder(fs: FileSystem, path: string): boolean {
  try {
    fs.mkdir(path);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** The folder with all that are missing above it. */
export function ensureFolders(fs: FileSystem, path: string): void {
  try {
    ensureFolder(fs, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    ensureFolders(fs, dirname(path));
    ensureFolder(fs, path);
  }
}

/** For clean-up after a failure that is already being reported. */
export function removeQuietly(fs: FileSystem, path: string): void {
  try {
    fs.rm(path);
  } catch {
    // the first failure is the one to tell; what is left behind is swept at the next start
  }
}

function closeQuietly(fs: FileSystem, file: number): void {
  try {
    fs.close(file);
  } catch {
    // as above
  }
}
