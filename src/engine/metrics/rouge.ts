/**
 * ROUGE-N and ROUGE-L (C.-Y. Lin, 2004) as the Python package rouge_score computes them, its words
 * included: anything but a–z and 0–9 parts words, so text of other scripts falls apart; or with words
 * of any script. Pure.
 */
import { type PrecisionRecall, type RougeName, rougeNames } from '../../protocol/evaluation';
import { porterStem } from './porterStemmer';

export interface RougeOptions {
  /** Porter's stems of words longer than three letters. */
  readonly stem?: boolean | undefined;
  /** `ascii` as rouge_score; `unicode`: letters, marks and digits of any script, in NFC. */
  readonly words?: 'ascii' | 'unicode' | undefined;
}

/** Lower-case words, stemmed if wished. */
export function rougeWords(text: string, { stem = false, words = 'ascii' }: RougeOptions = {}) {
  const found =
    words === 'ascii'
      ? text.toLowerCase().match(/[a-z0-9]+/g)
      : text
          .normalize('NFC')
          .toLowerCase()
          .match(/[\p{L}\p{M}\p{N}]+/gu);
  if (!stem) return [...(found ?? [])];
  return (found ?? []).map(word => (word.length > 3 && isAscii(word) ? porterStem(word) : word));
}

const isAscii = (word: string): boolean => /^[a-z0-9]+$/.test(word);

/** ROUGE-1, -2 and -L of a prediction against a target, each from 0 to 1. */
export function rouge(
  prediction: string,
  target: string,
  options: RougeOptions = {},
): Record<RougeName, PrecisionRecall> {
  return rougeOfWords(rougeWords(prediction, options), rougeWords(target, options));
}

/** Of several targets the best, for each kind of its own, by F. */
export function rougeOfSeveral(
  prediction: string,
  targets: readonly string[],
  options: RougeOptions = {},
): Record<RougeName, PrecisionRecall> {
  const [first, ...rest] = targets.map(target => rouge(prediction, target, options));
  if (!first) throw new Error('ROUGE of no target');
  return rest.reduce(
    (best, next) =>
      ofNames(name => (next[name].fmeasure > best[name].fmeasure ? next[name] : best[name])),
    first,
  );
}

const ofNames = <T>(value: (name: RougeName) => T): Record<RougeName, T> =>
  Object.fromEntries(rougeNames.map(name => [name, value(name)])) as Record<RougeName, T>;

function rougeOfWords(
  prediction: readonly string[],
  target: readonly string[],
): Record<RougeName, PrecisionRecall> {
  return {
    rouge1: rougeN(prediction, target, 1),
    rouge2: rougeN(prediction, target, 2),
    rougeL: rougeL(prediction, target),
  };
}

/** Over n-grams of words, each counted at most as often as the other side has it. */
export function rougeN(
  prediction: readonly string[],
  target: readonly string[],
  n: number,
): PrecisionRecall {
  const counts = ngramCounts(target, n);
  let common = 0;
  for (const [ngram, count] of ngramCounts(prediction, n))
    common += Math.min(count, counts.get(ngram) ?? 0);
  const total = (words: readonly string[]) => Math.max(1, words.length - n + 1);
  return fromShares(common / total(prediction), common / total(target));
}

function ngramCounts(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const ngram = n === 1 ? words[i]! : words.slice(i, i + n).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Over the longest common subsequence of words. */
export function rougeL(prediction: readonly string[], target: readonly string[]): PrecisionRecall {
  if (prediction.length === 0 || target.length === 0) return fromShares(0, 0);
  const common = longestCommon(prediction, target);
  return fromShares(common / prediction.length, common / target.length);
}

const fromShares = (precision: number, recall: number): PrecisionRecall => ({
  precision,
  recall,
  fmeasure: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0,
});

/**
 * Length of the longest common subsequence, 32 words of the shorter side at a time in the bits of an
 * integer (Hyyrö 2004): `v' = (v + (v & match)) | (v & ~match)`, and the zeros of the last v count.
 */
export function longestCommon(a: readonly string[], b: readonly string[]): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const blocks = Math.ceil(short.length / 32);
  const matches = new Map<string, Uint32Array>();
  for (const [i, word] of short.entries()) {
    const bits = matches.get(word) ?? new Uint32Array(blocks);
    matches.set(word, bits);
    bits[i >>> 5]! |= 1 << (i & 31);
  }
  const v = new Uint32Array(blocks).fill(0xffffffff);
  for (const word of long) {
    const match = matches.get(word);
    if (match === undefined) continue; // v stays as it is
    let carry = 0;
    for (let k = 0; k < blocks; k++) {
      const old = v[k]!;
      const both = (old & match[k]!) >>> 0;
      const sum = old + both + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      v[k] = sum | (old & ~match[k]!);
    }
  }
  let length = 0;
  for (let i = 0; i < short.length; i++) length += ~(v[i >>> 5]! >>> (i & 31)) & 1;
  return length;
}
