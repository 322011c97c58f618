/**
 * The view's one mutable thing: its state, and everything that changes it. Remembers taste, and has
 * the picture drawn anew, at most once a frame.
 */
import type {
  AdapterEntry,
  AdapterPost,
  AdapterRequestName,
  AdapterRequests,
  AdapterSnapshot,
} from '../../src/protocol/adapterView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { steppedCell } from '../controls/modelGrid';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type AdapterMap, adapterMap } from './adapterMap';
import {
  type Metric,
  metrics,
  isOwn,
  type Row,
  rowsOf,
  selected,
  type Shown,
  type Side,
  type Sorting,
} from './adapterRows';
import { adapterPicture } from './picture';
import { type Taste, tasteFrom } from './taste';
import type { Room, ViewState } from './viewState';

/** As in the style sheet: the pane of a wide view without its padding, and a row of the table. */
const PANE_WIDTH = 367;
const PANE_EDGES = 33;
export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 26;
const NOTICE_MS = 5000;

export class AdapterApp {
  readonly #host = new HostConnection<AdapterRequests, AdapterPost>();
  readonly #draw: () => void;
  #state: ViewState;
  #all: readonly Row[] | undefined;
  #rows: readonly Row[] | undefined;
  #map: AdapterMap | undefined;

  constructor(render: (app: AdapterApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    this.#state = {
      ...{ connection: 'connecting', snapshot: null, palette: applyTheme() },
      ...{ room: 'wide', paneWidth: PANE_WIDTH, listWidth: 800, tableHeight: 0, scrollTop: 0 },
      taste: tasteFrom(this.#host.memory),
      ...{ mapAt: null, open: null, isHelpOpen: false, notice: null },
    };
    this.#host.onPost = post => {
      if (post.type === 'adapters') this.#hydrate(post.snapshot);
      else void this.ask('ready', null).then(snapshot => snapshot && this.#hydrate(snapshot));
    };
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  /** Adapters that are shown, within those that there are. */
  get shown(): Shown {
    const count = this.#state.snapshot?.adapters.length ?? 0;
    const { first, second } = this.#state.taste;
    const one = first < count ? first : 0;
    if (count < 2) return { first: one, second: null };
    const isOther = second !== null && second < count && second !== one;
    return { first: one, second: isOther ? second : one === 0 ? 1 : 0 };
  }

  get first(): AdapterEntry | undefined {
    return this.#state.snapshot?.adapters[this.shown.first];
  }

  get second(): AdapterEntry | undefined {
    const { second } = this.shown;
    return second === null ? undefined : this.#state.snapshot?.adapters[second];
  }

  /** Of both adapters, in the order of the model. */
  get all(): readonly Row[] {
    const { snapshot } = this.#state;
    return (this.#all ??= snapshot ? rowsOf(snapshot, this.shown) : []);
  }

  /** Those that are listed, in their order. */
  get rows(): readonly Row[] {
    return (this.#rows ??= selected(this.all, this.#state.taste.words, this.sorting));
  }

  get chosen(): Row | undefined {
    const { chosen } = this.#state.taste;
    return this.all.find(({ layer }) => layer === chosen);
  }

  /** One that there is something of. */
  get metric(): Metric {
    const { metric } = this.#state.taste;
    return this.second || isOwn(metric) ? metric : 'norm';
  }

  /** Whose numbers colour the map. */
  get side(): Side {
    return this.second ? this.#state.taste.side : 'first';
  }

  /** As wanted, as far as there is something to sort by. */
  get sorting(): Sorting {
    const { sorting } = this.#state.taste;
    if (this.second || sorting.by === 'layer') return sorting;
    return isOwn(sorting.by) ? { ...sorting, side: 'first' } : { ...sorting, by: 'layer' };
  }

  get map(): AdapterMap {
    return (this.#map ??= adapterMap(this.all, this.metric, this.side));
  }

  async start(): Promise<void> {
    onThemeChange(() => this.set({ palette: applyTheme() }));
    this.set({});
    this.#hydrate(await this.#host.connect(null, () => this.set({ connection: 'silent' })));
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
    this.#forget('first' in patch || 'second' in patch);
    this.set({ taste });
  }

  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    const paneWidth = room === 'wide' ? PANE_WIDTH : width - (room === 'narrow' ? 16 : 32);
    const listWidth = room === 'wide' ? width - PANE_WIDTH - PANE_EDGES : width;
    if (listWidth !== this.#state.listWidth) this.set({ room, paneWidth, listWidth });
  }

  /** What is above the table grows while files are read: the chosen row stays in sight. */
  setTableHeight(tableHeight: number): void {
    const { chosen } = this;
    const { scrollTop, tableHeight: before } = this.#state;
    const top = chosen ? this.rows.indexOf(chosen) * ROW_HEIGHT : -1;
    const wasSeen = before === 0 || (top >= scrollTop && top + ROW_HEIGHT <= scrollTop + before);
    this.set({ tableHeight });
    if (wasSeen) this.reveal();
  }

  /** Shows another pair; of the same place twice, both change places. */
  show({ first, second }: Shown): void {
    const now = this.shown;
    const isSame = first === second;
    this.prefer(isSame ? { first: now.second ?? first, second: now.first } : { first, second });
    this.#settle();
  }

  swap(): void {
    const { first, second } = this.shown;
    if (second !== null) this.show({ first: second, second: first });
  }

  /** To the next metric that there is. */
  stepMetric(): void {
    const known = metrics.filter(one => this.second !== undefined || isOwn(one));
    this.prefer({ metric: known[(known.indexOf(this.metric) + 1) % known.length]! });
  }

  look(words: string): void {
    this.prefer({ words });
    this.scrollTo(0);
  }

  sortBy(by: Metric | 'layer', side: Taste['side']): void {
    const { sorting } = this;
    const isSame = sorting.by === by && sorting.side === side;
    const isLargestFirst = by !== 'layer';
    this.prefer({
      sorting: { by, side, isDescending: isSame ? !sorting.isDescending : isLargestFirst },
    });
    this.scrollTo(0);
  }

  step(by: number): void {
    const { rows, chosen } = this;
    if (rows.length === 0) return;
    const at = chosen ? rows.indexOf(chosen) : -1;
    const next = at >= 0 ? at + by : by > 0 ? by - 1 : rows.length + by;
    this.choose(rows[Math.min(Math.max(next, 0), rows.length - 1)]!);
  }

  choose({ layer }: Row): void {
    if (layer !== this.#state.taste.chosen) this.prefer({ chosen: layer });
    this.reveal();
  }

  reveal(): void {
    const { chosen } = this;
    const at = chosen ? this.rows.indexOf(chosen) : -1;
    const { scrollTop, tableHeight } = this.#state;
    if (at < 0 || tableHeight === 0) return;
    const top = at * ROW_HEIGHT;
    if (top < scrollTop) this.scrollTo(top);
    else if (top + ROW_HEIGHT > scrollTop + tableHeight)
      this.scrollTo(top + ROW_HEIGHT - tableHeight);
  }

  scrollTo(scrollTop: number): void {
    this.set({ scrollTop: Math.max(0, scrollTop) });
  }

  stepMap(down: number, across: number): void {
    this.set({ mapAt: steppedCell(this.map.layout, this.#state.mapAt, [down, across]) });
  }

  async save(format: 'json' | 'csv'): Promise<void> {
    this.#tellSaved(await this.ask('save', { format, ...this.shown }));
  }

  async savePicture(): Promise<void> {
    this.#tellSaved(await this.ask('savePicture', { svg: adapterPicture(this) }));
  }

  async copyName(): Promise<void> {
    const { chosen } = this;
    if (!chosen) return;
    if ((await this.ask('copy', { text: chosen.layer })) === null) this.#inform('Copied the name');
  }

  /** Undefined when the host refused, which is told. */
  async ask<K extends AdapterRequestName>(
    request: K,
    params: AdapterRequests[K]['params'],
  ): Promise<AdapterRequests[K]['result'] | undefined> {
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

  #tellSaved(path: string | null | undefined): void {
    if (path) this.#inform(`Saved ${path}`);
  }

  #inform(text: string): void {
    const notice = { text, isError: false };
    this.set({ notice });
    setTimeout(() => this.#state.notice === notice && this.set({ notice: null }), NOTICE_MS);
  }

  #hydrate(snapshot: AdapterSnapshot): void {
    const paths = (of: AdapterSnapshot | null) => of?.adapters.map(({ path }) => path).join('\n');
    const before = this.#state.snapshot;
    const isOther = before !== null && paths(before) !== paths(snapshot);
    this.set({ connection: 'ready', snapshot, ...(isOther && { mapAt: null, scrollTop: 0 }) });
    this.#forget(true);
    if (isOther) this.prefer(shownFor(before.adapters.length, snapshot.adapters.length));
    this.#settle();
  }

  /** What is remembered may not be there; then that which changes most is looked at. */
  #settle(): void {
    const { snapshot } = this.#state;
    if (this.chosen || this.all.length === 0 || snapshot?.isReading) return;
    const sizeOf = ({ first, second }: Row) => Math.max(first?.norm ?? 0, second?.norm ?? 0);
    const most = this.all.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
    this.choose(most);
  }

  #forget(isAll: boolean): void {
    if (isAll) this.#all = undefined;
    this.#rows = this.#map = undefined;
  }
}

/** One that was added is compared with the first. */
const shownFor = (before: number, now: number): Shown => ({
  first: 0,
  second: now < 2 ? null : now > before ? now - 1 : 1,
});
