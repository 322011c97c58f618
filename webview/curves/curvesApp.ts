/**
 * The view's one mutable thing: its state, and everything that changes it. Asks the host for facts
 * and ranges, remembers taste, and has the picture drawn anew, at most once a frame.
 */
import { unpackRunWindow } from '../../src/curves/runWindow';
import { clampRange, shiftRange, zoomRange } from '../../src/curves/scale';
import type {
  Changed,
  RangeOfRun,
  RequestName,
  Requests,
  RunAction,
  RunFacts,
  Shown,
  Snapshot,
} from '../../src/protocol/curves';
import type { Notable } from '../../src/protocol/runState';
import { HostConnection } from '../controls/hostConnection';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type CursorReading, readAt, stepCursor } from './cursor';
import type { PlotSize } from './plot/plotElement';
import { RangeLoader, type RangeWish } from './rangeLoader';
import { type Scene, highlightedRun, isWorking, sceneOf, visibleRuns } from './scene';
import { type Taste, tasteFrom } from './taste';
import type { EventRef, PlotName, Room, ViewState } from './viewState';

/** As in the style sheet. */
const SIDE_WIDTH = 271;
/** Below it, part of the toolbar is in its menu. */
const TIGHT_WIDTH = 1040;
const NOTICE_MS = 8000;
/** Frames that a picture waits for windows that are on their way. */
const PATIENCE = 2;
const NO_SIZE: PlotSize = { width: 0, height: 0 };

/** What the scene depends on; other parts of the state change without a curve being drawn. */
const SCENE_KEYS: readonly (keyof ViewState)[] = ['runs', 'windows', 'taste', 'palette', 'sizes'];

export class CurvesApp {
  readonly #host = new HostConnection<Requests, Changed | Shown>();
  readonly #render: (app: CurvesApp) => void;
  readonly #loader: RangeLoader;
  #state: ViewState;
  #scene: Scene | undefined;
  #isFramed = false;

  constructor(render: (app: CurvesApp) => void) {
    this.#render = render;
    this.#state = {
      connection: 'connecting',
      runs: new Map(),
      knownRuns: 0,
      isTrusted: true,
      clockOffset: 0,
      windows: new Map(),
      taste: tasteFrom(this.#host.memory),
      palette: applyTheme(),
      room: 'wide',
      isTight: false,
      mainWidth: 0,
      sizes: {
        loss: NO_SIZE,
        learningRate: NO_SIZE,
        gradientNorm: NO_SIZE,
        tokensPerSecond: NO_SIZE,
      },
      cursor: null,
      isCursorSpoken: false,
      selection: null,
      openEvent: null,
      menu: null,
      tableMetric: 'loss',
      search: null,
      isDrawerOpen: false,
      isHelpOpen: false,
      notice: null,
      tick: 0,
    };
    this.#loader = new RangeLoader({
      wish: () => this.#wish(),
      load: request => this.#host.request('range', request),
      take: windows => this.#take(windows),
      fail: error => this.#fail(error),
    });
    this.#host.onPost = post => (post.type === 'changed' ? this.#change(post) : this.#askAnew());
    // The host counts changes from the last answer it gave.
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  get scene(): Scene {
    this.#scene ??= sceneOf(this.#state);
    return this.#scene;
  }

  get reading(): CursorReading | undefined {
    const { cursor, taste } = this.#state;
    return cursor === null ? undefined : readAt(this.scene, cursor, taste.axis);
  }

  /** What stands at the end of the highlighted run, for views that always show values. */
  get lastReading(): CursorReading | undefined {
    const end = stepCursor(this.scene, null, Infinity);
    return end === null ? undefined : readAt(this.scene, end, this.#state.taste.axis);
  }

  get highlighted(): RunFacts | undefined {
    return highlightedRun(this.#state);
  }

  async start(): Promise<void> {
    onThemeChange(() => this.set({ palette: applyTheme() }));
    setInterval(() => this.#tick(), 1000);
    this.set({});
    await this.#connect();
  }

  async #connect(): Promise<void> {
    const snapshot = await this.#host.connect({ opened: this.#state.taste.opened }, () =>
      this.set({ connection: 'silent' }),
    );
    this.#hydrate(snapshot);
  }

  /** Changes may have been missed. A view that was never answered is asking as it is. */
  #askAnew(): void {
    if (this.#state.connection === 'ready') void this.#connect();
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    if (SCENE_KEYS.some(key => key in patch)) this.#scene = undefined;
    if (this.#isFramed) return;
    this.#isFramed = true;
    requestAnimationFrame(() => this.#draw(PATIENCE));
  }

  /** With the windows that are on their way, if they come soon: drawn once, not twice. */
  #draw(patience: number): void {
    if (this.#loader.isBusy && patience > 0) {
      requestAnimationFrame(() => this.#draw(patience - 1));
      return;
    }
    this.#isFramed = false;
    this.#render(this);
  }

  /** Changes taste, which is remembered, and asks for the ranges that it needs. */
  prefer(patch: Partial<Taste>): void {
    const taste = { ...this.#state.taste, ...patch };
    const other = patch.axis !== undefined || patch.xLog !== undefined;
    this.#host.memory = taste;
    // Windows of another axis cannot be drawn along this one.
    this.set(other ? { taste, windows: new Map(), cursor: null } : { taste });
    this.#loader.refresh();
  }

  /** The page has another width, in pixels. */
  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    const mainWidth = width - (room === 'wide' ? SIDE_WIDTH : 0) - 32;
    const isOther = room !== this.#state.room;
    this.set({
      room,
      isTight: width < TIGHT_WIDTH,
      mainWidth,
      ...(isOther ? { isDrawerOpen: false, menu: null } : {}),
    });
  }

  setSize(plot: PlotName, size: PlotSize): void {
    this.set({ sizes: { ...this.#state.sizes, [plot]: size } });
    this.#loader.refresh();
  }

  // Runs

  highlight(run: string): void {
    this.prefer({ highlighted: run });
  }

  toggleRun(run: string): void {
    const { hidden } = this.#state.taste;
    const isHidden = hidden.includes(run);
    this.prefer({ hidden: isHidden ? hidden.filter(id => id !== run) : [...hidden, run] });
  }

  /** Has the host do something; its refusal is shown. */
  async ask<Name extends RequestName>(
    name: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result'] | undefined> {
    try {
      return await this.#host.request(name, params);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  act(action: RunAction, run: string): void {
    this.set({ menu: null });
    void this.ask('act', { action, run });
  }

  // Cursor and events

  moveCursor(cursor: number | null, isSpoken = false): void {
    this.set({ cursor, isCursorSpoken: isSpoken });
  }

  stepCursor(count: number): void {
    this.moveCursor(stepCursor(this.scene, this.#state.cursor, count), true);
  }

  cursorToEnd(which: 'first' | 'last'): void {
    const far = which === 'first' ? -Infinity : Infinity;
    this.moveCursor(stepCursor(this.scene, null, far), true);
  }

  showEvent(run: RunFacts, event: Notable): void {
    const { taste } = this.#state;
    const x = this.positionOf(run, event.step);
    const [from, to] = this.scene.range;
    const isOutside = x < from || x > to;
    const openEvent = { run: run.id, seq: event.seq };
    this.set({ openEvent, isDrawerOpen: false });
    this.prefer({
      highlighted: run.id,
      hidden: taste.hidden.filter(id => id !== run.id),
      ...(isOutside ? { zoom: null } : {}),
    });
    this.moveCursor(x, true);
  }

  muteEvent({ run, seq }: EventRef): void {
    const { muted } = this.#state.taste;
    this.set({ openEvent: null });
    this.prefer({ muted: [...muted, `${run}:${seq}`] });
  }

  /** Where a step lies along the axis, by the run's own pace. */
  positionOf(run: RunFacts, step: number): number {
    const { axis } = this.#state.taste;
    if (axis === 'step') return step;
    if (axis === 'tokens') return step * run.tokensPerStep;
    const window = this.#state.windows.get(run.id);
    const row = window?.readings.step.findIndex(s => s >= step) ?? -1;
    return window && row >= 0 ? window.readings.seconds[row]! : step * run.secondsPerStep;
  }

  // Range

  zoomTo(range: [number, number] | null): void {
    const { fullRange, plots } = this.scene;
    const { kind } = plots.loss.x;
    const limited = range && clampRange(kind, range, fullRange);
    const isAll = limited?.[0] === fullRange[0] && limited[1] === fullRange[1];
    this.prefer({ zoom: isAll ? null : limited });
  }

  zoomBy(factor: number): void {
    const { plots, range } = this.scene;
    const { x } = plots.loss;
    const center = this.#state.cursor ?? x.toValue(this.#state.sizes.loss.width / 2);
    this.zoomTo(zoomRange(x.kind, range, center, factor));
  }

  panBy(share: number): void {
    const { plots, range } = this.scene;
    if (this.#state.taste.zoom) this.zoomTo(shiftRange(plots.loss.x.kind, range, share));
  }

  // News from the host

  #hydrate(snapshot: Snapshot): void {
    this.#loader.expire([...this.#state.runs.keys()]);
    const { runs, knownRuns, isTrusted, now, wanted } = snapshot;
    this.set({
      connection: 'ready',
      runs: new Map(runs.map(run => [run.id, run])),
      knownRuns,
      isTrusted,
      clockOffset: now - Date.now(),
    });
    this.#settleTaste(wanted);
  }

  #change({ runs, closed, knownRuns, isTrusted, now, wanted }: Changed): void {
    if (this.#state.connection !== 'ready') return;
    const known = new Map(this.#state.runs);
    for (const id of closed) known.delete(id);
    const expired = runs.filter(change => 'rows' in change || 'evaluation' in change);
    for (const change of runs) {
      const before = known.get(change.id);
      // The first word about a run says everything.
      known.set(change.id, before ? { ...before, ...change } : (change as RunFacts));
    }
    this.#loader.expire(expired.map(change => change.id));
    this.#loader.expire(closed);
    this.set({ runs: known, knownRuns, isTrusted, clockOffset: now - Date.now() });
    this.#settleTaste(wanted);
  }

  /** Keeps what is remembered in step with the runs that are there. */
  #settleTaste(wanted: string | null): void {
    const { runs, taste } = this.#state;
    const opened = [...runs.keys()];
    const working = [...runs.values()].find(isWorking) ?? [...runs.values()][0];
    const chosen = wanted ?? taste.highlighted;
    const highlighted = chosen !== null && runs.has(chosen) ? chosen : (working?.id ?? null);
    if (highlighted !== taste.highlighted || String(opened) !== String(taste.opened))
      this.prefer({ opened, highlighted, hidden: taste.hidden.filter(id => id !== wanted) });
    else this.#loader.refresh();
  }

  #wish(): { request: RangeWish; runs: readonly string[] } | undefined {
    const { taste, sizes } = this.#state;
    if (sizes.loss.width === 0) return undefined;
    const [from, to] = this.scene.range;
    const small = [sizes.learningRate, sizes.gradientNorm, sizes.tokensPerSecond];
    const request: RangeWish = {
      axis: taste.axis,
      from,
      to,
      log: taste.xLog,
      columns: sizes.loss.width,
      smallColumns: Math.max(1, ...small.map(size => size.width)),
      smoothing: taste.smoothing,
      lineExtremes: !taste.raw,
    };
    return { request, runs: visibleRuns(this.#state).map(run => run.id) };
  }

  #take(windows: readonly RangeOfRun[]): void {
    const taken = new Map(this.#state.windows);
    for (const { id, ...packed } of windows) taken.set(id, unpackRunWindow(packed));
    this.set({ windows: taken });
  }

  /** Says in the footer that something was done, for a while. */
  inform(text: string): void {
    const notice = { kind: 'info', text } as const;
    this.set({ notice });
    setTimeout(() => {
      if (this.#state.notice === notice) this.set({ notice: null });
    }, NOTICE_MS);
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.set({ notice: { kind: 'error', text } });
  }

  #tick(): void {
    if ([...this.#state.runs.values()].some(isWorking)) this.set({ tick: this.#state.tick + 1 });
  }
}
