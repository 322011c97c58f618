/**
 * Scores of texts against their references, with standard errors and with what a reader of the numbers
 * must know. Pure.
 */
import {
  type BleuResult,
  type PrecisionRecall,
  rougeNames,
  type RougeScores,
} from '../../protocol/evaluation';
import {
  addBleuCounts,
  bleuCounts,
  bleuOfCounts,
  bleuOver,
  type BleuOptions,
  bleuSignature,
  notebookBleuNotes,
} from '../metrics/bleu';
import { flexibleAnswer, normalAnswer, sameAnswer, strictAnswer } from '../metrics/extractAnswer';
import { rougeOfSeveral, rougeWords } from '../metrics/rouge';
import { rougeLsum } from '../metrics/rougeLsum';
import {
  bootstrapEstimate,
  type Estimate,
  mean,
  meanEstimate,
  shareEstimate,
} from '../metrics/uncertainty';
import type { TextPairs } from './textFiles';

export interface RougeReport extends RougeScores {
  readonly rougeLsum: PrecisionRecall;
  /** Of F. */
  readonly standardErrors: Readonly<Record<keyof RougeScores, number | null>>;
  /** With words of any script. */
  readonly unicode: RougeScores;
  /** Of each sample, with words as rouge_score has them. */
  readonly each: readonly RougeScores[];
  readonly notes: readonly string[];
}

/** Means over samples. */
export function scoreRouge(
  { predictions, references }: TextPairs,
  { stem = false }: { stem?: boolean | undefined } = {},
): RougeReport {
  const scored = (words: 'ascii' | 'unicode') =>
    predictions.map((text, i) => rougeOfSeveral(text, references[i]!, { stem, words }));
  const [each, unicode] = [scored('ascii'), scored('unicode')];
  const sums = predictions.map((text, i) =>
    references[i]!.map(reference => rougeLsum(text, reference, { stem })).reduce((a, b) =>
      b.fmeasure > a.fmeasure ? b : a,
    ),
  );
  const errorOf = (name: keyof RougeScores) =>
    meanEstimate(each.map(scores => scores[name].fmeasure)).standardError;
  return {
    ...meanRouge(each),
    rougeLsum: meanOf(sums),
    standardErrors: { rouge1: errorOf('rouge1'), rouge2: errorOf('rouge2'), rougeL: errorOf('rougeL') }, // prettier-ignore
    unicode: meanRouge(unicode),
    each,
    notes: lostLetters([...predictions, ...references.flat()]),
  };
}

export const meanRouge = (each: readonly RougeScores[]): RougeScores => {
  const [rouge1, rouge2, rougeL] = rougeNames.map(name => meanOf(each.map(s => s[name])));
  return { rouge1: rouge1!, rouge2: rouge2!, rougeL: rougeL! };
};

const meanOf = (scores: readonly PrecisionRecall[]): PrecisionRecall => ({
  precision: mean(scores.map(s => s.precision)),
  recall: mean(scores.map(s => s.recall)),
  fmeasure: mean(scores.map(s => s.fmeasure)),
});

/** Said where rouge_score's words drop letters, as they do of Vietnamese. */
export function lostLetters(texts: readonly string[]): string[] {
  const example = /\p{L}*[^\P{L}a-z]\p{L}*/u;
  const found = texts.map(text => example.exec(text.toLowerCase())?.[0]);
  const count = found.filter(word => word !== undefined).length;
  if (count === 0) return [];
  const word = found.find(each => each !== undefined)!;
  const words = rougeWords(word).map(part => `"${part}"`);
  const becomes = words.length === 0 ? 'nothing at all' : words.join(', ');
  return [
    `${count} of ${texts.length} texts have letters other than a–z. ROUGE parts words there, as rouge_score does: "${word}" becomes ${becomes}. The Unicode-aware scores keep such words whole.`,
  ];
}

export interface BleuReport extends BleuResult {
  readonly estimate: Estimate;
  readonly notes: readonly string[];
}

/** Of the corpus; its error by the bootstrap over samples. */
export function scoreBleu(
  { predictions, references }: TextPairs,
  options: BleuOptions = {},
): BleuReport {
  const counts = predictions.map((text, i) => bleuCounts(text, references[i]!, options));
  const numbers = new Set(references.map(each => each.length));
  const nrefs = numbers.size === 1 ? [...numbers][0]! : 'var';
  const tokenized = predictions.filter(text => text.endsWith(' .')).length;
  const bleu = bleuOfCounts(addBleuCounts(counts), options);
  const texts = { outputs: predictions, references: references.flat() };
  return {
    ...bleu,
    signature: bleuSignature(nrefs, options),
    estimate: bootstrapEstimate(counts.length, bleuOver(counts, options)),
    notes: [
      ...(tokenized >= 100
        ? [`${tokenized} predictions end in a space and a point: BLEU wants text that is not tokenized.`] // prettier-ignore
        : []),
      ...(nrefs === 1 ? notebookBleuNotes(bleu.score, texts, options) : []),
    ],
  };
}

export interface ExactMatchReport {
  readonly exact: Estimate;
  /** Where every reference has a `#### ` answer: GSM8K's two rules. */
  readonly strict: Estimate | null;
  readonly flexible: Estimate | null;
  readonly each: readonly boolean[];
}

/** The whole text equal to a reference but for white space around it; and by GSM8K's rules. */
export function scoreExactMatch({ predictions, references }: TextPairs): ExactMatchReport {
  const each = predictions.map((text, i) =>
    references[i]!.some(reference => reference.trim() === text.trim()),
  );
  const isGsm8k = references.every(some => some.every(text => strictAnswer(text) !== null));
  const byRule = (answerOf: (text: string) => string | null) =>
    shareEstimate(
      predictions.map((text, i) =>
        references[i]!.some(reference =>
          sameAnswer(answerOf(text), normalAnswer(strictAnswer(reference)!)),
        ),
      ),
    );
  return {
    exact: shareEstimate(each),
    strict: isGsm8k ? byRule(strictAnswer) : null,
    flexible: isGsm8k ? byRule(flexibleAnswer) : null,
    each,
  };
}
