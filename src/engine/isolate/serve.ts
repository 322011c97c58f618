/** The other end of `IsolatedThread`: what runs in the thread answers one question after another. */
import { workerData } from 'node:worker_threads';
import { ProblemError } from '../problem';
import type { Answer, Connection, Question } from './isolatedThread';

/** @param answer what it returns or throws goes back; both must survive `structuredClone` */
export function serve(answer: (request: unknown) => unknown): void {
  const { port, answers } = workerData as Connection;
  port.on('message', ({ id, request }: Question) => {
    port.postMessage(answerTo(id, () => answer(request)));
    Atomics.add(answers, 0, 1);
    Atomics.notify(answers, 0);
  });
}

function answerTo(id: number, work: () => unknown): Answer {
  try {
    return { id, kind: 'value', value: work() };
  } catch (error) {
    if (error instanceof ProblemError) return { id, kind: 'problem', problem: error.problem };
    return { id, kind: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}
