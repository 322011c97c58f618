/**
 * A process of the command line in which an agent works: its records as they come, and its last
 * words. Knows nothing of VS Code.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { AgentSnapshot } from '../../../protocol/agentView';
import type { AgentRecord } from '../../../protocol/evaluation';
import type { ViewProblem } from '../../../protocol/viewReply';
import { problemIn } from '../commandProblem';
import { agentRecordFrom } from '../fileSchemas';

const LAST_WORDS = 4000;
const GRACE_MS = 10_000;

export class AgentProcess {
  readonly records: AgentRecord[] = [];
  writing: AgentSnapshot['writing'] = null;
  problem: ViewProblem | null = null;
  isRunning = true;
  readonly #child: ChildProcess;
  #lastWords = '';
  #isStopping = false;

  /** @param changed called whenever there is something new */
  constructor(child: ChildProcess, changed: () => void) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    const lines = child.stdout && createInterface({ input: child.stdout });
    lines?.on('line', line => {
      this.#take(line);
      changed();
    });
    const over = (problem: ViewProblem | null) => {
      this.isRunning = false;
      this.writing = null;
      this.problem = problem;
      changed();
    };
    child.on('error', ({ message }) => over({ code: 'agent.not-started', message }));
    child.on('close', code => {
      const isWell = code === 0 || code === 130 || this.#isStopping;
      const hasEnd = this.records.some(({ type }) => type === 'end');
      over(isWell || hasEnd ? null : problemIn(this.#lastWords));
    });
  }

  stop(): void {
    if (!this.isRunning) return;
    this.#isStopping = true;
    this.#child.kill('SIGINT');
    setTimeout(() => {
      if (this.isRunning) this.#child.kill('SIGKILL');
    }, GRACE_MS).unref();
  }

  #take(line: string): void {
    const value = parsed(line);
    const record = agentRecordFrom(value);
    if (record) {
      this.records.push(record);
      this.writing = null;
      return;
    }
    const { type, step, text } = (value ?? {}) as {
      type?: unknown;
      step?: unknown;
      text?: unknown;
    };
    if (type === 'writing' && typeof step === 'number' && typeof text === 'string')
      this.writing = { step, text };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
