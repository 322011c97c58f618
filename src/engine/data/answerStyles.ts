/** The demo's word problems answered in other styles: what small adapters learn in a minute. Pure. */
import { FINAL_MARK, type Gsm8kProblem } from './gsm8k';

export const answerStyles = {
  plain: (answer: string) => answer,
  capitals: (answer: string) => answer.toUpperCase(),
  /** Only the last line, which has the final answer. */
  brief: (answer: string) => answer.slice(answer.lastIndexOf(FINAL_MARK)),
  steps: (answer: string) =>
    answer
      .split('\n')
      .map((line, i) => (line.startsWith(FINAL_MARK) ? line : `Step ${i + 1}: ${line}`))
      .join('\n'),
} as const satisfies Record<string, (answer: string) => string>;

export type AnswerStyle = keyof typeof answerStyles;

export const inStyle = ({ question, answer }: Gsm8kProblem, style: AnswerStyle): Gsm8kProblem => ({
  question,
  answer: answerStyles[style](answer),
});
