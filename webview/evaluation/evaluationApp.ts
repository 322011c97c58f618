/**
 * The view's one mutable thing: its state, and everything that changes it. Asks the host for what is
 * looked at, remembers taste, and has the picture drawn anew, at most once a frame.
 */
import {
  type BaselineFacts,
  type EvaluationFacts,
  type ExportKind,
  MOST_ROWS,
  type Post,
  type RequestName,
  type Requests,
  type SampleRow,
  type Snapshot,
} from '../../src/protocol/evaluationView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type Filter, SampleTable, type SortKey } from './sampleTable';
import { type Taste, tasteFrom } from './taste';
import type { Room, ViewState } from './viewState';

export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 26;
const NOTICE_MS = 5000;
/** People type on. */
const SEARCH_PAUSE_MS = 80;

/** Sorted from the highest at first. */
const falling: ReadonlySet<SortKey> = new Set<SortKey>(['flags', 'tokens', 'perplexity']);

export class EvaluationApp {
  readonly #host = new HostConnection<Requests, Post>();
  readonly #draw: () => void;
  #state: ViewState;
  #table = new SampleTable();
  #rows: Uint32Array | undefined;
  #isLoading = false;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  #searches = 0;

  constructor(render: (app: EvaluationApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    applyTheme();
    this.#state = {
      connection: 'connecting',
      facts: null,
      problem: null,
      baseline: null,
      isComparing: false,
      comparables: [],
      isTrusted: true,
      room: 'wide',
      tableHeight: 0,
      detailHeight: 0,
      scrollTop: 0,
      taste: tasteFrom(this.#host.memory),
      flag: null,
      hits: null,
      detail: null,
      detailProblem: null,
      menu: null,
      isHelpOpen: false,
      notice: null,
    };
    this.#host.onPost = post => this.#take(post);
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  get table(): SampleTable {
    return this.#table;
  }

  /** Places of the rows that are shown, in order. */
  get rows(): Uint32Array {
    const { taste, flag, hits } = this.#state;
    const { filter, sorting } = taste;
    this.#rows ??= this.#table.select({ filter, flag, hits, sorting });
    return this.#rows;
  }

  /** The row that is looked at. */
  get chosen(): SampleRow | undefined {
    const { chosen } = this.#state.taste;
    const place = chosen === null ? undefined : this.#table.placeOf(chosen);
    return place === undefined ? undefined : this.#table.rowAt(place);
  }

  /** Its place among those that are shown; -1 when it is none of them. */
  get chosenAt(): number {
    const { chosen } = this.#state.taste;
    const place = chosen === null ? undefined : this.#table.placeOf(chosen);
    return place === undefined ? -1 : this.rows.indexOf(place);
  }

  get isExpanded(): boolean {
    return this.#state.taste.isExpanded && this.chosenAt >= 0;
  }

  /** Those of the shown samples that are wrong, else all wrong ones: what can be run again. */
  get wrongIndices(): number[] {
    const { rows } = this;
    return [...rows]
      .map(place => this.#table.rowAt(place))
      .filter(row => row.flags.includes('wrong'))
      .map(({ index }) => index);
  }

  async start(): Promise<void> {
    onThemeChange(() => {
      applyTheme();
      this.set({});
    });
    this.set({});
    const snapshot = await this.#host.connect(null, () => this.set({ connection: 'silent' }));
    this.#hydrate(snapshot);
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    if ('taste' in patch || 'flag' in patch || 'hits' in patch) this.#rows = undefined;
    this.#draw();
  }

  /** Changes taste, which is remembered. */
  prefer(patch: Partial<Taste>): void {
    const taste = { ...this.#state.taste, ...patch };
    this.#remember(taste);
    const isSameRows = !('filter' in patch || 'sorting' in patch);
    const rows = this.#rows;
    this.set({ taste });
    if (isSameRows) this.#rows = rows;
  }

  /** The page has another width, in pixels. */
  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    if (room !== this.#state.room) this.set({ room });
  }

  /** The table has another height, without its head. */
  setTableHeight(tableHeight: number): void {
    const isFirst = this.#state.tableHeight === 0;
    this.set({ tableHeight });
    if (isFirst) this.reveal();
  }

  /** The expanded sample has another height. */
  setDetailHeight(detailHeight: number): void {
    if (Math.abs(detailHeight - this.#state.detailHeight) < 1) return;
    this.set({ detailHeight });
    this.reveal();
  }

  // The table

  filterBy(filter: Filter): void {
    this.prefer({ filter });
    this.set({ scrollTop: 0 });
  }

  sortBy(by: SortKey): void {
    const { sorting } = this.#state.taste;
    const isFalling = falling.has(by);
    const next =
      sorting.by !== by
        ? { by, isDescending: isFalling }
        : sorting.isDescending === isFalling && by !== 'index'
          ? { by, isDescending: !isFalling }
          : { by: 'index' as const, isDescending: by === 'index' && !sorting.isDescending };
    this.prefer({ sorting: next });
    this.scrollTo(0);
  }

  /** Words are looked for in all texts of all samples, by the host. */
  search(words: string): void {
    this.prefer({ words });
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => void this.#search(), SEARCH_PAUSE_MS);
  }

  /** Shows all samples again. */
  showAll(): void {
    this.prefer({ filter: 'all' });
    this.set({ flag: null, scrollTop: 0 });
    this.search('');
  }

  /** Moves by rows among those that are shown. */
  step(by: number): void {
    const { rows, chosenAt } = this;
    if (rows.length === 0) return;
    const next = chosenAt >= 0 ? chosenAt + by : by > 0 ? by - 1 : rows.length + by;
    this.choose(this.#table.rowAt(rows[Math.min(Math.max(next, 0), rows.length - 1)]!).index);
  }

  choose(index: number): void {
    if (index !== this.#state.taste.chosen) {
      this.prefer({ chosen: index });
      this.set({ detail: null, detailProblem: null });
      void this.#loadDetail();
    }
    this.reveal();
  }

  expand(isExpanded: boolean): void {
    if (isExpanded && this.chosenAt < 0) this.step(1);
    this.prefer({ isExpanded });
    void this.#loadDetail();
    this.reveal();
  }

  /** Scrolls so that the sample that is looked at is in sight. */
  reveal(): void {
    const at = this.chosenAt;
    const { scrollTop, tableHeight, detailHeight } = this.#state;
    if (at < 0 || tableHeight === 0) return;
    const top = at * ROW_HEIGHT;
    const height = ROW_HEIGHT + (this.isExpanded ? detailHeight : 0);
    if (top < scrollTop || height > tableHeight) this.scrollTo(top);
    else if (top + height > scrollTop + tableHeight) this.scrollTo(top + height - tableHeight);
  }

  scrollTo(scrollTop: number): void {
    this.set({ scrollTop: Math.max(0, scrollTop) });
  }

  // What the host does

  /** Undefined when the host refused, which is told. */
  async ask<K extends RequestName>(
    request: K,
    params: Requests[K]['params'],
  ): Promise<Requests[K]['result'] | undefined> {
    try {
      return await this.#host.request(request, params);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async compare(baseline: string | null): Promise<void> {
    this.set({ isComparing: baseline !== null });
    const facts = await this.ask('compare', { baseline });
    this.set({ isComparing: false });
    if (facts === undefined) return;
    this.prefer({ baseline });
    this.#setBaseline(facts);
    this.set({ detail: null });
    void this.#loadDetail();
  }

  async export(kind: ExportKind): Promise<void> {
    const answer = await this.ask('export', { kind });
    if (answer?.saved) this.inform(`Saved ${answer.saved}`);
  }

  async copy(text: string, what: string): Promise<void> {
    const copied = await this.ask('copy', { text });
    if (copied !== undefined) this.inform(`Copied ${what}`);
  }

  inform(text: string): void {
    this.#notify({ kind: 'info', text });
  }

  #hydrate(snapshot: Snapshot): void {
    const { facts, problem, baseline, comparables, isTrusted } = snapshot;
    const isOther = facts?.id !== this.#state.facts?.id;
    if (isOther) {
      this.#table = new SampleTable();
      this.#rows = undefined;
    }
    this.set({
      connection: 'ready',
      facts,
      problem,
      comparables,
      isTrusted,
      detail: isOther ? null : this.#state.detail,
    });
    if (facts) this.#remember(this.#state.taste);
    this.#setBaseline(baseline);
    const wanted = this.#state.taste.baseline;
    if (!baseline && wanted !== null && comparables.some(({ id }) => id === wanted))
      void this.compare(wanted);
    void this.#loadRows();
    if (this.#state.taste.words !== '') void this.#search();
  }

  /** With where the evaluation lies: that is how the panel is restored. */
  #remember(taste: Taste): void {
    this.#host.memory = { ...taste, dir: this.#state.facts?.dir ?? null };
  }

  #setBaseline(baseline: BaselineFacts | null): void {
    this.#table.setFlips(baseline?.wrongToRight ?? [], baseline?.rightToWrong ?? []);
    this.#rows = undefined;
    this.set({ baseline });
    if (!baseline && this.#state.taste.filter === 'flips') this.prefer({ filter: 'all' });
  }

  /** Part after part: the first samples are there at once, however many there are. */
  async #loadRows(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      for (;;) {
        const { facts } = this.#state;
        const table = this.#table;
        if (!facts || table.size >= facts.samples) break;
        const rows = await this.#host.request('rows', { from: table.size, count: MOST_ROWS });
        if (table !== this.#table) continue;
        if (rows.length === 0) break;
        table.add(rows);
        this.#rows = undefined;
        this.set({});
      }
      if (this.#state.detail === null) {
        await this.#loadDetail();
        this.reveal();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isLoading = false;
    }
  }

  async #loadDetail(): Promise<void> {
    const index = this.chosen?.index;
    const { taste, detail } = this.#state;
    if (index === undefined || !taste.isExpanded || detail?.sample.index === index) return;
    const isStill = () => this.#state.taste.chosen === index;
    try {
      const found = await this.#host.request('sample', { index });
      if (isStill()) this.set({ detail: found, detailProblem: null });
    } catch (error) {
      if (isStill()) this.set({ detailProblem: wordsOf(error) });
    }
  }

  async #search(): Promise<void> {
    const { words } = this.#state.taste;
    const own = ++this.#searches;
    if (words.trim() === '') {
      this.set({ hits: null });
      return;
    }
    const found = await this.ask('search', { words });
    if (found && own === this.#searches) this.set({ hits: new Set(found), scrollTop: 0 });
  }

  #take(post: Post): void {
    switch (post.type) {
      case 'facts':
        this.#follow(post.facts);
        break;
      case 'circumstances':
        this.set({ isTrusted: post.isTrusted, comparables: post.comparables });
        break;
      case 'shown':
        void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
        break;
    }
  }

  #follow(facts: EvaluationFacts): void {
    const had = this.#state.facts;
    if (facts.id !== had?.id || facts.samples < had.samples) {
      void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
      return;
    }
    this.set({ facts });
    void this.#loadRows();
  }

  #fail(error: unknown): void {
    this.#notify({ kind: 'error', text: wordsOf(error) });
  }

  #notify(notice: NonNullable<ViewState['notice']>): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice });
    this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
