/**
 * A file system whose n-th call fails, once or from then on. Without a fault it is the disk and
 * counts: first count the calls of an action, then repeat it with each of them failing.
 */
import type { FileSystem } from '../../src/engine/files/fileSystem';
import { disk } from '../../src/engine/files/fileSystem';

/** `short` is no error: a write takes only half of its bytes. */
export type FaultKind = 'ENOSPC' | 'EIO' | 'EACCES' | 'EROFS' | 'EMFILE' | 'short';

export const faultKinds: readonly FaultKind[] = [
  'ENOSPC',
  'EIO',
  'EACCES',
  'EROFS',
  'EMFILE',
  'short',
];

export interface Fault {
  kind: FaultKind;
  /** Number of the call, from 0. */
  call: number;
  /** Every later call fails too. */
  lasting?: boolean;
}

export interface FaultyFileSystem extends FileSystem {
  /** Names of the calls so far. */
  readonly calls: (keyof FileSystem)[];
}

export function faultyFileSystem(fault?: Fault): FaultyFileSystem {
  const calls: (keyof FileSystem)[] = [];
  const isFaulty = (name: keyof FileSystem): boolean => {
    const call = calls.push(name) - 1;
    return fault !== undefined && (fault.lasting ? call >= fault.call : call === fault.call);
  };
  const wrap = <K extends keyof FileSystem>(name: K): FileSystem[K] =>
    ((...given: Parameters<FileSystem[K]>) => {
      const through = disk[name] as (...args: unknown[]) => unknown;
      if (!isFaulty(name)) return through(...given);
      if (fault!.kind !== 'short') {
        if (name === 'close') through(...given); // as the system does: the file is closed anyway
        throw Object.assign(new Error(`${fault!.kind}: injected`), { code: fault!.kind });
      }
      if (name !== 'write') return through(...given);
      const [file, bytes] = given as unknown as [number, Uint8Array];
      return through(file, bytes.subarray(0, bytes.byteLength >> 1));
    }) as FileSystem[K];
  const names = Object.keys(disk) as (keyof FileSystem)[];
  const wrapped = Object.fromEntries(names.map(name => [name, wrap(name)]));
  return { ...(wrapped as unknown as FileSystem), calls };
}
