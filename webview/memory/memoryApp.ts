/** The view's one mutable thing: its state, and everything that changes it. */
import type {
  MemoryPost,
  MemoryRequestName,
  MemoryRequests,
  MemorySnapshot,
  MemorySuggestion,
} from '../../src/protocol/memoryView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import type { ViewState } from './viewState';

export class MemoryApp {
  readonly #host = new HostConnection<MemoryRequests, MemoryPost>();
  readonly #draw: () => void;
  #state: ViewState = {
    connection: 'connecting',
    snapshot: null,
    width: 1000,
    bank: 0,
    category: 0,
    suggestion: null,
    showsPairs: false,
    isHelpOpen: false,
    notice: null,
  };

  constructor(render: (app: MemoryApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    applyTheme();
    this.#host.onPost = post => {
      if (post.type === 'plan') this.#hydrate(post.snapshot);
      else void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
    };
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  get isNarrow(): boolean {
    return this.#state.width < 600;
  }

  /** Single changes, or pairs of them where these are asked for. */
  get offered(): readonly MemorySuggestion[] {
    const { snapshot, showsPairs } = this.#state;
    const { suggestions = [], pairs = [] } = snapshot?.plan ?? {};
    return showsPairs && pairs.length > 0 ? pairs : suggestions;
  }

  /** The chosen one, or the first that is enough. */
  get chosen(): MemorySuggestion | undefined {
    const { suggestion } = this.#state;
    const { offered } = this;
    return (
      offered.find(({ id }) => id === suggestion) ?? offered.find(({ fits }) => fits) ?? offered[0]
    );
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
    if (width !== this.#state.width) this.set({ width });
  }

  stepBank(by: number): void {
    const banks = this.#state.snapshot?.plan?.banks ?? 1;
    this.set({ bank: Math.min(banks - 1, Math.max(0, this.#state.bank + by)) });
  }

  stepCategory(by: number): void {
    const count = this.#state.snapshot?.plan?.categories.length ?? 1;
    this.set({ category: Math.min(count - 1, Math.max(0, this.#state.category + by)) });
  }

  /** Space: the next suggestion. */
  stepSuggestion(): void {
    const ids = this.offered.map(({ id }) => id);
    const now = ids.indexOf(this.chosen?.id ?? '');
    this.set({ suggestion: ids[(now + 1) % Math.max(1, ids.length)] ?? null });
  }

  async apply(): Promise<void> {
    const { chosen } = this;
    if (!chosen?.canApply) return;
    if ((await this.ask('apply', { id: chosen.id })) === null)
      this.set({ notice: { text: `${chosen.title} is written into the config`, isError: false } });
  }

  async save(kind: 'json' | 'csv'): Promise<void> {
    const saved = await this.ask('save', { kind });
    if (saved?.path) this.set({ notice: { text: `Saved ${saved.path}`, isError: false } });
  }

  /** Undefined when the host refused, which is told. */
  async ask<K extends MemoryRequestName>(
    request: K,
    params: MemoryRequests[K]['params'],
  ): Promise<MemoryRequests[K]['result'] | undefined> {
    try {
      const result = await this.#host.request(request, params);
      this.set({ notice: null });
      return result;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.set({ notice: { text, isError: true } });
      return undefined;
    }
  }

  #hydrate(snapshot: MemorySnapshot): void {
    this.set({ connection: 'ready', snapshot });
    // With the config the panel is restored.
    this.#host.memory = { config: snapshot.config, device: snapshot.device };
  }
}
