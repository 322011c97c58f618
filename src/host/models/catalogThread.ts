/**
 * Asks the thread in which folders of models are looked at, one question at a time, so that a file
 * that ends the thread spoils one answer only. The thread goes when nobody has asked for a while.
 * Knows nothing of VS Code.
 */
import type { CatalogQuestions } from '../../engine/catalog/catalog';
import { IsolatedThread, ThreadEnded, threadBeside } from '../../engine/isolate/isolatedThread';
import { fail } from '../../engine/problem';

const MEMORY_MB = 1024;
const ANSWER_MS = 30_000;
const IDLE_MS = 60_000;

export class CatalogThread {
  #thread: IsolatedThread | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #isDisposed = false;

  /** @throws ProblemError, also when the thread had to be ended */
  ask<K extends keyof CatalogQuestions>(
    ask: K,
    params: CatalogQuestions[K]['params'],
  ): Promise<CatalogQuestions[K]['result']> {
    const answer = this.#last.then(() => this.#ask(ask, params));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#close();
  }

  async #ask<K extends keyof CatalogQuestions>(
    ask: K,
    params: CatalogQuestions[K]['params'],
  ): Promise<CatalogQuestions[K]['result']> {
    clearTimeout(this.#idle);
    try {
      return await this.#open().ask<CatalogQuestions[K]['result']>({ ask, params }, ANSWER_MS);
    } catch (error) {
      if (error instanceof ThreadEnded) fail(`models.${error.why}`, wordsOf(error));
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.#close(), IDLE_MS);
      this.#idle.unref();
    }
  }

  #open(): IsolatedThread {
    if (this.#isDisposed) fail('models.closed', 'The list of models was closed.');
    if (this.#thread === undefined || this.#thread.ending !== undefined) {
      const file = threadBeside(import.meta.url, '../../engine/catalog/catalogWorker');
      this.#thread = new IsolatedThread(file, { memoryMb: MEMORY_MB });
    }
    return this.#thread;
  }

  #close(): void {
    clearTimeout(this.#idle);
    this.#thread?.close();
    this.#thread = undefined;
  }
}

function wordsOf({ why, message }: ThreadEnded): string {
  switch (why) {
    case 'memory':
      return 'Reading it took more memory than it may, and was ended.';
    case 'time':
      return 'Reading it took too long, and was ended.';
    case 'closed':
      return 'The list of models was closed.';
    case 'crash':
      return `Reading it failed: ${message}`;
  }
}
