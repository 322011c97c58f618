/**
 * The engine process as the features of this window see it: started when first needed, watched,
 * started again after a crash. What was asked of a process that crashed is answered with the crash
 * and never asked again by itself. Knows nothing of VS Code.
 */
import type { ChildProcess } from 'node:child_process';
import { fail, ProblemError } from '../engine/problem';
import type {
  EngineFunctions,
  GenerationRequest,
  ModelSpec,
  OpeningProgress,
} from '../protocol/engineProcess';
import { type DeviceChoice, isRuntimeDevice } from '../protocol/devices';
import type { GenerationEvent, ModelFacts, Prompt, PromptInput } from '../protocol/sandbox';
import { EngineChild } from './engineChild';
import { RestartPolicy } from './restartPolicy';

export type EngineState =
  /** It starts with the next call. */
  | { readonly kind: 'off' }
  | { readonly kind: 'running' }
  /** It computes something long, or hangs. */
  | { readonly kind: 'silent'; readonly since: number }
  /** It crashed and will be there again by itself. */
  | { readonly kind: 'restarting'; readonly cause: string }
  /** It crashed too often. */
  | { readonly kind: 'down'; readonly cause: string };

export interface EngineOptions {
  /** @throws `host.untrusted` */
  fork(): ChildProcess;
  log(text: string): void;
  /** The interpreter that the user chose for devices that are asked through Python. */
  python?: () => string | undefined;
  policy?: RestartPolicy;
  /** Between two signs of life, and how long one may take. */
  pulseMs?: number;
  patienceMs?: number;
}

export interface GenerationListener {
  /** Its turn has come. */
  began(): void;
  events(events: readonly GenerationEvent[]): void;
}

/** Each call rejects with a `ProblemError`; when the process crashes, with `engine.crashed`. */
export interface Engine {
  readonly state: EngineState;
  onDidChange(listener: () => void): { dispose(): void };
  onOpening(listener: (model: ModelSpec, progress: OpeningProgress) => void): { dispose(): void };
  open(model: ModelSpec): Promise<ModelFacts>;
  prompt(model: ModelSpec, input: PromptInput): Promise<Prompt>;
  /** Which devices models can write on here. */
  devices(): Promise<DeviceChoice[]>;
  /** Settles when it is over. */
  generate(request: GenerationRequest, listener: GenerationListener): Promise<void>;
  /** A process that does not answer even to this is ended. */
  cancel(id: string): Promise<void>;
  /** Closes all other models; does nothing while there is no process. */
  keep(models: readonly ModelSpec[]): Promise<void>;
  /** Ends the process if there is one and starts another, whatever happened before. */
  restart(): Promise<void>;
  /** Ends the process; the next call starts another. */
  rest(): Promise<void>;
}

const PULSE_MS = 5000;
const PATIENCE_MS = 15_000;

export class SupervisedEngine implements Engine {
  readonly #options: Required<EngineOptions>;
  readonly #changes = new Listeners<[]>();
  readonly #openings = new Listeners<[ModelSpec, OpeningProgress]>();
  readonly #generations = new Map<string, GenerationListener>();
  #state: EngineState = { kind: 'off' };
  #child: EngineChild | undefined;
  /** One that is to come. */
  #restart: Restart | undefined;
  #pending = 0;
  #isAsking = false;
  readonly #pulse: ReturnType<typeof setInterval>;

  constructor(options: EngineOptions) {
    this.#options = {
      policy: new RestartPolicy(),
      python: () => undefined,
      pulseMs: PULSE_MS,
      patienceMs: PATIENCE_MS,
      ...options,
    };
    this.#pulse = setInterval(() => void this.#feelPulse(), this.#options.pulseMs);
    this.#pulse.unref();
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Of the process, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  onDidChange(listener: () => void): { dispose(): void } {
    return this.#changes.add(listener);
  }

  onOpening(listener: (model: ModelSpec, progress: OpeningProgress) => void): { dispose(): void } {
    return this.#openings.add(listener);
  }

  open(model: ModelSpec): Promise<ModelFacts> {
    return this.#call(engine => engine.open(this.#withPython(model)));
  }

  prompt(model: ModelSpec, input: PromptInput): Promise<Prompt> {
    return this.#call(engine => engine.prompt(this.#withPython(model), input));
  }

  devices(): Promise<DeviceChoice[]> {
    return this.#call(engine => engine.devices(this.#options.python()));
  }

  async generate(request: GenerationRequest, listener: GenerationListener): Promise<void> {
    this.#generations.set(request.id, listener);
    try {
      const model = this.#withPython(request.model);
      await this.#call(engine => engine.generate({ ...request, model }));
    } finally {
      this.#generations.delete(request.id);
    }
  }

  async cancel(id: string): Promise<void> {
    const child = this.#child;
    if (!child || !this.#generations.has(id)) return;
    const answer = child.calls.cancel(id).catch(() => undefined); // gone is cancelled, too
    const isLate = await Promise.race([
      answer.then(() => false),
      after(this.#options.patienceMs).then(() => true),
    ]);
    if (isLate && this.#child === child && this.#generations.has(id)) child.kill();
  }

  async keep(models: readonly ModelSpec[]): Promise<void> {
    const kept = models.map(model => this.#withPython(model));
    await this.#child?.calls.keep(kept).catch(() => undefined); // gone is closed, too
  }

  async restart(): Promise<void> {
    this.#options.policy.forget();
    await this.rest();
    this.#start();
  }

  async rest(): Promise<void> {
    const child = this.#child;
    const restart = this.#restart;
    this.#child = undefined;
    this.#restart = undefined;
    this.#become({ kind: 'off' });
    clearTimeout(restart?.timer);
    restart?.settle();
    await child?.end(ended());
  }

  dispose(): void {
    clearInterval(this.#pulse);
    this.#changes.clear();
    this.#openings.clear();
    void this.rest();
  }

  #withPython(model: ModelSpec): ModelSpec {
    const python = isRuntimeDevice(model.device) ? undefined : this.#options.python();
    return python === undefined ? model : { ...model, python };
  }

  async #call<T>(ask: (engine: EngineFunctions) => Promise<T>): Promise<T> {
    await this.#restart?.over;
    const state = this.#state;
    if (state.kind === 'down') return fail('engine.down', `${state.cause} ${GAVE_UP}`);
    const child = this.#child ?? this.#start();
    this.#pending++;
    try {
      return await ask(child.calls);
    } finally {
      this.#pending--;
    }
  }

  #start(): EngineChild {
    const child: EngineChild = new EngineChild(this.#options.fork(), {
      functions: {
        began: id => Promise.resolve(this.#generations.get(id)?.began()),
        generated: (id, events) => Promise.resolve(this.#generations.get(id)?.events(events)),
        opening: (model, progress) => Promise.resolve(this.#openings.tell(model, progress)),
      },
      onCrash: (problem, printed) => {
        if (this.#child === child) this.#crashed(problem, printed);
      },
    });
    this.#child = child;
    this.#options.policy.started(performance.now());
    this.#become({ kind: 'running' });
    return child;
  }

  #crashed({ message }: ProblemError, printed: string): void {
    this.#child = undefined;
    this.#options.log(printed === '' ? message : `${message}\n${printed}`);
    const delay = this.#options.policy.crashed(performance.now());
    if (delay === undefined) {
      this.#become({ kind: 'down', cause: message });
      return;
    }
    let settle = () => {};
    const over = new Promise<void>(resolve => (settle = resolve));
    const timer = setTimeout(() => {
      this.#restart = undefined;
      this.#startAgain(message);
      settle();
    }, delay);
    this.#restart = { timer, over, settle };
    this.#become({ kind: 'restarting', cause: message });
  }

  /** Trust may have gone meanwhile. */
  #startAgain(cause: string): void {
    try {
      this.#start();
    } catch (error) {
      this.#options.log(String(error));
      this.#become({ kind: 'down', cause });
    }
  }

  /** While something is asked of it, it has to give signs of life. */
  async #feelPulse(): Promise<void> {
    const child = this.#child;
    if (!child || this.#pending === 0 || this.#isAsking) return;
    this.#isAsking = true;
    const since = Date.now();
    const late = setTimeout(() => {
      if (this.#child === child) this.#become({ kind: 'silent', since });
    }, this.#options.patienceMs);
    try {
      await child.calls.pulse();
      if (this.#child === child) this.#become({ kind: 'running' });
    } catch {
      // its end is told elsewhere
    } finally {
      clearTimeout(late);
      this.#isAsking = false;
    }
  }

  #become(state: EngineState): void {
    if (state.kind === this.#state.kind) return;
    this.#state = state;
    this.#changes.tell();
  }
}

interface Restart {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly over: Promise<void>;
  settle(): void;
}

class Listeners<Args extends unknown[]> {
  readonly #all = new Set<(...args: Args) => void>();

  add(listener: (...args: Args) => void): { dispose(): void } {
    this.#all.add(listener);
    return { dispose: () => this.#all.delete(listener) };
  }

  tell(...args: Args): void {
    for (const listener of this.#all) listener(...args);
  }

  clear(): void {
    this.#all.clear();
  }
}

const GAVE_UP = 'It ended so often that it is not started again by itself.';

const ended = (): ProblemError =>
  new ProblemError({
    code: 'engine.ended',
    severity: 'error',
    message: 'The engine process was ended.',
    where: {},
  });

const after = (ms: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, ms).unref());
