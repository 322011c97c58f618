/**
 * A hash that tells files of one size apart by what is in them, without reading all of a model: small
 * files whole; of large ones the header and pieces that are spread over the rest. Two files that part
 * between the pieces have one hash: whoever needs more than that looks at their times, too.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** Files up to here are read whole, as is the header of a larger safetensors file. Bytes. */
const WHOLE = 1 << 20;
const PIECE = 4096;
const PIECES = 64;

/**
 * Reads at most 1 MiB of a small file; of a large one its first MiB at most (the header, or a piece)
 * and 64 pieces of 4 KiB, the last of which ends with the file.
 * @param size bytes
 * @throws errors of the system
 */
export function sampleHash(path: string, size: number): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const add = (from: number, length: number) => addBytes(hash, file, { from, length });
    if (size <= WHOLE) add(0, size);
    else {
      const start = path.endsWith('.safetensors') ? headerEnd(file) : PIECE;
      add(0, Math.min(start, WHOLE));
      const step = (size - PIECE - start) / (PIECES - 1);
      for (let i = 0; i < PIECES; i++) add(Math.floor(start + i * step), PIECE);
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** A safetensors header is as long as its first eight bytes say. */
function headerEnd(file: number): number {
  const length = Buffer.alloc(8);
  readSync(file, length, 0, 8, 0);
  return Math.min(8 + Number(length.readBigUInt64LE(0)), WHOLE);
}

function addBytes(hash: Hash, file: number, { from, length }: { from: number; length: number }) {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, length - done, from + done);
    if (count === 0) throw new Error('It became shorter while it was read.');
    done += count;
  }
  hash.update(bytes);
}
