/** Answers the questions of views. Knows nothing of what they ask. */
import { ProblemError } from '../engine/problem';
import type { ViewProblem, ViewReply } from '../protocol/viewReply';

/** @param otherwise the code of what has none */
export function viewProblem(error: unknown, otherwise: string): ViewProblem {
  if (error instanceof ProblemError)
    return { code: error.problem.code, message: error.problem.message };
  return { code: otherwise, message: error instanceof Error ? error.message : String(error) };
}

/** Posts what `answer` comes to, or what went wrong. */
export async function reply(
  id: number,
  answer: () => Promise<unknown>,
  post: (reply: ViewReply) => void,
  problemOf: (error: unknown) => ViewProblem,
): Promise<void> {
  try {
    post({ type: 'reply', id, value: await answer() });
  } catch (error) {
    const { code, message } = problemOf(error);
    post({ type: 'reply', id, error: { code, message } });
  }
}
