/** Reading through a `FileSystem`, in whole or by range. A short file is an error, never short data. */
import { fail } from '../problem';
import { diskProblem, isMissing, onDisk } from './diskProblem';
import type { FileSystem } from './fileSystem';

/** Fills `into` from `position`. @throws `disk.truncated` when the file ends before. */
export function readExactly(
  fs: FileSystem,
  file: number,
  into: Uint8Array,
  position: number,
  path: string,
): void {
  let done = 0;
  while (done < into.byteLength) {
    const count = fs.read(file, into.subarray(done), position + done);
    if (count <= 0)
      fail(
        'disk.truncated',
        `${path} ends at byte ${position + done}, in the middle of its data.`,
        {
          file: path,
          byte: position + done,
        },
      );
    done += count;
  }
}

/** The bytes from `from` to the end of the file as it is now. */
export function readBytes(fs: FileSystem, path: string, from = 0): Buffer {
  return onDisk('read', path, () => {
    const file = fs.open(path, 'r');
    try {
      const bytes = Buffer.allocUnsafe(Math.max(0, fs.size(file) - from));
      readExactly(fs, file, bytes, from, path);
      return bytes;
    } finally {
      fs.close(file);
    }
  });
}

export const readText = (fs: FileSystem, path: string): string =>
  readBytes(fs, path).toString('utf8');

/** Names in a folder; none when there is no such folder. @throws `disk.…` */
export function listFolder(fs: FileSystem, path: string): string[] {
  try {
    return fs.readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw diskProblem('read', path, error);
  }
}

/** @throws `disk.…` where it cannot be known */
export function exists(fs: FileSystem, path: string): boolean {
  try {
    fs.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw diskProblem('read', path, error);
  }
}
