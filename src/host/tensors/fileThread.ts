/**
 * A file of tensors that is open in a thread of its own, which is begun again when it had to be
 * ended. Knows nothing of views.
 */
import type { Opened, Question, Questions } from '../../engine/inspect/inspection';
import { IsolatedThread, threadBeside } from '../../engine/isolate/isolatedThread';

/** A hostile file must not take the machine; a large one may take its time. */
const MEMORY_MB = 2048;
const OPEN_MS = 120_000;
const ANSWER_MS = 60_000;

export class FileThread {
  #thread: IsolatedThread | undefined;
  #opening: Promise<Opened> | undefined;

  constructor(private readonly path: string) {}

  /** Opens the file, anew when it was open. @throws what the file's reader throws, `ThreadEnded` */
  open(): Promise<Opened> {
    this.close();
    const file = threadBeside(import.meta.url, '../../engine/inspect/inspectionWorker');
    const thread = new IsolatedThread(file, { memoryMb: MEMORY_MB });
    this.#thread = thread;
    const question: Question = { ask: 'open', params: { path: this.path } };
    this.#opening = thread.ask<Opened>(question, OPEN_MS);
    return this.#opening;
  }

  /** @throws as `open`, and when the file has changed so that there is no answer any more */
  async ask<K extends keyof Questions>(
    ask: K,
    params: Questions[K]['params'],
  ): Promise<Questions[K]['result']> {
    if (this.#thread === undefined || this.#thread.ending !== undefined) await this.open();
    else await this.#opening;
    return this.#thread!.ask<Questions[K]['result']>({ ask, params }, ANSWER_MS);
  }

  close(): void {
    this.#thread?.close();
    this.#thread = undefined;
    this.#opening = undefined;
  }
}
