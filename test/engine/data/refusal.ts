import { ProblemError } from '../../../src/engine/problem';
import type { Problem } from '../../../src/engine/problem';

/** The problem that `action` ends with. Success, or any other error, fails the test. */
export async function refusalOf(action: () => unknown): Promise<Problem> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('succeeded, but a problem was expected');
}
