/** Two evaluations compared in a thread of its own, so that a window goes on meanwhile. */
import type { ComparisonQuestion } from '../../engine/evaluate/comparisonWorker';
import { IsolatedThread, ThreadEnded, threadBeside } from '../../engine/isolate/isolatedThread';
import { fail } from '../../engine/problem';
import type { EvaluationComparison } from '../../protocol/evaluation';

const MEMORY_MB = 2048;
const ANSWER_MS = 120_000;

/** @throws ProblemError, also when the thread had to be ended */
export async function compareFolders(own: string, baseline: string): Promise<EvaluationComparison> {
  const file = threadBeside(import.meta.url, '../../engine/evaluate/comparisonWorker');
  const thread = new IsolatedThread(file, { memoryMb: MEMORY_MB });
  try {
    const question: ComparisonQuestion = { own, baseline };
    return await thread.ask<EvaluationComparison>(question, ANSWER_MS);
  } catch (error) {
    if (error instanceof ThreadEnded)
      fail('evaluation.not-compared', `The comparison was ended: ${error.message}`);
    throw error;
  } finally {
    thread.close();
  }
}
