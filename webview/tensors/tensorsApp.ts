/**
 * The view's one mutable thing: its state, and everything that changes it. Asks the host for what is
 * looked at, remembers taste, and has the picture drawn anew, at most once a frame.
 */
import type { Matrix, Region } from '../../src/protocol/matrix';
import { matrixOf } from '../../src/protocol/matrix';
import type { Post, Requests, Snapshot, TotalsRow } from '../../src/protocol/tensors';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { type Place, regionWith, wholeOf, zoomRegion } from '../controls/regions';
import { applyTheme, onThemeChange } from '../theme/roles';
import { MapLoader } from './mapLoader';
import { NumbersLoader } from './numbersLoader';
import { valueRoom } from './heatMap';
import type { Sorting, SortKey } from './tensorTable';
import { TensorTable } from './tensorTable';
import { type Taste, tasteFrom } from './taste';
import type { Room, ViewState } from './viewState';

/** As in the style sheet: the pane of a wide view without its padding, and a row of the table. */
const PANE_WIDTH = 415;
export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 26;
/** Room for the numbers of rows beside the map. */
export const MAP_GUTTER = 44;
const NOTICE_MS = 5000;

/** So many rows of totals fit most windows. */
const FIRST_TOTALS = 20;

/** Prefixes that are open at the start: whole levels, as many as there is room for. */
function openAtFirst(totals: readonly TotalsRow[]): Set<string> {
  const deepest = Math.max(0, ...totals.map(({ level }) => level));
  for (let level = deepest; level > 1; level--)
    if (totals.filter(row => row.level <= level).length <= FIRST_TOTALS)
      return new Set(totals.filter(row => row.level < level).map(({ prefix }) => prefix));
  return new Set();
}

export class TensorsApp {
  readonly #host = new HostConnection<Requests, Post>();
  readonly #draw: () => void;
  readonly #numbers: NumbersLoader;
  readonly #map: MapLoader;
  #state: ViewState;
  #table: TensorTable | undefined;
  #rows: Uint32Array | undefined;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(render: (app: TensorsApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    this.#state = {
      connection: 'connecting',
      snapshot: null,
      staleness: null,
      isReading: false,
      palette: applyTheme(),
      room: 'wide',
      paneWidth: PANE_WIDTH,
      tableHeight: 0,
      scrollTop: 0,
      taste: tasteFrom(this.#host.memory),
      dtype: null,
      prefix: null,
      numbers: null,
      map: null,
      region: null,
      place: null,
      isPlaceSpoken: false,
      opened: new Set(),
      unfolded: new Set(),
      isHelpOpen: false,
      notice: null,
    };
    const request = this.#host.request.bind(this.#host);
    this.#numbers = new NumbersLoader(request, numbers => this.set({ numbers }));
    this.#map = new MapLoader(
      request,
      map => this.set({ map }),
      error => this.#fail(error),
    );
    this.#host.onPost = post => this.#take(post);
  }

  get state(): ViewState {
    return this.#state;
  }

  /** @throws before the file is open */
  get table(): TensorTable {
    if (this.#table === undefined) throw new Error('no file is open');
    return this.#table;
  }

  /** Numbers of the rows that are shown, in order. */
  get rows(): Uint32Array {
    const { dtype, prefix, taste } = this.#state;
    this.#rows ??= this.table.select({ ...taste, dtype, prefix });
    return this.#rows;
  }

  /** Row of the tensor that is looked at. */
  get chosen(): number | undefined {
    const { chosen } = this.#state.taste;
    return chosen === null ? undefined : this.#table?.rowOf(chosen);
  }

  /** The chosen tensor as rows and columns. */
  get matrix(): Matrix | undefined {
    return this.chosen === undefined ? undefined : matrixOf(this.table.shapeOf(this.chosen));
  }

  /** What is shown of it. */
  get region(): Region | undefined {
    return this.#state.region ?? (this.matrix && wholeOf(this.matrix));
  }

  get mapWidth(): number {
    return this.#state.paneWidth - MAP_GUTTER;
  }

  async start(): Promise<void> {
    onThemeChange(() => this.set({ palette: applyTheme() }));
    this.set({});
    const snapshot = await this.#host.connect(null, () => this.set({ connection: 'silent' }));
    this.#hydrate(snapshot);
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    if ('taste' in patch || 'dtype' in patch || 'prefix' in patch) this.#rows = undefined;
    this.#draw();
  }

  /** Changes taste, which is remembered. */
  prefer(patch: Partial<Taste>): void {
    const taste = { ...this.#state.taste, ...patch };
    this.#host.memory = taste;
    const isSameRows = !('words' in patch || 'sorting' in patch);
    const rows = this.#rows;
    this.set({ taste });
    if (isSameRows) this.#rows = rows;
  }

  /** The page has another width, in pixels. */
  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    const paneWidth = room === 'wide' ? PANE_WIDTH : width - (room === 'narrow' ? 16 : 32);
    const isOther = paneWidth !== this.#state.paneWidth;
    this.set({ room, paneWidth });
    if (isOther) this.#showMap();
  }

  /** The table has another height, without its head. */
  setTableHeight(tableHeight: number): void {
    const isFollowed = this.#state.tableHeight === 0 || this.#isChosenInSight();
    this.set({ tableHeight });
    if (isFollowed) this.reveal();
  }

  #isChosenInSight(): boolean {
    const { scrollTop, tableHeight } = this.#state;
    const top = this.chosen === undefined ? -1 : this.rows.indexOf(this.chosen) * ROW_HEIGHT;
    // browsers round where they scroll to
    return top >= scrollTop - 1 && top + ROW_HEIGHT <= scrollTop + tableHeight + 1;
  }

  // The table

  look(patch: { words?: string; dtype?: string | null; prefix?: string | null }): void {
    const { words, ...rest } = patch;
    this.set({ ...rest, scrollTop: 0 });
    if (words !== undefined) this.prefer({ words });
  }

  sortBy(by: SortKey): void {
    const { sorting } = this.#state.taste;
    const next: Sorting =
      sorting.by !== by
        ? { by, isDescending: by === 'bytes' || by === 'shape' }
        : sorting.isDescending === (by === 'bytes' || by === 'shape')
          ? { by, isDescending: !sorting.isDescending }
          : { by: 'file', isDescending: false };
    this.prefer({ sorting: next });
    this.scrollTo(0);
  }

  /** Moves by rows among those that are shown. */
  step(by: number): void {
    const { rows } = this;
    if (rows.length === 0) return;
    const at = this.chosen === undefined ? -1 : rows.indexOf(this.chosen);
    const next = at >= 0 ? at + by : by > 0 ? by - 1 : rows.length + by;
    this.choose(this.table.names[rows[Math.min(Math.max(next, 0), rows.length - 1)]!]!);
  }

  choose(name: string): void {
    if (name !== this.#state.taste.chosen) {
      this.prefer({ chosen: name, pane: 'tensor' });
      this.#lookAt(name);
    } else if (this.#state.taste.pane !== 'tensor') this.prefer({ pane: 'tensor' });
    this.reveal();
  }

  /** Scrolls so that the chosen tensor is in sight. */
  reveal(): void {
    const at = this.chosen === undefined ? -1 : this.rows.indexOf(this.chosen);
    if (at < 0 || this.#state.tableHeight === 0) return;
    const { scrollTop, tableHeight } = this.#state;
    const top = at * ROW_HEIGHT;
    if (top < scrollTop) this.scrollTo(top);
    else if (top + ROW_HEIGHT > scrollTop + tableHeight)
      this.scrollTo(top + ROW_HEIGHT - tableHeight);
  }

  scrollTo(scrollTop: number): void {
    this.set({ scrollTop: Math.max(0, scrollTop) });
  }

  // The map

  setRegion(region: Region | null): void {
    this.set({ region });
    this.#showMap();
  }

  /** By so many times around the place, or the middle; far enough in, to the values. */
  zoom(factor: number): void {
    const { matrix, region } = this;
    if (!matrix || !region) return;
    const place = this.#state.place ?? {
      row: Math.floor((region.top + region.bottom) / 2),
      column: Math.floor((region.left + region.right) / 2),
    };
    const next = zoomRegion(region, matrix, place, factor);
    this.setRegion(factor > 1 ? this.#orValues(next, matrix, place) : next);
  }

  /** Cells of one element each are small: the next step in is to their values. */
  #orValues(region: Region, matrix: Matrix, place: Place): Region {
    const room = valueRoom(this.mapWidth);
    const isNear =
      region.bottom - region.top <= room.rows * 2 && region.right - region.left <= room.columns * 2;
    if (!isNear) return region;
    const rows = Math.min(room.rows, matrix.rows);
    const columns = Math.min(room.columns, matrix.columns);
    const start = (at: number, from: number, most: number, length: number) =>
      Math.max(0, Math.min(Math.max(from, at - (length >> 1)), most - length));
    const top = start(place.row, 0, matrix.rows, rows);
    const left = start(place.column, 0, matrix.columns, columns);
    return { top, bottom: top + rows, left, right: left + columns };
  }

  movePlace(place: Place | null, isPlaceSpoken = false): void {
    this.set({ place, isPlaceSpoken });
    const { region } = this;
    if (!place || !region) return;
    const moved = regionWith(region, place);
    if (moved.top !== region.top || moved.left !== region.left) this.setRegion(moved);
  }

  /** By rows and columns of the picture. */
  stepPlace(down: number, across: number): void {
    const { matrix, region } = this;
    const { map, place } = this.#state;
    if (!matrix || !region || !map) return;
    const cells = map.kind === 'cells' ? map : undefined;
    const [high, wide] = cells
      ? [(region.bottom - region.top) / cells.rows, (region.right - region.left) / cells.columns]
      : [1, 1];
    const from = place ?? { row: region.top, column: region.left };
    const next = place
      ? {
          row: from.row + down * Math.max(1, Math.round(high)),
          column: from.column + across * Math.max(1, Math.round(wide)),
        }
      : from;
    this.movePlace(
      {
        row: Math.min(Math.max(next.row, 0), matrix.rows - 1),
        column: Math.min(Math.max(next.column, 0), matrix.columns - 1),
      },
      true,
    );
  }

  // Other things

  togglePrefix(prefix: string): void {
    const opened = new Set(this.#state.opened);
    if (!opened.delete(prefix)) opened.add(prefix);
    this.set({ opened });
  }

  unfold(key: string): void {
    const unfolded = new Set(this.#state.unfolded);
    if (!unfolded.delete(key)) unfolded.add(key);
    this.set({ unfolded });
  }

  async reload(): Promise<void> {
    this.set({ isReading: true });
    try {
      this.#hydrate(await this.#host.request('reload', null));
    } catch (error) {
      this.#fail(error);
      this.set({ isReading: false });
    }
  }

  async copy(text: string, what: string): Promise<void> {
    try {
      await this.#host.request('copy', { text });
      this.#inform({ kind: 'info', text: `Copied ${what}` });
    } catch (error) {
      this.#fail(error);
    }
  }

  openAsText(): void {
    this.#host.request('openAsText', null).catch((error: unknown) => this.#fail(error));
  }

  #hydrate(snapshot: Snapshot): void {
    const { contents } = snapshot;
    this.#table = contents ? new TensorTable(contents.table) : undefined;
    this.#rows = undefined;
    this.#numbers.load(null);
    const { dtype } = this.#state;
    this.set({
      connection: 'ready',
      snapshot,
      staleness: null,
      isReading: false,
      opened: contents ? openAtFirst(contents.totals) : new Set(),
      dtype: dtype !== null && contents?.table.dtypes.includes(dtype) ? dtype : null,
    });
    this.#settle();
  }

  /** What is remembered may not be there; a file of one tensor is that tensor. */
  #settle(): void {
    const table = this.#table;
    const { chosen } = this.#state.taste;
    if (!table) return this.#lookAt(null);
    if (chosen !== null && table.rowOf(chosen) !== undefined) {
      this.#lookAt(chosen);
      this.reveal();
    } else if (table.size === 1) this.choose(table.names[0]!);
    else {
      if (chosen !== null) this.prefer({ chosen: null });
      this.#lookAt(null);
      if (this.#state.taste.pane === 'tensor') this.prefer({ pane: 'totals' });
    }
  }

  #lookAt(name: string | null): void {
    this.set({ map: null, region: null, place: null, isPlaceSpoken: false });
    const row = name === null ? undefined : this.table.rowOf(name);
    const isReadable = row !== undefined && this.table.remarkOf(row)?.unreadable === undefined;
    this.#map.forget();
    this.#numbers.load(isReadable && this.table.elementsOf(row) > 0 ? name : null);
    if (isReadable) this.#showMap();
  }

  #showMap(): void {
    const { chosen, matrix, region } = this;
    if (chosen === undefined || !matrix || !region || matrix.count === 0) return;
    if (this.table.remarkOf(chosen)?.unreadable !== undefined) return;
    this.#map.load(this.table.names[chosen]!, region, this.mapWidth);
  }

  #take(post: Post): void {
    if (post.type === 'progress') this.#numbers.progress(post.tensor, post.share);
    else this.set({ staleness: post.isMissing ? 'missing' : 'changed' });
  }

  #inform(notice: NonNullable<ViewState['notice']>): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice });
    this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }

  #fail(error: unknown): void {
    this.#inform({ kind: 'error', text: error instanceof Error ? error.message : String(error) });
  }
}
