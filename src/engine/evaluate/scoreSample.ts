/** An example and what a model wrote for it → the sample with all its scores and flags. Pure. */
import type {
  EvaluationSample,
  Extraction,
  RougeScores,
  SampleFlag,
} from '../../protocol/evaluation';
import type { EndReason } from '../../protocol/sandbox';
import { checkArithmetic } from '../metrics/arithmeticNotes';
import { sentenceBleu } from '../metrics/bleu';
import { extractAnswers, ranOn, splitAtMarker } from '../metrics/extractAnswer';
import { rouge } from '../metrics/rouge';
import type { EvaluationExample } from './evaluationExamples';
import type { EvaluationSettings } from './settings';

/** What a model did with an example. */
export interface Answer {
  /** As the model read it. */
  readonly prompt: string;
  readonly promptTokens: number;
  /** Null when nothing was asked. */
  readonly output: string | null;
  readonly newTokens: number;
  readonly ended: EndReason | null;
  /** An agent's. */
  readonly steps: number | null;
  readonly loss: EvaluationSample['loss'];
}

export type Scoring = Pick<EvaluationSettings, 'metrics' | 'rougeStem' | 'bleu'> & {
  readonly extract: Extraction;
  readonly contextLength: number;
};

export function scoreSample(
  example: EvaluationExample,
  answer: Answer,
  scoring: Scoring,
): EvaluationSample {
  const { index, line, question, reference, expected } = example;
  const { prompt, promptTokens, newTokens, ended, steps, loss } = answer;
  const { extract, metrics } = scoring;
  const output = answer.output ?? '';
  const compared = {
    output: comparedPart(output, extract),
    reference: comparedPart(reference, extract),
  };
  const isWritten = answer.output !== null;
  const found =
    isWritten && metrics.includes('exact_match')
      ? extractAnswers(output, expected, extract)
      : { exact: null, strict: null, flexible: null };
  const texts =
    isWritten && metrics.includes('rouge') ? rougeOf(compared, scoring.rougeStem) : NO_ROUGE;
  const sample = {
    ...{ index, line, question, prompt, output, reference, compared, expected },
    ...found,
    ...texts,
    bleu:
      isWritten && metrics.includes('bleu')
        ? sentenceBleu(compared.output, [compared.reference], scoring.bleu).score
        : null,
    loss,
    arithmetic: checkArithmetic(output),
    ...{ promptTokens, newTokens, ended, steps },
  };
  return { ...sample, flags: isWritten ? flagsOf(sample, scoring) : [] };
}

const NO_ROUGE = { rouge: null, rougeLUnicode: null };

function rougeOf(
  { output, reference }: EvaluationSample['compared'],
  stem: boolean,
): { rouge: RougeScores; rougeLUnicode: number | null } {
  const scores = rouge(output, reference, { stem });
  const { rougeL } = rouge(output, reference, { stem, words: 'unicode' });
  const isOther = rougeL.fmeasure !== scores.rougeL.fmeasure;
  return { rouge: scores, rougeLUnicode: isOther ? rougeL.fmeasure : null };
}

/** Of `marker` the reasoning before it; of GSM8K's form what stands before its last section. */
function comparedPart(text: string, extract: Extraction): string {
  if (extract === 'marker') return splitAtMarker(text).reasoning;
  if (extract === 'text') return text.trim();
  return (text.split(/### (?:Final Answer|Question):/, 1)[0] ?? '').trim();
}

function flagsOf(
  sample: Omit<EvaluationSample, 'flags'>,
  { extract, contextLength }: Scoring,
): SampleFlag[] {
  const { output, exact, strict, flexible, arithmetic, ended } = sample;
  const holds: Partial<Record<SampleFlag, boolean>> = {
    wrong: exact !== null && !exact.isRight,
    'strict-flexible': strict?.isRight !== flexible?.isRight,
    'ran-on': ranOn(output, extract),
    'arithmetic-error': arithmetic.some(({ problem }) => problem === 'wrong'),
    'no-answer': exact !== null && exact.answer === null,
    unfinished: ended === 'length',
    empty: output.trim() === '',
    cropped: sample.promptTokens + sample.newTokens > contextLength,
  };
  return (Object.keys(holds) as SampleFlag[]).filter(flag => holds[flag]);
}
