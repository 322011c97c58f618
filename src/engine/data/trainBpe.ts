/**
 * Learns byte-level BPE merges from text: again and again the most frequent pair of neighbours
 * becomes a token (Sennrich et al., 2016). The same texts give the same merges, always.
 */
import { fail } from '../problem';
import { Heap } from './heap';
import { letOthersRun } from './letOthersRun';

/** Two ids that become one; merge `i` makes id 256 + i. */
export type Merge = readonly [left: number, right: number];

/** GPT-2's splitting rule, except that each digit stands alone, so that numbers read digit by digit. */
export const BPE_PIECES = String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

export const SMALLEST_BPE = 257;
export const LARGEST_BPE = 2 ** 20;

interface Word {
  ids: number[];
  readonly count: number;
}

interface Candidate {
  readonly pair: number;
  readonly count: number;
}

/** A pair of ids as one number, ordered by left, then right. */
const pairOf = (left: number, right: number) => left * LARGEST_BPE + right;
const mergeOf = (pair: number): Merge => [Math.floor(pair / LARGEST_BPE), pair % LARGEST_BPE];

/**
 * @param size of the vocabulary: 256 bytes, merges, end of text. Fewer merges come out when no pair
 *   is left that occurs twice. Of equally frequent pairs the one with lower ids comes first.
 * @throws `data.bad-tokenizer-size`, `data.cancelled`
 */
export async function trainBpe(
  texts: Iterable<string>,
  size: number,
  signal?: AbortSignal,
): Promise<Merge[]> {
  if (!(size >= SMALLEST_BPE && size <= LARGEST_BPE))
    fail(
      'data.bad-tokenizer-size',
      `bpe:${size} is no vocabulary: its size must be ${SMALLEST_BPE} to ${LARGEST_BPE}.`,
    );
  const pause = letOthersRun(`Training the tokenizer bpe:${size}`, signal);
  const pairs = new PairCounts(await countWords(texts, pause));
  const merges: Merge[] = [];
  while (merges.length < size - SMALLEST_BPE) {
    const pair = pairs.mostFrequent();
    if (pair === undefined) break;
    pairs.merge(pair, 256 + merges.length);
    merges.push(mergeOf(pair));
    await pause();
  }
  return merges;
}

async function countWords(
  texts: Iterable<string>,
  pause: () => Promise<void> | undefined,
): Promise<Word[]> {
  const counts = new Map<string, number>();
  const pieces = new RegExp(BPE_PIECES, 'gu');
  for (const text of texts) {
    for (const piece of text.match(pieces) ?? []) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    await pause();
  }
  return Array.from(counts, ([piece, count]) => ({ ids: [...Buffer.from(piece, 'utf8')], count }));
}

/** How often each pair of neighbours occurs, kept up to date while words are merged. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  private readonly wordsWith = new Map<number, Set<Word>>();
  private readonly candidates = new Heap<Candidate>(
    (a, b) => a.count > b.count || (a.count === b.count && a.pair < b.pair),
  );

  constructor(words: readonly Word[]) {
    for (const word of words) this.count(word, 1);
    for (const pair of this.counts.keys()) this.offer(pair);
  }

  /** Undefined when no pair occurs twice. */
  mostFrequent(): number | undefined {
    for (;;) {
      const best = this.candidates.pop();
      if (best === undefined) return undefined;
      const count = this.counts.get(best.pair) ?? 0;
      if (count === best.count) return count > 1 ? best.pair : undefined;
      if (count < best.count) this.offer(best.pair); // its count fell since it was offered
    }
  }

  /** Makes `pair` the token `id` in every word. */
  merge(pair: number, id: number): void {
    const [left, right] = mergeOf(pair);
    const born = new Set<number>();
    for (const word of this.wordsWith.get(pair) ?? []) {
      this.count(word, -1);
      word.ids = joinPair(word.ids, left, right, id);
      this.count(word, 1);
      for (const each of pairsOf(word.ids)) if (mergeOf(each).includes(id)) born.add(each);
    }
    this.wordsWith.delete(pair);
    for (const each of born) this.offer(each);
  }

  private count(word: Word, sign: 1 | -1): void {
    for (const pair of pairsOf(word.ids)) {
      this.counts.set(pair, (this.counts.get(pair) ?? 0) + sign * word.count);
      const words = this.wordsWith.get(pair);
      if (words === undefined) this.wordsWith.set(pair, new Set([word]));
      else words.add(word);
    }
  }

  private offer(pair: number): void {
    const count = this.counts.get(pair) ?? 0;
    if (count > 0) this.candidates.push({ pair, count });
  }
}

function pairsOf(ids: readonly number[]): number[] {
  const pairs: number[] = [];
  for (let i = 1; i < ids.length; i++) pairs.push(pairOf(ids[i - 1]!, ids[i]!));
  return pairs;
}

function joinPair(ids: readonly number[], left: number, right: number, id: number): number[] {
  const joined: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const isPair = ids[i] === left && ids[i + 1] === right;
    joined.push(isPair ? id : ids[i]!);
    if (isPair) i++;
  }
  return joined;
}

/** The vocabulary without its end of text: 256 bytes, then what the merges make, as byte strings. */
export function tokensOf(merges: readonly Merge[]): string[] {
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  for (const [left, right] of merges) tokens.push(tokens[left]! + tokens[right]!);
  return tokens;
}
