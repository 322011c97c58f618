/**
 * The view's one mutable thing: its state, and everything that changes it. Asks the host for what is
 * looked at, remembers taste, and has the picture drawn anew, at most once a frame.
 */
import type {
  StudiedAdapter,
  StudyReport,
  StudyResult,
  VariantSummary,
} from '../../src/protocol/cacheStudy';
import type {
  ExportKind,
  StudyPost,
  StudyRequests,
  StudySnapshot,
} from '../../src/protocol/cacheStudyView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type Taste, tasteFrom } from './taste';
import type { MenuName, Room, ViewState } from './viewState';
import { sideOf } from './words';

const NOTICE_MS = 5000;

export class CacheStudyApp {
  readonly #host = new HostConnection<StudyRequests, StudyPost>();
  readonly #draw: () => void;
  #state: ViewState;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(render: (app: CacheStudyApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    this.#state = {
      ...{ connection: 'connecting', snapshot: null, other: null, palette: applyTheme() },
      ...{ room: 'wide', mapWidth: 640, taste: tasteFrom(this.#host.memory) },
      ...{ tokens: null, token: null, menu: null, isHelpOpen: false, notice: null },
    };
    this.#host.onPost = ({ snapshot }) => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  get report(): StudyReport | undefined {
    return this.#state.snapshot?.shown?.report;
  }

  /** That is looked at. */
  get adapter(): StudiedAdapter | undefined {
    const all = this.report?.adapters ?? [];
    return all.find(({ adapter }) => adapter === this.#state.taste.adapter) ?? all[0];
  }

  /** As chosen, or the nearest to it that the study has tried. */
  get variant(): VariantSummary | undefined {
    const all = this.report?.variants ?? [];
    const { strategy, store, rank } = this.#state.taste;
    const fits: ((v: VariantSummary) => boolean)[] = [
      v => v.strategy === strategy,
      v => v.store === store,
      v => String(v.rank) === rank,
    ];
    for (let wanted = fits.length; wanted > 0; wanted--) {
      const found = all.find(v => fits.slice(0, wanted).every(fit => fit(v)));
      if (found) return found;
    }
    return all.at(-1);
  }

  resultOf(adapter: string, variant: string): StudyResult | undefined {
    return this.report?.results.find(r => r.adapter === adapter && r.variant === variant);
  }

  /** Of the adapter and the variant that are looked at. */
  get result(): StudyResult | undefined {
    const { adapter, variant } = this;
    return adapter && variant ? this.resultOf(adapter.adapter, variant.variant) : undefined;
  }

  /** Within the study's layers. */
  get layer(): number {
    return Math.min(this.#state.taste.layer, (this.report?.model.layers ?? 1) - 1);
  }

  async start(): Promise<void> {
    onThemeChange(() => this.set({ palette: applyTheme() }));
    this.set({});
    const { study } = this.#state.taste;
    const snapshot = await this.#host.connect({ study }, () => this.set({ connection: 'silent' }));
    this.#hydrate(snapshot);
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    this.#draw();
  }

  /** Changes taste, which is remembered. */
  prefer(patch: Partial<Taste>): void {
    const taste = { ...this.#state.taste, ...patch };
    this.#host.memory = taste;
    this.set({ taste });
    void this.#loadTokens();
  }

  setSize(width: number, mapWidth: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    this.set({ room, mapWidth });
  }

  /** The next way of keeping caches. */
  stepStrategy(by: number): void {
    const names = [...new Set(this.report?.variants.map(({ strategy }) => strategy))];
    const at = names.findIndex(name => name === this.variant?.strategy);
    const next = names[(at + by + names.length) % names.length];
    if (next) this.prefer({ strategy: next });
  }

  choose(variant: VariantSummary): void {
    const { strategy, store, rank } = variant;
    this.prefer({ strategy, store, rank: String(rank) });
  }

  chooseCell(adapter: string, layer: number): void {
    this.prefer({ adapter, layer });
  }

  /** By adapters and layers, or by layers and tokens. */
  stepCell(down: number, across: number): void {
    const { report, adapter } = this;
    if (!report || !adapter) return;
    const limit = (at: number, count: number) => Math.min(Math.max(at, 0), count - 1);
    if (this.#state.taste.byToken) {
      const token = limit((this.#state.token ?? -across) + across, report.prefix_tokens);
      this.set({ token });
      this.prefer({ layer: limit(this.layer + down, report.model.layers) });
      return;
    }
    const names = report.adapters.map(a => a.adapter);
    const row = limit(names.indexOf(adapter.adapter) + down, names.length);
    this.chooseCell(names[row]!, limit(this.layer + across, report.model.layers));
  }

  toggleMenu(menu: MenuName): void {
    this.set({ menu: this.#state.menu === menu ? null : menu });
  }

  async show(study: string): Promise<void> {
    await this.#try(async () => this.#hydrate(await this.#host.request('show', { study })));
  }

  /** Compares with another study, or with none. */
  async compare(other: string | null): Promise<void> {
    this.prefer({ other });
    await this.#loadOther();
  }

  runAgain(): void {
    void this.#try(() => this.#host.request('runAgain', null));
  }

  openConfig(): void {
    void this.#try(() => this.#host.request('openConfig', null));
  }

  manageTrust(): void {
    void this.#try(() => this.#host.request('manageTrust', null));
  }

  async export(kind: ExportKind): Promise<void> {
    await this.#try(async () => {
      const file = await this.#host.request('export', { kind });
      if (file !== null) this.#inform({ kind: 'info', text: `Saved ${file}` });
    });
  }

  #hydrate(snapshot: StudySnapshot): void {
    const before = this.#state.snapshot?.shown?.id;
    this.set({ connection: 'ready', snapshot });
    const study = snapshot.shown?.id ?? null;
    if (study !== before) {
      this.set({ tokens: null, token: null });
      this.prefer({ study });
      void this.#loadOther();
    }
  }

  async #loadOther(): Promise<void> {
    const { other } = this.#state.taste;
    const isThere = this.#state.snapshot?.studies.some(({ id }) => id === other);
    if (other === null || !isThere) return this.set({ other: null });
    await this.#try(async () => {
      const report = await this.#host.request('other', { study: other });
      if (this.#state.taste.other === other) this.set({ other: report });
    });
  }

  async #loadTokens(): Promise<void> {
    const { taste, tokens, snapshot } = this.#state;
    const { adapter, variant } = this;
    const study = snapshot?.shown?.id;
    if (!taste.byToken || !adapter || !variant || study === undefined) return;
    const of = { adapter: adapter.adapter, variant: variant.variant, side: sideOf(taste.measure) };
    const isSame = (a: typeof of | null) =>
      a?.adapter === of.adapter && a.variant === of.variant && a.side === of.side;
    if (isSame(tokens)) return;
    await this.#try(async () => {
      const errors = new Float32Array(await this.#host.request('tokens', { study, ...of }));
      // something else may be looked at by now
      const now = { adapter: this.adapter?.adapter ?? '', variant: this.variant?.variant ?? '' };
      if (isSame({ ...now, side: sideOf(this.#state.taste.measure) }))
        this.set({ tokens: { ...of, errors } });
    });
  }

  async #try(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#inform({ kind: 'error', text });
    }
  }

  #inform(notice: NonNullable<ViewState['notice']>): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice });
    this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }
}
