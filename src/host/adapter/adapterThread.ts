/** Asks the thread in which adapters are inspected. Knows nothing of views. */
import type { AdapterQuestions } from '../../engine/catalog/adapterInspection';
import { type Ending, IsolatedThread, threadBeside } from '../../engine/isolate/isolatedThread';

/** A hostile file must not take the machine; a large layer may take its time. */
const MEMORY_MB = 2048;
const ANSWER_MS = 120_000;

export class AdapterThread {
  #thread: IsolatedThread | undefined;

  /** @throws ProblemError, `ThreadEnded` */
  ask<K extends keyof AdapterQuestions>(
    ask: K,
    params: AdapterQuestions[K]['params'],
  ): Promise<AdapterQuestions[K]['result']> {
    if (this.#thread === undefined || this.#thread.ending !== undefined) {
      const file = threadBeside(import.meta.url, '../../engine/catalog/adapterWorker');
      this.#thread = new IsolatedThread(file, { memoryMb: MEMORY_MB });
    }
    return this.#thread.ask<AdapterQuestions[K]['result']>({ ask, params }, ANSWER_MS);
  }

  /** Ends what is under way; the next question begins anew. */
  close(): void {
    this.#thread?.close();
    this.#thread = undefined;
  }
}

/** Why there is no answer, for people. */
export const endingWords: Readonly<Record<Ending, string>> = {
  memory: 'Reading the adapters took more memory than it may, and was ended.',
  time: 'Reading the adapters took too long, and was ended.',
  closed: 'The adapters were closed.',
  crash: 'The thread that reads adapters failed.',
};
