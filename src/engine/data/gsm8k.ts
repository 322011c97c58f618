/**
 * GSM8K's form: the text that a model is trained on, the prompt that it is asked with, and the final
 * answer by which both are judged. Touches no files.
 */
import { strip } from './pythonSpace';

export interface Gsm8kProblem {
  question: string;
  /** Reasoning with `<<a*b=c>>` notes; the last line is `#### ` and the final answer. */
  answer: string;
}

export const FINAL_MARK = '####';

/** One training example, without its end-of-text token. */
export function formatGsm8k({ question, answer }: Gsm8kProblem): string {
  const final = answer.slice(answer.lastIndexOf(FINAL_MARK) + FINAL_MARK.length);
  return `${gsm8kPrompt(question)}${strip(answer)}\n\n### Final Answer:\n${strip(final)}`;
}

export const gsm8kPrompt = (question: string): string =>
  `### Question:\n${strip(question)}\n\n### Answer:\n`;

/**
 * The final answer in a record's answer or in what a model wrote after `gsm8kPrompt`: what follows
 * the last `####` of its reasoning, without `$` and thousands separators. Undefined without one.
 * A next question or section that the model went on to write does not count.
 */
export function finalAnswer(text: string): string | undefined {
  const reasoning = text.split(/<\|endoftext\|>|### (?:Question|Final Answer):/, 1)[0] ?? '';
  const mark = reasoning.lastIndexOf(FINAL_MARK);
  if (mark === -1) return undefined;
  const line = strip(reasoning.slice(mark + FINAL_MARK.length)).split('\n', 1)[0] ?? '';
  return line.replace(/[$,]/g, '').replace(/\.$/, '').trim() || undefined;
}
