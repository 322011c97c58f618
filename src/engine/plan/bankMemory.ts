/**
 * Buffers in banked memory, as tt-metal's allocator places them: pages go round the banks, and every
 * bank keeps the same amount free for each buffer. Pure arithmetic.
 */
import type { BankDevice } from '../devices/bankDevice';

/** Bytes of a tile of 32 × 32 in the formats that have tiles. */
export const TILE_BYTES = {
  bfloat16: 2048,
  bfloat8_b: 1088,
  bfloat4_b: 576,
  float32: 4096,
} as const;
export type TileFormat = keyof typeof TILE_BYTES;

export interface BufferSize {
  readonly bytes: number;
  /** What lies in one bank as a whole: a tile, or a row. */
  readonly pageBytes: number;
}

export interface BankedBuffer extends BufferSize {
  readonly pages: number;
  readonly perBankBytes: number;
  /** In all banks, of what is kept for it: pages that are not there and the rest of each page. */
  readonly lostBytes: number;
}

export const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

/** `ceil(pages / banks) · roundup(page, alignment)`, after tt_metal/detail `SizeBytesPerBank`. */
export function inBanks(
  { bytes, pageBytes }: BufferSize,
  { banks, alignment }: Pick<BankDevice, 'banks' | 'alignment'>,
): BankedBuffer {
  const pages = Math.ceil(bytes / pageBytes);
  const perBankBytes = Math.ceil(pages / banks) * roundUp(pageBytes, alignment);
  return { bytes, pageBytes, pages, perBankBytes, lostBytes: perBankBytes * banks - bytes };
}

/** Free and taken addresses of one bank, which are those of all: first fit, from below. */
export class BankSpace {
  #free: { at: number; size: number }[];

  constructor(readonly bytes: number) {
    this.#free = [{ at: 0, size: bytes }];
  }

  get freeBytes(): number {
    return this.#free.reduce((sum, { size }) => sum + size, 0);
  }

  get largestFree(): number {
    return this.#free.reduce((most, { size }) => Math.max(most, size), 0);
  }

  /** The address, undefined when no free block is large enough. */
  allocate(size: number): number | undefined {
    const index = this.#free.findIndex(block => block.size >= size);
    const block = this.#free[index];
    if (!block) return undefined;
    if (block.size === size) this.#free.splice(index, 1);
    else this.#free[index] = { at: block.at + size, size: block.size - size };
    return block.at;
  }

  release(at: number, size: number): void {
    const next = this.#free.findIndex(block => block.at > at);
    const index = next < 0 ? this.#free.length : next;
    this.#free.splice(index, 0, { at, size });
    this.#joinWithNext(index);
    if (index > 0) this.#joinWithNext(index - 1);
  }

  #joinWithNext(index: number): void {
    const [first, second] = [this.#free[index], this.#free[index + 1]];
    if (!first || !second || first.at + first.size !== second.at) return;
    this.#free.splice(index, 2, { at: first.at, size: first.size + second.size });
  }
}
