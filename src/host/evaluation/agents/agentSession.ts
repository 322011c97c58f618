/**
 * One view of an agent's trace from the host's side: answers its requests, each exactly once, and
 * posts the trace as it grows. Knows nothing of VS Code.
 */
import type {
  AgentHostMessage,
  AgentRequestMessage,
  AgentRequests,
  AgentSnapshot,
  TraceSource,
} from '../../../protocol/agentView';
import type { AgentRecord, AgentStep } from '../../../protocol/evaluation';
import type { ViewProblem } from '../../../protocol/viewReply';
import { reply, viewProblem } from '../../viewReply';
import { parseAgentRequest } from './agentRequests';
import { exampleOf } from './traceExample';

/** What the view can have done to the world; each rejects with a message for people. */
export interface AgentPorts {
  readonly isTrusted: boolean;
  openInSandbox(prompt: string): Promise<void>;
  appendExample(line: string): Promise<string | null>;
  saveTrace(text: string): Promise<string | null>;
  copy(text: string): Promise<void>;
  manageTrust(): Promise<void>;
}

/** A trace on the disk, or one that is being written. */
export interface Trace {
  readonly source: TraceSource;
  readonly label: string;
  readonly records: readonly AgentRecord[];
  readonly writing: AgentSnapshot['writing'];
  readonly isRunning: boolean;
  readonly problem: ViewProblem | null;
  stop(): void;
  /** Undefined when it is not known who was asked. @throws `host.untrusted` */
  readonly askAgain?: (() => Promise<void>) | undefined;
}

export interface AgentSessionOptions {
  trace: Trace;
  ports: AgentPorts;
  post(message: AgentHostMessage): void;
}

/** A text that is being written is shown this often. */
const COALESCE_MS = 100;

export class AgentSession {
  readonly #options: AgentSessionOptions;
  #trace: Trace;
  #isHydrated = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: AgentSessionOptions) {
    this.#options = options;
    this.#trace = options.trace;
  }

  /** Shows another trace in the same view. */
  show(trace: Trace): void {
    this.#trace.stop();
    this.#trace = trace;
    this.#options.post({ type: 'shown' });
  }

  get trace(): Trace {
    return this.#trace;
  }

  /** There is something new; told soon. */
  follow(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isHydrated) this.#options.post({ type: 'trace', snapshot: this.snapshot });
    }, COALESCE_MS);
  }

  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  pause(): void {
    this.#isHydrated = false;
  }

  dispose(): void {
    this.pause();
    clearTimeout(this.#timer);
    this.#trace.stop();
  }

  get snapshot(): AgentSnapshot {
    const { source, label, records, writing, isRunning, problem, askAgain } = this.#trace;
    return {
      source,
      label,
      records,
      writing,
      isRunning,
      problem,
      isTrusted: this.#options.ports.isTrusted,
      canAskAgain: askAgain !== undefined,
    };
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseAgentRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  #answer({
    request,
    params,
  }: AgentRequestMessage): Promise<AgentRequests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        this.#isHydrated = true;
        return Promise.resolve(this.snapshot);
      case 'stop':
        return done(this.#trace.stop());
      case 'askAgain':
        return done(this.#askAgain());
      case 'openInSandbox':
        return done(this.#openInSandbox(params.step));
      case 'saveExample':
        return this.#saveExample(params.answer);
      case 'saveTrace':
        return ports.saveTrace(jsonLines(this.#trace.records)).then(saved => ({ saved }));
      case 'copy':
        return done(ports.copy(params.text));
      case 'trust':
        return done(ports.manageTrust());
    }
  }

  async #askAgain(): Promise<void> {
    if (!this.#trace.askAgain) throw new Error('It is not known which model was asked.');
    await this.#trace.askAgain();
  }

  async #openInSandbox(number: number): Promise<void> {
    const found = this.#trace.records.find(
      (record): record is AgentStep => record.type === 'step' && record.step === number,
    );
    if (!found) throw new Error(`There is no step ${number}.`);
    await this.#options.ports.openInSandbox(found.prompt);
  }

  async #saveExample(answer: string): Promise<{ saved: string | null }> {
    const line = exampleOf(this.#trace.records, answer);
    return { saved: await this.#options.ports.appendExample(line) };
  }
}

export const jsonLines = (records: readonly unknown[]): string =>
  records.map(record => `${JSON.stringify(record)}\n`).join('');

const done = (work: Promise<void> | void): Promise<null> => Promise.resolve(work).then(() => null);

const problemOf = (error: unknown) => viewProblem(error, 'agent.failed');
