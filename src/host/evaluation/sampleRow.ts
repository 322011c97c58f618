/** A sample as the table shows it: one line, with the texts left out. */
import type { EvaluationSample, ExtractedAnswer } from '../../protocol/evaluation';
import type { RowAnswer, SampleRow } from '../../protocol/evaluationView';

/** More than any table is wide. */
const QUESTION_LENGTH = 200;
/** An answer that is a text is read in the sample itself. */
const ANSWER_LENGTH = 40;

export const rowOf = (sample: EvaluationSample): SampleRow => ({
  index: sample.index,
  question: oneLine(sample.question, QUESTION_LENGTH),
  expected: sample.expected === null ? null : oneLine(sample.expected, ANSWER_LENGTH),
  exact: answerOf(sample.exact),
  strict: answerOf(sample.strict),
  flexible: answerOf(sample.flexible),
  flags: sample.flags,
  newTokens: sample.newTokens,
  rougeL: sample.rouge?.rougeL.fmeasure ?? null,
  bleu: sample.bleu,
  perplexity:
    sample.loss && sample.loss.tokens > 0 ? Math.exp(sample.loss.nats / sample.loss.tokens) : null,
});

const answerOf = (found: ExtractedAnswer | null): RowAnswer | null =>
  found && {
    isRight: found.isRight,
    answer: found.answer === null ? null : oneLine(found.answer, ANSWER_LENGTH),
  };

function oneLine(text: string, most: number): string {
  const line = text
    .slice(0, 4 * most)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
