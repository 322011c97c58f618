/** Refuses to begin writing what will not fit. */
import { fail } from '../problem';
import { onDisk } from './diskProblem';
import type { FileSystem } from './fileSystem';

/** @throws `disk.full` when fewer than `bytes` are free on the disk of `folder` */
export function requireSpace(fs: FileSystem, folder: string, bytes: number): void {
  const free = onDisk('look at', folder, () => fs.freeBytes(folder));
  if (free < bytes)
    fail(
      'disk.full',
      `${megabytes(bytes)} are needed on the disk of ${folder} and ${megabytes(free)} are free; free some space.`,
      { file: folder },
    );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
