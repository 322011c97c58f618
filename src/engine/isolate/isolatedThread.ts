/**
 * A thread of its own for work that untrusted data decide the length of: it has a memory limit, and
 * when an answer takes too long it is killed. Knows nothing of what it is asked.
 */
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  MessageChannel,
  type MessagePort,
  Worker,
  receiveMessageOnPort,
} from 'node:worker_threads';
import { type Problem, ProblemError } from '../problem';

/** Why a thread is gone. `crash`: for a reason that nobody foresaw. */
export type Ending = 'time' | 'memory' | 'crash' | 'closed';

/** The thread was ended and answers nothing any more. */
export class ThreadEnded extends Error {
  override readonly name = 'ThreadEnded';
  constructor(
    readonly why: Ending,
    message: string,
  ) {
    super(message);
  }
}

/** What the thread finds in its `workerData`. */
export interface Connection {
  readonly port: MessagePort;
  /** One counter of answers, for those who block. */
  readonly answers: Int32Array;
}

export interface Question {
  readonly id: number;
  readonly request: unknown;
}

export type Answer = { readonly id: number } & (
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'error'; readonly message: string }
);

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * The file of a worker: its source while developing, its bundle beside ours in `dist/`.
 * @param moduleUrl `import.meta.url` of a module
 * @param path of the worker from there, without its ending
 */
export function threadBeside(moduleUrl: string, path: string): string {
  const own = fileURLToPath(moduleUrl);
  const ending = extname(own);
  return join(dirname(own), `${ending === '.ts' ? path : basename(path)}${ending}`);
}

export class IsolatedThread {
  private readonly thread: Worker;
  private readonly port: MessagePort;
  private readonly answers = new Int32Array(new SharedArrayBuffer(4));
  private readonly waiting = new Map<number, Waiting>();
  private questions = 0;
  private ended: ThreadEnded | undefined;

  /**
   * Starts at once. The thread never keeps the process alive while nothing is asked.
   * @param file of `threadBeside`; it calls `serve`
   * @param memoryMb of its JavaScript heap
   */
  constructor(file: string, { memoryMb }: { memoryMb: number }) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.thread = startThread(file, memoryMb, { port: port2, answers: this.answers });
    this.thread.unref();
    this.thread.on('error', error => this.end(endingOf(error), error));
    this.thread.on('exit', code => this.end('crash', new Error(`The worker exited (${code}).`)));
    port1.on('message', (answer: Answer) => this.take(answer));
    port1.unref();
  }

  /** Why it answers no more; undefined while it lives. */
  get ending(): Ending | undefined {
    return this.ended?.why;
  }

  /** @throws ThreadEnded, ProblemError as thrown there, Error for any other error there */
  async ask<T>(request: unknown, limitMs: number): Promise<T> {
    if (this.ended) throw this.ended;
    const id = this.questions++;
    const answer = new Promise<Answer>((resolve, reject) =>
      this.waiting.set(id, { resolve, reject }),
    );
    this.thread.ref();
    const timer = setTimeout(() => this.endLate(limitMs), limitMs);
    try {
      this.port.postMessage({ id, request } satisfies Question);
      return valueOf<T>(await answer);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
      if (this.waiting.size === 0) this.thread.unref();
    }
  }

  /** As `ask`, but blocks this thread until the answer is there. */
  askNow<T>(request: unknown, limitMs: number): T {
    if (this.ended) throw this.ended;
    const id = this.questions++;
    const end = performance.now() + limitMs;
    this.port.postMessage({ id, request } satisfies Question);
    for (;;) {
      const count = Atomics.load(this.answers, 0);
      const received = receiveMessageOnPort(this.port) as { message: Answer } | undefined;
      if (received?.message.id === id) return valueOf<T>(received.message);
      if (received) {
        this.take(received.message);
        continue;
      }
      const left = end - performance.now();
      if (left <= 0 || Atomics.wait(this.answers, 0, count, left) === 'timed-out') {
        this.endLate(limitMs);
        throw this.ended ?? new Error('The worker was not ended.');
      }
    }
  }

  close(): void {
    this.end('closed', new Error('The worker was closed.'));
  }

  private take(answer: Answer): void {
    this.waiting.get(answer.id)?.resolve(answer);
  }

  private endLate(limitMs: number): void {
    this.end('time', new Error(`No answer within ${limitMs} ms.`));
  }

  private end(why: Ending, { message }: Error): void {
    if (this.ended) return;
    this.ended = new ThreadEnded(why, message);
    for (const { reject } of this.waiting.values()) reject(this.ended);
    this.port.close();
    void this.thread.terminate();
  }
}

function startThread(file: string, memoryMb: number, connection: Connection): Worker {
  const isSource = file.endsWith('.ts');
  return new Worker(isSource ? sourceLoader(file) : file, {
    eval: isSource,
    workerData: connection,
    transferList: [connection.port],
    // Nothing of this process: neither its secrets nor its flags.
    env: {},
    argv: [],
    execArgv: [],
    // What a library prints is not for our output, on which programs may depend. Nobody reads it:
    // a reader would keep the process alive.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32 },
  });
}

/** While developing: a worker can load TypeScript only after it has loaded who translates it. */
function sourceLoader(file: string): string {
  const translator = createRequire(file).resolve('tsx/cjs/api');
  const [load, source] = [translator, file].map(path => JSON.stringify(path));
  return `require(${load}).register(); require(${source});`;
}

const endingOf = (error: Error): Ending =>
  'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash';

function valueOf<T>(answer: Answer): T {
  switch (answer.kind) {
    case 'value':
      return answer.value as T;
    case 'problem':
      throw new ProblemError(answer.problem);
    case 'error':
      throw new Error(answer.message);
  }
}
