/**
 * BLEU (Papineni et al. 2002) as sacreBLEU 2.6.0 computes it (Post 2018), with its signature. Counts
 * of single outputs are kept apart, so that corpora can be resampled. Pure.
 */
import type { BleuResult, bleuSmoothings } from '../../protocol/evaluation';
import { pythonWords, rstrip } from '../data/pythonSpace';
import { type BleuTokenizer, tokenizeForBleu } from './bleuTokenizers';
import { sumAt } from './uncertainty';

export type BleuSmoothing = (typeof bleuSmoothings)[number];

export interface BleuOptions {
  readonly tokenize?: BleuTokenizer | undefined;
  readonly smooth?: BleuSmoothing | undefined;
  /** Of `floor` and `add-k`; by default 0.1 and 1. */
  readonly smoothValue?: number | undefined;
  readonly lowercase?: boolean | undefined;
  /** Only orders that the output is long enough for: for single sentences. */
  readonly effectiveOrder?: boolean | undefined;
}

/** sacreBLEU's version whose scores these are. */
const VERSION = '2.6.0';
const ORDERS = 4;
const DEFAULT_SMOOTHING = { exp: undefined, none: undefined, floor: 0.1, 'add-k': 1 } as const;

/** What an output adds to the counts of a corpus. */
export interface BleuCounts {
  /** N-grams of orders 1 to 4 that a reference has too. */
  readonly correct: readonly number[];
  readonly total: readonly number[];
  readonly outputLength: number;
  readonly referenceLength: number;
}

/** @param references of one output, at least one */
export function bleuCounts(
  output: string,
  references: readonly string[],
  options: BleuOptions = {},
): BleuCounts {
  const words = wordsOf(output, options);
  const wanted = references.map(reference => wordsOf(reference, options));
  const { texts, count } = numberNgrams([words, ...wanted]);
  const [own = [], ...others] = texts;
  const left = new Uint32Array(count); // of each n-gram what is not matched yet
  const seen = new Uint32Array(count);
  for (const ngrams of others) {
    for (const order of ngrams)
      for (const ngram of order) if (++seen[ngram]! > left[ngram]!) left[ngram]!++;
    for (const order of ngrams) for (const ngram of order) seen[ngram] = 0;
  }
  const correct = own.map(ngrams => {
    let common = 0;
    for (const ngram of ngrams)
      if (left[ngram]! > 0) {
        left[ngram]!--;
        common++;
      }
    return common;
  });
  const total = own.map(ngrams => ngrams.length);
  const referenceLength = closest(wanted.map(reference => reference.length), words.length); // prettier-ignore
  return { correct, total, outputLength: words.length, referenceLength };
}

function wordsOf(text: string, { tokenize = '13a', lowercase = false }: BleuOptions): string[] {
  const cased = lowercase ? text.toLowerCase() : text;
  return pythonWords(tokenizeForBleu[tokenize](rstrip(cased)));
}

/**
 * The n-grams of each text by order 1 to 4, as numbers below `count` that are the same in all texts:
 * joining their words to tell them apart is most of the work otherwise.
 */
function numberNgrams(texts: readonly (readonly string[])[]): {
  texts: number[][][];
  count: number;
} {
  const words = new Map<string, number>();
  for (const word of texts.flat()) if (!words.has(word)) words.set(word, words.size);
  const longer = new Map<number, number>(); // by the n-gram without its last word, and that word
  const idOf = (beginning: number, last: number): number => {
    const key = beginning * words.size + last;
    const known = longer.get(key);
    if (known !== undefined) return known;
    const id = words.size + longer.size;
    longer.set(key, id);
    return id;
  };
  const numbered = texts.map(text => {
    const single = text.map(word => words.get(word)!);
    const orders = [single];
    for (let n = 1; n < ORDERS; n++)
      orders.push(single.slice(n).map((last, i) => idOf(orders[n - 1]![i]!, last)));
    return orders;
  });
  return { texts: numbered, count: words.size + longer.size };
}

/** Of equally close ones the shorter. */
const closest = (lengths: readonly number[], to: number): number =>
  lengths.reduce((best, length) => {
    const [a, b] = [Math.abs(length - to), Math.abs(best - to)];
    return a < b || (a === b && length < best) ? length : best;
  });

export const addBleuCounts = (parts: readonly BleuCounts[]): BleuCounts =>
  sumOver(parts)(Int32Array.from(parts.keys()));

/** Sums of counts over any choice of parts, some perhaps several times: for resampling. */
function sumOver(parts: readonly BleuCounts[]): (at: Int32Array) => BleuCounts {
  const column = (of: (part: BleuCounts) => number) => Float64Array.from(parts, of);
  const orders = Array.from({ length: ORDERS }, (_, n) => n);
  const correct = orders.map(n => column(part => part.correct[n]!));
  const total = orders.map(n => column(part => part.total[n]!));
  const outputLength = column(part => part.outputLength);
  const referenceLength = column(part => part.referenceLength);
  return at => ({
    correct: correct.map(counts => sumAt(counts, at)),
    total: total.map(counts => sumAt(counts, at)),
    outputLength: sumAt(outputLength, at),
    referenceLength: sumAt(referenceLength, at),
  });
}

/** The score over any choice of parts. */
export function bleuOver(
  parts: readonly BleuCounts[],
  options: BleuOptions,
): (at: Int32Array) => number {
  const sums = sumOver(parts);
  return at => bleuOfCounts(sums(at), options).score;
}

/** sacreBLEU's `compute_bleu`; the score is 0 to 100. */
export function bleuOfCounts(
  { correct, total, outputLength, referenceLength }: BleuCounts,
  options: BleuOptions = {},
): Omit<BleuResult, 'signature'> {
  const { smooth = 'exp', effectiveOrder = false } = options;
  const value = options.smoothValue ?? DEFAULT_SMOOTHING[smooth] ?? 0;
  const precisions = new Array<number>(ORDERS).fill(0);
  const brevityPenalty = penalty(outputLength, referenceLength);
  const result = { precisions, brevityPenalty, outputLength, referenceLength };
  if (correct.every(count => count === 0)) return { score: 0, ...result };
  let [halving, orders] = [1, ORDERS];
  for (let n = 0; n < ORDERS; n++) {
    const added = smooth === 'add-k' && n > 0 ? value : 0;
    const [hits, all] = [correct[n]! + added, total[n]! + added];
    if (all === 0) break;
    if (effectiveOrder) orders = n + 1;
    if (hits > 0) precisions[n] = (100 * hits) / all;
    else if (smooth === 'exp') precisions[n] = 100 / ((halving *= 2) * all);
    else if (smooth === 'floor') precisions[n] = (100 * value) / all;
  }
  const logs = precisions.slice(0, orders).map(p => (p === 0 ? -9999999999 : Math.log(p)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / orders;
  return { score: brevityPenalty * Math.exp(mean), ...result };
}

function penalty(outputLength: number, referenceLength: number): number {
  if (outputLength >= referenceLength) return 1;
  return outputLength > 0 ? Math.exp(1 - referenceLength / outputLength) : 0;
}

/** @param references of each output */
export function corpusBleu(
  outputs: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions = {},
): BleuResult {
  const counts = outputs.map((output, i) => bleuCounts(output, references[i]!, options));
  const numbers = new Set(references.map(each => each.length));
  const nrefs = numbers.size === 1 ? [...numbers][0]! : 'var';
  return {
    ...bleuOfCounts(addBleuCounts(counts), options),
    signature: bleuSignature(nrefs, options),
  };
}

/** Of one output, where a corpus would be too short for orders that do not occur. */
export const sentenceBleu = (
  output: string,
  references: readonly string[],
  options: BleuOptions = {},
): BleuResult => corpusBleu([output], [references], { effectiveOrder: true, ...options });

export function bleuSignature(nrefs: number | 'var', options: BleuOptions = {}): string {
  const { tokenize = '13a', smooth = 'exp', lowercase = false, effectiveOrder = false } = options;
  const value = options.smoothValue ?? DEFAULT_SMOOTHING[smooth];
  const method = value === undefined ? smooth : `${smooth}[${value.toFixed(2)}]`;
  return [
    `nrefs:${nrefs}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${effectiveOrder ? 'yes' : 'no'}`,
    `tok:${tokenize}`,
    `smooth:${method}`,
    `version:${VERSION}`,
  ].join('|');
}

/**
 * What the instruction-tuning notebook computes: sacreBLEU given a list of references for each output
 * instead of one list of all of them reads them as so many references of the first output, and scores
 * only that one.
 */
export const transposedBleu = (
  outputs: readonly string[],
  references: readonly string[],
  options: BleuOptions = {},
): BleuResult => corpusBleu(outputs.slice(0, 1), [references], options);

/** Two scores are the same when they are printed alike. */
const shown = (score: number): string => score.toFixed(2);

/**
 * The notebook's number beside the right one, in words; nothing where they are the same.
 * @param score the right one
 */
export function notebookBleuNotes(
  score: number,
  { outputs, references }: { outputs: readonly string[]; references: readonly string[] },
  options: BleuOptions = {},
): string[] {
  const other = transposedBleu(outputs, references, options);
  if (shown(score) === shown(other.score)) return [];
  return [
    `BLEU of all ${outputs.length} outputs is ${shown(score)}. As the notebook computed it, it is ${shown(other.score)} (${other.signature}): its call names the references so that all of them are held against the first output, and no other output is scored.`,
  ];
}
