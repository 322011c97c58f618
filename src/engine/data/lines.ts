/**
 * A text file as lines, read in blocks so that its size does not matter. Checks that it is UTF-8;
 * knows nothing of what the lines mean.
 */
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { fail } from '../problem';

export interface Line {
  /** With its line end, if it has one; without a byte order mark. */
  readonly text: string;
  /** 1-based. */
  readonly number: number;
}

const BLOCK_BYTES = 1 << 20;
const LF = 0x0a;

/** @throws `data.not-utf8` with line and byte, and `disk.…` */
export function* readLines(fs: FileSystem, path: string): Generator<Line> {
  let number = 0;
  let byte = 0;
  for (const bytes of readRawLines(fs, path)) {
    number++;
    const text = decodeUtf8(bytes) ?? failNotUtf8(path, number, byte, bytes);
    yield { text: number === 1 ? text.replace(/^\uFEFF/, '') : text, number };
    byte += bytes.byteLength;
  }
}

/** The bytes of each line with its line end. Together they are the file. */
export function* readRawLines(fs: FileSystem, path: string): Generator<Buffer> {
  let begun: Buffer[] = []; // the blocks of a line that has not ended yet
  for (const block of readBlocks(fs, path)) {
    let start = 0;
    for (let end = block.indexOf(LF); end !== -1; end = block.indexOf(LF, start)) {
      yield Buffer.concat([...begun, block.subarray(start, end + 1)]);
      begun = [];
      start = end + 1;
    }
    if (start < block.length) begun.push(block.subarray(start));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}

function* readBlocks(fs: FileSystem, path: string): Generator<Buffer> {
  const file = onDisk('read', path, () => fs.open(path, 'r'));
  try {
    for (let position = 0; ;) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      const count = onDisk('read', path, () => fs.read(file, block, position));
      if (count <= 0) return;
      yield block.subarray(0, count);
      position += count;
    }
  } finally {
    onDisk('close', path, () => fs.close(file));
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function failNotUtf8(file: string, line: number, lineStart: number, bytes: Buffer): never {
  const byte = lineStart + lengthOfValidUtf8(bytes);
  const where = { file, line, byte };
  const message = `${file}, line ${line}: byte ${byte} is not UTF-8. Save the file as UTF-8.`;
  fail('data.not-utf8', message, where);
}

/** Bytes before the first that cannot belong to any UTF-8 text. */
function lengthOfValidUtf8(bytes: Buffer): number {
  const canBegin = (length: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let valid = 0;
  for (let invalid = bytes.byteLength; invalid - valid > 1;) {
    const middle = (valid + invalid) >> 1;
    if (canBegin(middle)) valid = middle;
    else invalid = middle;
  }
  return valid;
}
