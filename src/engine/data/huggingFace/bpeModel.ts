/**
 * Byte-pair encoding as Hugging Face's tokenizers do it: merges have ranks of their own, letters
 * without a token may fall back to bytes. The library's JavaScript version takes 20 µs a letter.
 */
import { Heap } from '../heap';
import type { JsonFields } from './jsonFields';
import { BYTE_LETTERS } from '../byteLetters';
import type { TokenModel, Tokens } from './tokenModel';
import { MOST_TOKENS, readVocabulary, type Vocabulary } from './vocabulary';

interface Merge {
  readonly rank: number;
  readonly id: number;
}

const AFFIXES = ['continuing_subword_prefix', 'end_of_word_suffix'] as const;

const pairOf = (left: number, right: number): number => left * MOST_TOKENS + right;

/** @throws `tokenizer.unsupported`, `tokenizer.bad-form` */
export function readBpe(model: JsonFields, isByteLevel: boolean): TokenModel {
  if ((model.raw('dropout') ?? 0) !== 0) model.unsupported('BPE with dropout');
  if (isByteLevel && AFFIXES.some(name => affix(model, name) !== ''))
    model.unsupported('a prefix or suffix of words over bytes');
  const vocabulary = readVocabulary(model, 'vocab');
  const merges = readMerges(model, vocabulary);
  const lettersOf = isByteLevel ? tokensOfBytes(vocabulary) : tokensOfLetters(model, vocabulary);
  const takesWhole = model.boolean('ignore_merges', false);
  const isPlain = !isByteLevel && !takesWhole && AFFIXES.every(name => affix(model, name) === '');
  return {
    vocabulary,
    canBeCutAt: mark => isPlain && !crosses(vocabulary, mark),
    encode(piece) {
      const whole = takesWhole
        ? vocabulary.idOf.get(isByteLevel ? toLetters(piece) : piece)
        : undefined;
      if (whole !== undefined) return { ids: [whole], starts: [0], ends: [piece.length] };
      return merge(lettersOf(piece), merges);
    },
  };
}

const affix = (model: JsonFields, name: (typeof AFFIXES)[number]): string =>
  model.optionalString(name) ?? '';

/** Whether some token has the mark after another letter, or none is the mark itself. */
const crosses = ({ tokens, idOf }: Vocabulary, mark: string): boolean =>
  !idOf.has(mark) ||
  tokens.some(token => {
    const last = token?.lastIndexOf(mark) ?? 0;
    return last > 0 && !token?.startsWith(mark.repeat(last + 1));
  });

function readMerges(model: JsonFields, { idOf }: Vocabulary): Map<number, Merge> {
  const prefix = affix(model, 'continuing_subword_prefix');
  const merges = new Map<number, Merge>();
  const list = model.list('merges');
  if (list.length > MOST_TOKENS) model.refuse('merges', `has more than ${MOST_TOKENS} merges`);
  list.forEach((merge, rank) => {
    const [left, right, ...more] = Array.isArray(merge)
      ? (merge as unknown[])
      : String(merge).split(' ');
    const ids =
      typeof left === 'string' && typeof right === 'string' && more.length === 0
        ? [left, right, left + right.slice(right.startsWith(prefix) ? prefix.length : 0)].map(t =>
            idOf.get(t),
          )
        : [];
    const [l, r, id] = ids;
    if (l === undefined || r === undefined || id === undefined)
      return model.refuse(`merges[${rank}]`, 'does not join two tokens into a third');
    merges.set(pairOf(l, r), { rank, id });
  });
  return merges;
}

const toLetters = (piece: string): string =>
  Buffer.from(piece, 'utf8').reduce((letters, byte) => letters + BYTE_LETTERS[byte]!, '');

/** Collects the tokens of a piece from its start on. */
class Collected implements Tokens {
  readonly ids: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(id: number, start: number, end: number): void {
    this.ids.push(id);
    this.starts.push(start);
    this.ends.push(end);
  }
}

/** A byte without a token is left out, as the reference does without an unknown token. */
function tokensOfBytes({ idOf }: Vocabulary): (piece: string) => Tokens {
  const idOfByte = BYTE_LETTERS.map(letter => idOf.get(letter));
  return piece => {
    const tokens = new Collected();
    let end = 0;
    for (const letter of piece) {
      const start = end;
      end += letter.length;
      for (const byte of Buffer.from(letter, 'utf8')) {
        const id = idOfByte[byte];
        if (id !== undefined) tokens.add(id, start, end);
      }
    }
    return tokens;
  };
}

function tokensOfLetters(model: JsonFields, { idOf }: Vocabulary): (piece: string) => Tokens {
  const prefix = affix(model, 'continuing_subword_prefix');
  const suffix = affix(model, 'end_of_word_suffix');
  const unknown = idOf.get(model.optionalString('unk_token') ?? '');
  const fusesUnknown = model.boolean('fuse_unk', false);
  const byteIds = model.boolean('byte_fallback', false)
    ? BYTE_LETTERS.map((_, byte) => idOf.get(byteToken(byte)))
    : [];
  return piece => {
    const tokens = new Collected();
    let end = 0;
    for (const letter of piece) {
      const start = end;
      end += letter.length;
      const token = `${start === 0 ? '' : prefix}${letter}${end === piece.length ? suffix : ''}`;
      const id = idOf.get(token);
      const ids = id === undefined ? bytesOf(letter, byteIds) : [id];
      for (const each of ids) tokens.add(each, start, end);
      if (ids.length > 0 || unknown === undefined) continue;
      if (fusesUnknown && tokens.ids.at(-1) === unknown) tokens.ends[tokens.ends.length - 1] = end;
      else tokens.add(unknown, start, end);
    }
    return tokens;
  };
}

export const byteToken = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** None unless each byte has a token. */
function bytesOf(letter: string, byteIds: readonly (number | undefined)[]): number[] {
  const ids = Array.from(Buffer.from(letter, 'utf8'), byte => byteIds[byte]);
  return ids.includes(undefined) ? [] : (ids as number[]);
}

/**
 * Joins the neighbours whose merge has the lowest rank, leftmost first, until there are none. A heap
 * of candidates keeps it at n·log n, also for a megabyte without a space.
 */
function merge({ ids, starts, ends }: Tokens, merges: ReadonlyMap<number, Merge>): Tokens {
  const count = ids.length;
  // Parts are a linked list over the indices of their first symbols; `count` is past the last one.
  const next = Array.from({ length: count }, (_, i) => i + 1);
  const previous = Array.from({ length: count + 1 }, (_, i) => i - 1);
  const id = [...ids];
  const ranks = new Array<number>(count).fill(-1); // of the merge with the next part, or -1
  const candidates = new Heap<number>((a, b) => a < b); // rank · 2³² + index

  const consider = (at: number) => {
    const right = next[at]!;
    const found = right < count ? merges.get(pairOf(id[at]!, id[right]!)) : undefined;
    ranks[at] = found?.rank ?? -1;
    if (found) candidates.push(found.rank * 2 ** 32 + at);
  };
  for (let at = 0; at < count; at++) consider(at);

  for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
    const at = best % 2 ** 32;
    if (ranks[at] !== Math.floor(best / 2 ** 32)) continue; // merged away meanwhile
    const right = next[at]!;
    id[at] = merges.get(pairOf(id[at]!, id[right]!))!.id;
    ranks[right] = -1;
    next[at] = next[right]!;
    previous[next[at]] = at;
    consider(at);
    if (at > 0) consider(previous[at]!);
  }

  const merged = new Collected();
  for (let at = 0; at < count; at = next[at]!)
    merged.add(id[at]!, starts[at]!, ends[next[at]! - 1]!);
  return merged;
}
