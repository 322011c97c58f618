/**
 * The view's one mutable thing: its state, and everything that changes it. Asks the host for what is
 * looked at, remembers taste, and has the picture drawn anew, at most once a frame.
 */
import type { Profile } from '../../src/protocol/diffMetrics';
import type { Matrix, Region } from '../../src/protocol/matrix';
import type {
  DiffPost,
  DiffRequests,
  DiffRows,
  DiffSnapshot,
  ExportFormat,
} from '../../src/protocol/weightDiff';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { steppedCell } from '../controls/modelGrid';
import { type Place, regionWith, wholeOf, zoomRegion } from '../controls/regions';
import { applyTheme, onThemeChange } from '../theme/roles';
import { DetailLoader, type Wanted } from './detailLoader';
import { DiffTable, type SortKey } from './diffTable';
import { type ModelMap, modelMap } from './modelMap';
import { type Taste, tasteFrom } from './taste';
import { matrixOfParameter, valueRoom } from './tileMap';
import type { Room, ViewState } from './viewState';

/** As in the style sheet: the pane of a wide view without its padding, and a row of the table. */
const PANE_WIDTH = 431;
export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 26;
/** Room for the numbers of rows beside the picture. */
export const MAP_GUTTER = 26;
const NOTICE_MS = 5000;
const MANY_ROWS = 2000;
const SORT_MS = 1500;
const NOTHING_DONE = { bytesDone: 0, bytesTotal: 0, seconds: 0, isDone: false };

export class DiffApp {
  readonly #host = new HostConnection<DiffRequests, DiffPost>();
  readonly #draw: () => void;
  readonly #loader: DetailLoader;
  #state: ViewState;
  #table: DiffTable | undefined;
  #rows: Uint32Array | undefined;
  #map: { metric: string; map: ModelMap } | undefined;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #sortTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(render: (app: DiffApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    this.#state = {
      connection: 'connecting',
      snapshot: null,
      progress: NOTHING_DONE,
      logits: null,
      logitsNote: null,
      palette: applyTheme(),
      room: 'wide',
      paneWidth: PANE_WIDTH,
      tableHeight: 0,
      scrollTop: 0,
      taste: tasteFrom(this.#host.memory),
      detail: null,
      region: null,
      place: null,
      isPlaceSpoken: false,
      mapAt: null,
      isProofShown: false,
      open: null,
      isHelpOpen: false,
      notice: null,
    };
    this.#loader = new DetailLoader(this.#host.request.bind(this.#host), detail =>
      this.set({ detail }),
    );
    this.#host.onPost = post => this.#take(post);
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  /** @throws before both models are open */
  get table(): DiffTable {
    if (this.#table === undefined) throw new Error('nothing is compared');
    return this.#table;
  }

  get hasTable(): boolean {
    return this.#table !== undefined;
  }

  /** Numbers of the rows that are shown, in order. */
  get rows(): Uint32Array {
    this.#rows ??= this.table.select(this.#state.taste);
    return this.#rows;
  }

  get map(): ModelMap {
    const { metric } = this.#state.taste;
    if (this.#map?.metric !== metric) this.#map = { metric, map: modelMap(this.table, metric) };
    return this.#map.map;
  }

  /** Row of the parameter that is looked at. */
  get chosen(): number | undefined {
    const { chosen } = this.#state.taste;
    return chosen === null ? undefined : this.#table?.rowOf(chosen);
  }

  get matrix(): Matrix | undefined {
    return this.chosen === undefined
      ? undefined
      : matrixOfParameter(this.table.shapeOf(this.chosen));
  }

  get region(): Region | undefined {
    return this.#state.region ?? (this.matrix && wholeOf(this.matrix));
  }

  get mapWidth(): number {
    return this.#state.paneWidth - MAP_GUTTER;
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
    if ('words' in patch || 'sorting' in patch || 'show' in patch) this.#rows = undefined;
    this.set({ taste });
  }

  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    const paneWidth = room === 'wide' ? PANE_WIDTH : width - (room === 'narrow' ? 24 : 32);
    const isOther = paneWidth !== this.#state.paneWidth;
    this.set({ room, paneWidth });
    if (isOther) this.#showMap();
  }

  setTableHeight(tableHeight: number): void {
    const isFirst = this.#state.tableHeight === 0;
    this.set({ tableHeight });
    if (isFirst) this.reveal();
  }

  // What counts as a match

  judge(profile: Profile): void {
    this.prefer({ profile });
    this.#table?.judge(profile);
    this.#forgetRows();
  }

  // The table

  look(patch: Partial<Pick<Taste, 'words' | 'show'>>): void {
    this.prefer(patch);
    this.scrollTo(0);
  }

  sortBy(by: SortKey): void {
    const { sorting } = this.#state.taste;
    const isWorstFirst = by !== 'pcc' && by !== 'name';
    const next =
      sorting.by !== by
        ? { by, isDescending: isWorstFirst }
        : sorting.isDescending === isWorstFirst
          ? { by, isDescending: !isWorstFirst }
          : ({ by: 'problem', isDescending: false } as const);
    this.prefer({ sorting: next });
    this.scrollTo(0);
  }

  step(by: number): void {
    const { rows } = this;
    if (rows.length === 0) return;
    const at = this.chosen === undefined ? -1 : rows.indexOf(this.chosen);
    const next = at >= 0 ? at + by : by > 0 ? by - 1 : rows.length + by;
    this.choose(rows[Math.min(Math.max(next, 0), rows.length - 1)]!);
  }

  /** To the next or former row that is no match, around the ends. */
  stepProblem(by: 1 | -1): void {
    const { rows, table } = this;
    const at = this.chosen === undefined ? (by > 0 ? -1 : 0) : rows.indexOf(this.chosen);
    for (let i = 1; i <= rows.length; i++) {
      const row = rows[(at + by * i + 2 * rows.length) % rows.length]!;
      const verdict = table.verdictOf(row);
      if (verdict === 'mismatch' || verdict === 'missing' || verdict === 'unused')
        return this.choose(row);
    }
    this.#inform({ kind: 'info', text: 'Nothing mismatches' });
  }

  choose(row: number): void {
    const name = this.table.names[row]!;
    if (name !== this.#state.taste.chosen) {
      this.prefer({ chosen: name });
      this.#lookAt(row);
    }
    this.reveal();
  }

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

  // The model map

  stepMap(down: number, across: number): void {
    this.set({ mapAt: steppedCell(this.map, this.#state.mapAt, [down, across]) });
  }

  // The picture of differences

  setRegion(region: Region | null): void {
    this.set({ region });
    this.#showMap();
  }

  /** By so many times around the place, or the middle; far enough in, to the values. */
  zoom(factor: number): void {
    const { matrix, region } = this;
    if (!matrix || !region) return;
    const place = this.#state.place ??
      this.#worstPlace() ?? {
        row: Math.floor((region.top + region.bottom) / 2),
        column: Math.floor((region.left + region.right) / 2),
      };
    const next = zoomRegion(region, matrix, place, factor);
    const room = valueRoom(this.mapWidth);
    const isNear =
      factor > 1 &&
      next.bottom - next.top <= room.rows * 2 &&
      next.right - next.left <= room.columns * 2;
    this.setRegion(isNear ? valuesAround(place, matrix, room) : next);
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
    const map = this.#state.detail?.map;
    if (!matrix || !region || !map) return;
    const block = map.kind === 'cells' ? map.block : 1;
    const { place } = this.#state;
    const from = place ?? { row: region.top, column: region.left };
    const [rows, columns] = place ? [down * block, across * block] : [0, 0];
    this.movePlace(
      {
        row: Math.min(Math.max(from.row + rows, 0), matrix.rows - 1),
        column: Math.min(Math.max(from.column + columns, 0), matrix.columns - 1),
      },
      true,
    );
  }

  // What the host does

  async begin(request: 'again' | 'swap'): Promise<void> {
    await this.#try(async () => this.#hydrate(await this.#host.request(request, null)));
  }

  async chooseSide(side: 'left' | 'right'): Promise<void> {
    await this.#try(async () => {
      const snapshot = await this.#host.request('choose', { side });
      if (snapshot) this.#hydrate(snapshot);
    });
  }

  async export(format: ExportFormat): Promise<void> {
    const { profile } = this.#state.taste;
    await this.#try(async () => {
      const isWritten = await this.#host.request('export', { format, profile });
      if (isWritten) this.#inform({ kind: 'info', text: `Exported as ${format.toUpperCase()}` });
    });
  }

  async copy(text: string, what: string): Promise<void> {
    await this.#try(async () => {
      await this.#host.request('copy', { text });
      this.#inform({ kind: 'info', text: `Copied ${what}` });
    });
  }

  async compareLogits(): Promise<void> {
    this.set({ logitsNote: 'running both models' });
    try {
      this.set({ logits: await this.#host.request('logits', null), logitsNote: null });
    } catch (error) {
      this.set({ logitsNote: wordsOf(error) });
    }
  }

  #hydrate(snapshot: DiffSnapshot): void {
    const { table, numbers, progress, logits } = snapshot;
    this.#table = table ? new DiffTable(table, numbers, this.#state.taste.profile) : undefined;
    this.#forgetRows();
    this.set({ connection: 'ready', snapshot, progress, logits, logitsNote: null, mapAt: null });
    if (this.#table) this.#settle();
  }

  /** What is remembered may not be there; then the worst is looked at, once it is known. */
  #settle(): void {
    const row = this.chosen;
    if (row !== undefined) {
      this.#lookAt(row);
      this.reveal();
    } else if (this.#state.progress.isDone && this.rows.length > 0) this.choose(this.rows[0]!);
    else this.#loader.look(null);
  }

  #lookAt(row: number): void {
    this.set({ region: null, place: null, isPlaceSpoken: false, isProofShown: false });
    this.#loader.look(this.#wanted(row));
  }

  #wanted(row: number): Wanted {
    const { table } = this;
    const matrix = matrixOfParameter(table.shapeOf(row));
    return {
      row,
      isCompared: table.isCompared(row),
      isMismatch: table.verdictOf(row) === 'mismatch',
      matrix,
      region: this.#state.region ?? wholeOf(matrix),
      width: this.mapWidth,
    };
  }

  #showMap(): void {
    const { chosen, matrix } = this;
    if (chosen === undefined || !matrix || matrix.count === 0) return;
    if (this.table.isCompared(chosen)) void this.#loader.loadMap(this.#wanted(chosen));
  }

  /** The element with the largest difference. */
  #worstPlace(): Place | undefined {
    const { chosen, matrix } = this;
    const at = chosen === undefined ? NaN : this.table.valueOf(chosen, 'maxAbsAt');
    if (Number.isNaN(at) || !matrix) return undefined;
    return { row: Math.floor(at / matrix.columns), column: at % matrix.columns };
  }

  #take(post: DiffPost): void {
    if (post.type === 'rows') this.#takeRows(post);
    else void this.#try(async () => this.#hydrate(await this.#host.request('ready', null)));
  }

  #takeRows({ rows, numbers, progress, failed }: DiffRows): void {
    const table = this.#table;
    if (!table) return;
    const compared = new Uint32Array(rows);
    table.take(compared, new Float64Array(numbers), failed);
    this.set({ progress });
    // sorting 100,000 rows ten times a second would hold up everything else
    if (progress.isDone || table.size < MANY_ROWS) this.#forgetRows();
    else this.#sortSoon();
    const { chosen } = this;
    if (chosen !== undefined ? compared.includes(chosen) : progress.isDone) this.#settle();
  }

  #sortSoon(): void {
    if (this.#sortTimer !== undefined) return;
    this.#sortTimer = setTimeout(() => {
      this.#sortTimer = undefined;
      this.#forgetRows();
    }, SORT_MS);
  }

  #forgetRows(): void {
    this.#rows = undefined;
    this.#map = undefined;
    this.set({});
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#inform({ kind: 'error', text: wordsOf(error) });
    }
  }

  #inform(notice: NonNullable<ViewState['notice']>): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice });
    this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** As many elements as have room for their values. */
function valuesAround(
  { row, column }: Place,
  matrix: Matrix,
  room: { rows: number; columns: number },
): Region {
  const [rows, columns] = [
    Math.min(room.rows, matrix.rows),
    Math.min(room.columns, matrix.columns),
  ];
  const start = (at: number, most: number, length: number) =>
    Math.max(0, Math.min(at - (length >> 1), most - length));
  const [top, left] = [start(row, matrix.rows, rows), start(column, matrix.columns, columns)];
  return { top, bottom: top + rows, left, right: left + columns };
}
