/** The view's one mutable thing: its state, and everything that changes it. */
import type {
  LabelsPost,
  LabelsRequestName,
  LabelsRequests,
  LabelsSnapshot,
} from '../../src/protocol/labelsView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import type { ViewState } from './viewState';

export class LabelsApp {
  readonly #host = new HostConnection<LabelsRequests, LabelsPost>();
  readonly #draw: () => void;
  #state: ViewState = {
    connection: 'connecting',
    snapshot: null,
    isNarrow: false,
    shows: 'tokens',
    chosen: 0,
    isHelpOpen: false,
    notice: null,
  };

  constructor(render: (app: LabelsApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    applyTheme();
    this.#host.onPost = post => {
      if (post.type === 'labels') this.#hydrate(post.snapshot);
      else void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
    };
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  async start(): Promise<void> {
    onThemeChange(() => {
      applyTheme();
      this.set({});
    });
    const { shows } = (this.#host.memory ?? {}) as { shows?: unknown };
    this.set(shows === 'text' || shows === 'tokens' ? { shows } : {});
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

  show(shows: ViewState['shows']): void {
    this.set({ shows });
    this.#remember();
  }

  /** Moves among the examples; beyond the last that was read, reads on. */
  step(by: number): void {
    const { snapshot, chosen } = this.#state;
    const count = snapshot?.examples.length ?? 0;
    const next = chosen + by;
    if (next >= 0 && next < count) this.set({ chosen: next });
    else void this.page(by);
  }

  /** The next examples, or those before. */
  async page(direction: number): Promise<void> {
    const { snapshot } = this.#state;
    const { examples = [], totals, isReading } = snapshot ?? {};
    if (isReading || !totals) return;
    const first = examples[0]?.index ?? 0;
    const from = direction > 0 ? first + examples.length : Math.max(0, first - PAGE);
    if (from === first || from >= totals.examples) return;
    this.set({ chosen: 0 });
    await this.ask('read', { from });
  }

  /** Undefined when the host refused, which is told. */
  async ask<K extends LabelsRequestName>(
    request: K,
    params: LabelsRequests[K]['params'],
  ): Promise<LabelsRequests[K]['result'] | undefined> {
    try {
      const result = await this.#host.request(request, params);
      this.set({ notice: null });
      return result;
    } catch (error) {
      this.set({ notice: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }

  #hydrate(snapshot: LabelsSnapshot): void {
    const chosen = Math.min(this.#state.chosen, Math.max(0, snapshot.examples.length - 1));
    this.set({ connection: 'ready', snapshot, chosen });
    this.#remember();
  }

  /** With the config the panel is restored. */
  #remember(): void {
    const { snapshot, shows } = this.#state;
    this.#host.memory = { config: snapshot?.config, shows };
  }
}

/** As many as the host reads at a time. */
const PAGE = 20;
