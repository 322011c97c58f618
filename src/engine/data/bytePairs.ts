/**
 * Byte-level BPE over one fixed vocabulary: splits a text into pieces, merges each piece's bytes
 * and remembers what came out. The same for GPT-2's vocabulary and for one trained here.
 */
import { toByteString } from './byteLevelTokenizer';
import { Heap } from './heap';

/** Longer pieces are rare and not worth remembering. */
const LONGEST_CACHED = 48;
const CACHED_PIECES = 1 << 18;

export class BytePairs {
  private readonly idOf = new Map<string, number>();
  private readonly cache = new Map<string, number | readonly number[]>();

  /**
   * @param tokens byte strings by id; among them all 256 bytes. A lower id merges first.
   * @param pieces global regular expression of the pieces that no token crosses; matches all text
   */
  constructor(
    tokens: readonly string[],
    private readonly pieces: RegExp,
  ) {
    tokens.forEach((token, id) => this.idOf.set(token, id));
  }

  /** Appends the ids of `text` to `ids`. */
  encodeInto(ids: number[], text: string): void {
    for (const piece of text.match(this.pieces) ?? []) {
      const found = this.cache.get(piece) ?? this.encodePiece(piece);
      if (typeof found === 'number') ids.push(found);
      else for (let i = 0; i < found.length; i++) ids.push(found[i]!);
    }
  }

  private encodePiece(piece: string): number | readonly number[] {
    const bytes = toByteString(piece);
    const whole = this.idOf.get(bytes);
    const ids = whole ?? this.merge(bytes);
    if (piece.length <= LONGEST_CACHED) {
      if (this.cache.size >= CACHED_PIECES) this.cache.clear();
      this.cache.set(copyOf(piece, bytes), ids);
    }
    return ids;
  }

  /**
   * Merges the neighbours whose union has the lowest id, leftmost first, until no union is a token.
   * A heap of candidates keeps it at n·log n, also for a megabyte without a space.
   */
  private merge(bytes: string): number[] {
    const end = bytes.length;
    // Parts are a linked list over their start offsets; `end` is past the last one.
    const next = Array.from({ length: end }, (_, i) => i + 1);
    const previous = Array.from({ length: end + 1 }, (_, i) => i - 1);
    const union = new Array<number>(end).fill(-1); // id of part + next part, or -1
    const candidates = new Heap<number>((a, b) => a < b); // id · 2³² + start

    const consider = (start: number) => {
      const middle = next[start]!;
      const id = middle < end ? this.idOf.get(bytes.slice(start, next[middle])) : undefined;
      union[start] = id ?? -1;
      if (id !== undefined) candidates.push(id * 2 ** 32 + start);
    };
    for (let start = 0; start < end; start++) consider(start);

    for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
      const start = best % 2 ** 32;
      if (union[start] !== Math.floor(best / 2 ** 32)) continue; // merged away meanwhile
      const middle = next[start]!;
      union[middle] = -1;
      next[start] = next[middle]!;
      previous[next[start]] = start;
      consider(start);
      if (start > 0) consider(previous[start]!);
    }

    const ids: number[] = [];
    for (let start = 0; start < end; start = next[start]!)
      ids.push(this.idOf.get(bytes.slice(start, next[start]))!);
    return ids;
  }
}

/** As a key, a slice of a text would keep the whole text in memory. Pure ASCII has a copy already. */
const copyOf = (piece: string, bytes: string): string =>
  bytes.length === piece.length ? bytes : Buffer.from(piece, 'utf16le').toString('utf16le');
