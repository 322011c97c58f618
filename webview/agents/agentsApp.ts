/** The view's one mutable thing: its state, and everything that changes it. */
import type {
  AgentPost,
  AgentRequestName,
  AgentRequests,
  AgentSnapshot,
} from '../../src/protocol/agentView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type ShownTrace, shownTrace } from './traceSteps';
import type { ViewState } from './viewState';

const NOTICE_MS = 5000;

export class AgentsApp {
  readonly #host = new HostConnection<AgentRequests, AgentPost>();
  readonly #draw: () => void;
  #state: ViewState;
  #trace: ShownTrace = shownTrace([]);
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(render: (app: AgentsApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    applyTheme();
    this.#state = {
      connection: 'connecting',
      snapshot: null,
      isNarrow: false,
      chosen: null,
      unfolded: new Set(),
      answer: null,
      isHelpOpen: false,
      notice: null,
    };
    this.#host.onPost = post => {
      if (post.type === 'trace') this.#hydrate(post.snapshot);
      else void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
    };
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  get trace(): ShownTrace {
    return this.#trace;
  }

  /** What an example of it would be answered by. */
  get answer(): string {
    return this.#state.answer ?? this.#trace.end?.answer ?? '';
  }

  async start(): Promise<void> {
    onThemeChange(() => {
      applyTheme();
      this.set({});
    });
    this.set({});
    this.#hydrate(await this.#host.connect(null, () => this.set({ connection: 'silent' })));
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    this.#draw();
  }

  setWidth(width: number): void {
    const isNarrow = width < 600;
    if (isNarrow !== this.#state.isNarrow) this.set({ isNarrow });
  }

  /** Moves among the steps. */
  step(by: number): void {
    const { steps } = this.#trace;
    if (steps.length === 0) return;
    const at = steps.findIndex(({ step }) => step.step === this.#state.chosen);
    const next = Math.min(Math.max((at < 0 ? steps.length - 1 : at) + by, 0), steps.length - 1);
    this.set({ chosen: steps[next]!.step.step });
  }

  unfold(step: number): void {
    const unfolded = new Set(this.#state.unfolded);
    if (!unfolded.delete(step)) unfolded.add(step);
    this.set({ unfolded });
  }

  /** Undefined when the host refused, which is told. */
  async ask<K extends AgentRequestName>(
    request: K,
    params: AgentRequests[K]['params'],
  ): Promise<AgentRequests[K]['result'] | undefined> {
    try {
      return await this.#host.request(request, params);
    } catch (error) {
      this.#notify('error', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async saveExample(): Promise<void> {
    const answer = await this.ask('saveExample', { answer: this.answer });
    if (answer?.saved) this.#notify('info', `The example is in ${answer.saved}`);
  }

  async saveTrace(): Promise<void> {
    const answer = await this.ask('saveTrace', null);
    if (answer?.saved) this.#notify('info', `Saved ${answer.saved}`);
  }

  async copy(text: string, what: string): Promise<void> {
    if ((await this.ask('copy', { text })) !== undefined) this.#notify('info', `Copied ${what}`);
  }

  #hydrate(snapshot: AgentSnapshot): void {
    const isOther =
      JSON.stringify(snapshot.source) !== JSON.stringify(this.#state.snapshot?.source);
    this.#trace = shownTrace(snapshot.records);
    // With it the panel is restored.
    this.#host.memory = { source: snapshot.source };
    this.set({
      connection: 'ready',
      snapshot,
      ...(isOther ? { chosen: null, unfolded: new Set<number>(), answer: null } : {}),
    });
  }

  #notify(kind: 'info' | 'error', text: string): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice: { kind, text } });
    this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }
}
