/**
 * One engine process from its start to its end: calls to it, what it says, and why it ended. Knows
 * nothing of starting another one.
 */
import type { ChildProcess } from 'node:child_process';
import { connectCalls } from '../engine/isolate/twoWayCalls';
import { ProblemError } from '../engine/problem';
import type { EngineFunctions, HostFunctions } from '../protocol/engineProcess';

/** How long it may take to end by itself. */
const PATIENCE_MS = 2000;

/** Of what it printed, so much is kept for the log. */
const TAIL = 4000;

export interface EngineChildOptions {
  functions: HostFunctions;
  /** It ended without being asked to. */
  onCrash(problem: ProblemError, printed: string): void;
}

export class EngineChild {
  readonly calls: EngineFunctions;
  readonly #child: ChildProcess;
  readonly #close: (why: Error) => void;
  #printed = '';
  #isOver = false;

  constructor(child: ChildProcess, { functions, onCrash }: EngineChildOptions) {
    this.#child = child;
    const { theirs, close } = connectCalls<EngineFunctions, HostFunctions>(functions, {
      send: message => {
        // Without a callback, a channel that has just closed would raise an error event.
        if (child.connected) child.send(message as object, () => undefined);
      },
      listen: receive => void child.on('message', receive),
    });
    this.calls = theirs;
    this.#close = close;
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      this.#printed = (this.#printed + text).slice(-TAIL);
    });
    const crash = (cause: string) => {
      if (this.#isOver) return;
      this.#isOver = true;
      const problem = crashed(cause);
      this.#close(problem);
      onCrash(problem, this.#printed);
    };
    child.once('error', error => crash(`could not be started (${error.message})`));
    child.once('close', (code, signal) => crash(causeOf(code, signal, this.#printed)));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it, and everything that was asked of it. Settles when the process is gone. */
  async end(why: Error): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const child = this.#child;
    // After a disconnect, Node never says `close`.
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
    this.#close(why);
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Ends it whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

const crashed = (cause: string): ProblemError =>
  new ProblemError({
    code: 'engine.crashed',
    severity: 'error',
    message: `The engine process ${cause}.`,
    where: {},
  });

function causeOf(code: number | null, signal: NodeJS.Signals | null, printed: string): string {
  if (/heap out of memory|bad_alloc/.test(printed)) return 'ran out of memory';
  if (signal === 'SIGKILL') return 'was killed (SIGKILL), as the system does when memory runs out';
  if (signal !== null) return `crashed (${signal})`;
  return `ended (exit code ${code ?? 'unknown'})`;
}
