/**
 * Exact match on word problems: greedy answers to questions, compared by their final number. Yields
 * each answer as its batch is done; knows nothing of where problems come from.
 */
import { finalAnswer, type Gsm8kProblem, gsm8kPrompt } from '../data/gsm8k';
import type { Tokenizer } from '../data/tokenizer';
import type { Generator } from '../generate/generate';
import { GREEDY } from '../generate/sampleToken';

export interface Answered {
  problem: Gsm8kProblem;
  /** What the model wrote after the prompt. */
  text: string;
  /** The final number in it, if there is one. */
  answer: string | undefined;
  expected: string | undefined;
  isRight: boolean;
}

export interface ExactMatchOptions {
  tokenizer: Tokenizer;
  /** Problems answered at a time. */
  batch: number;
  maxTokens: number;
}

export async function* answerProblems(
  generator: Generator,
  problems: readonly Gsm8kProblem[],
  { tokenizer, batch, maxTokens }: ExactMatchOptions,
): AsyncGenerator<Answered> {
  const settings = { ...GREEDY, maxTokens, seed: 0, endTokens: tokenizer.endIds };
  for (let start = 0; start < problems.length; start += batch) {
    const part = problems.slice(start, start + batch);
    const prompts = part.map(p => tokenizer.encode(gsm8kPrompt(p.question)));
    const answers = part.map((): number[] => []);
    for await (const { sequence, token } of generator.generate(prompts, settings))
      answers[sequence]?.push(token);
    for (const [i, problem] of part.entries())
      yield judge(problem, tokenizer.decode(answers[i] ?? []));
  }
}

/** Strict: the number must stand where the format puts it, and be the expected one as text. */
export function judge(problem: Gsm8kProblem, text: string): Answered {
  const answer = finalAnswer(text);
  const expected = finalAnswer(problem.answer);
  return { problem, text, answer, expected, isRight: answer !== undefined && answer === expected };
}
