/**
 * Names of what is not yet, or no longer, part of a folder, and the sweeping of what killed
 * processes left under such names. The name says whose it is: process id and start time.
 */
import { join } from 'node:path';
import type { FileSystem } from './fileSystem';
import { ownStart, processStart } from './processIdentity';

const TEMPORARY = /^(.+)\.(tmp|old)-([0-9]+)-([A-Za-z0-9-]*)$/;

const mark = () => `${process.pid}-${ownStart()}`;

/** Where to build what shall become `path`. */
export const temporaryFor = (path: string): string => `${path}.tmp-${mark()}`;

/** Where to put what lies at `path` while its successor takes its place. */
export const asideOf = (path: string): string => `${path}.old-${mark()}`;

export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

/** The process whose name it bears: id and start, to be compared with `processStart`. */
export function ownerOfTemporary(name: string): { pid: number; start: string } | undefined {
  const [, , , pid, start = ''] = TEMPORARY.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start };
}

/**
 * Removes what processes that are gone were building in `folder`, and puts back what one of them
 * had put aside without a successor. For the one owner of the folder.
 * @returns the names that were swept
 */
export function sweepTemporaries(fs: FileSystem, folder: string): string[] {
  const names = fs.readdir(folder);
  const swept = names.filter(name => {
    const owner = ownerOfTemporary(name);
    return owner !== undefined && processStart(owner.pid) !== owner.start;
  });
  for (const name of swept) {
    const [, base, kind] = TEMPORARY.exec(name)!;
    if (kind === 'old' && !names.includes(base!))
      fs.rename(join(folder, name), join(folder, base!));
    else fs.rm(join(folder, name));
  }
  return swept;
}
