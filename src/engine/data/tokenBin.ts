/**
 * Token bins: ids one after the other, little-endian, as numpy's memmap reads them, and beside each
 * a sidecar that says what they are. Knows nothing of text.
 */
import { createHash } from 'node:crypto';
import { onDisk } from '../files/diskProblem';
import { disk, writeFileDurably } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { readExactly } from '../files/readFile';
import { writeTextDurably } from '../files/writeDurably';
import { fail } from '../problem';
import { REMEDY, readSidecar, sidecarPath } from './binSidecar';
import type { BinSidecar, TokenDtype } from './binSidecar';

export type Tokens = Uint16Array | Uint32Array;

export interface TokenBin {
  readonly path: string;
  readonly dtype: TokenDtype;
  readonly tokens: Tokens;
  readonly length: number;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
  /** Absent when the bin was made elsewhere. */
  readonly sidecar?: BinSidecar;
}

/** What the sidecar says and the tokens do not. */
export type BinFacts = Omit<BinSidecar, 'version' | 'dtype' | 'tokens' | 'sha256' | 'created'>;

/** The smallest of the two that holds every id below `vocabSize`. */
export const dtypeFor = (vocabSize: number): TokenDtype =>
  vocabSize <= 2 ** 16 ? 'uint16' : 'uint32';

const ARRAYS = { uint16: Uint16Array, uint32: Uint32Array };

/**
 * Reads a bin whole. Without a sidecar its tokens are uint16.
 * @throws `data.empty`, `data.bin-truncated`, `data.bin-odd-length`, `data.bin-changed`,
 *   `data.bad-sidecar` and `disk.…`
 */
export function openTokenBin(path: string, fs: FileSystem = disk): TokenBin {
  const sidecar = readSidecar(path, fs);
  const dtype = sidecar?.dtype ?? 'uint16';
  const bytes = readAll(path, fs, size => checkBinSize(path, size, sidecar));
  const sha256 = sha256Of(bytes);
  if (sidecar !== undefined && sidecar.sha256 !== sha256) failChanged(path);
  const tokens = new ARRAYS[dtype](bytes.buffer);
  return { path, dtype, tokens, length: tokens.length, sha256, ...(sidecar && { sidecar }) };
}

/** Writes bin and sidecar, each whole or not at all. @throws `data.empty` and `disk.…` */
export function writeTokenBin(fs: FileSystem, path: string, tokens: Tokens, facts: BinFacts): void {
  if (tokens.length === 0)
    fail('data.empty', `${facts.source.file} gives no tokens.`, { file: path });
  const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
  const sidecar: BinSidecar = {
    version: 1,
    ...facts,
    dtype: tokens instanceof Uint16Array ? 'uint16' : 'uint32',
    tokens: tokens.length,
    sha256: sha256Of(bytes),
    created: new Date().toISOString(),
  };
  writeFileDurably(fs, path, [bytes]);
  writeTextDurably(fs, sidecarPath(path), `${JSON.stringify(sidecar, null, 2)}\n`);
}

/** @throws `data.token-beyond-vocabulary` with the byte offset of the first such token */
export function checkVocabulary({ path, tokens }: TokenBin, vocabSize: number): void {
  const at = tokens.findIndex(token => token >= vocabSize);
  if (at === -1) return;
  const byte = at * tokens.BYTES_PER_ELEMENT;
  fail(
    'data.token-beyond-vocabulary',
    `${path}: token ${tokens[at]} at byte ${byte} is beyond the vocabulary of ${vocabSize}. ` +
      'Use the tokenizer that made the bin, or a larger model.vocab_size.',
    { file: path, byte },
  );
}

/** @throws `data.empty`, `data.bin-truncated`, `data.bin-odd-length`, `data.bin-changed` */
export function checkBinSize(file: string, bytes: number, sidecar: BinSidecar | undefined): void {
  if (bytes === 0) fail('data.empty', `${file} is empty. ${REMEDY}`, { file, byte: 0 });
  const width = ARRAYS[sidecar?.dtype ?? 'uint16'].BYTES_PER_ELEMENT;
  const expected = sidecar && sidecar.tokens * width;
  if (expected !== undefined && bytes < expected)
    fail(
      'data.bin-truncated',
      `${file} ends at byte ${bytes} of ${expected}: it was cut off. ${REMEDY}`,
      { file, byte: bytes },
    );
  if (bytes % width !== 0)
    fail(
      'data.bin-odd-length',
      `${file} has ${bytes} bytes, which are no whole number of ${width}-byte tokens: it was cut off or is no token bin.`,
      { file, byte: bytes - (bytes % width) },
    );
  if (expected !== undefined && bytes > expected) failChanged(file);
}

function failChanged(file: string): never {
  fail('data.bin-changed', `${file} is not what its sidecar describes. ${REMEDY}`, { file });
}

function readAll(
  path: string,
  fs: FileSystem,
  check: (bytes: number) => void,
): Uint8Array<ArrayBuffer> {
  return onDisk('read', path, () => {
    const file = fs.open(path, 'r');
    try {
      check(fs.size(file));
      const bytes = new Uint8Array(fs.size(file));
      readExactly(fs, file, bytes, 0, path);
      return bytes;
    } finally {
      fs.close(file);
    }
  });
}

/** Node hashes less than 2 GiB at a time. */
const HASHED_AT_ONCE = 1 << 30;

function sha256Of(bytes: Uint8Array): string {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.byteLength; at += HASHED_AT_ONCE)
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
  return hash.digest('hex');
}
