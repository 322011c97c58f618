/**
 * Moments of AdamW that lie on the disk, a file for each parameter, and are in memory only while that
 * parameter is updated. Scratch, not a checkpoint: gone with the run's process.
 */
import { join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { readExactly } from '../files/readFile';
import { ensureFolders, removeQuietly, writeAll } from '../files/writeDurably';
import type { Blockwise } from '../tensor/blockwise';
import type { Moments, MomentStore } from '../train/adamW';

export interface PagedMoments extends MomentStore {
  dispose(): void;
}

interface Page {
  readonly path: string;
  /** Of each part, in the order in which they lie in the file; of whole moments just two. */
  readonly lengths: readonly number[];
  readonly isWhole: boolean;
}

/** @param folder is made anew: what a process that ended badly left there goes */
export function openPagedMoments(fs: FileSystem, folder: string): PagedMoments {
  onDisk('page moments to', folder, () => {
    fs.rm(folder);
    ensureFolders(fs, folder);
  });
  const pages = new Map<string, Page>();
  return {
    get(name) {
      const page = pages.get(name);
      return page && onDisk('read moments from', page.path, () => readPage(fs, page));
    },
    set(name, moments) {
      const parts = partsOf(moments);
      const path = pages.get(name)?.path ?? join(folder, `${pages.size}.bin`);
      const isWhole = parts.length === 2;
      pages.set(name, { path, lengths: parts.map(p => p.length), isWhole });
      onDisk('write moments to', path, () => {
        const file = fs.open(path, 'w');
        try {
          for (const part of parts) writeAll(fs, file, bytesOf(part), path);
        } finally {
          fs.close(file);
        }
      });
    },
    dispose: () => removeQuietly(fs, folder),
  };
}

type Part = Float32Array | Uint8Array;

const bytesOf = ({ buffer, byteOffset, byteLength }: Part): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The floats of moments in 8 bits come first, so that they are aligned. */
function partsOf({ first, second }: Moments): Part[] {
  if (first instanceof Float32Array) return [first, second as Float32Array];
  const last = second as Blockwise;
  return [first.largest, last.largest, first.codes, last.codes];
}

function readPage(fs: FileSystem, { path, lengths, isWhole }: Page): Moments {
  const file = fs.open(path, 'r');
  let at = 0;
  const read = <T extends Part>(part: T): T => {
    readExactly(fs, file, bytesOf(part), at, path);
    at += part.byteLength;
    return part;
  };
  try {
    const [a = 0, b = 0, c = 0, d = 0] = lengths;
    const floats = [read(new Float32Array(a)), read(new Float32Array(b))] as const;
    if (isWhole) return { first: floats[0], second: floats[1] };
    return {
      first: { largest: floats[0], codes: read(new Uint8Array(c)) },
      second: { largest: floats[1], codes: read(new Uint8Array(d)) },
    };
  } finally {
    fs.close(file);
  }
}
