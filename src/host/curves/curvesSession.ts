/**
 * One curves view from the host's side: answers its requests, each exactly once, and posts what
 * changed, at most four times a second. Holds no facts of its own: it can be thrown away with the
 * view at any moment. Knows nothing of VS Code.
 */
import { csvOf } from '../../curves/csv';
import { type CurveEnd, type PictureRun, renderLossSvg } from '../../curves/lossPicture';
import { packRunWindow, runWindowOf } from '../../curves/runWindow';
import type {
  Circumstances,
  HostMessage,
  PictureRequest,
  RangeOfRun,
  RangeRequest,
  RequestMessage,
  Requests,
  RunAction,
  RunFacts,
  Saved,
  Snapshot,
  StartAction,
} from '../../protocol/curves';
import { reply, viewProblem } from '../viewReply';
import { OpenedRuns, type RunSource } from './openedRuns';
import { parseRequest } from './requests';

/** Shortest time between two posts: a view that draws more often takes its time from the training. */
const POST_MS = 250;

/** Runs opened when nothing else was asked for. */
const FIRST_RUNS = 5;

/** What the view can have done to the world; each rejects with a message for people. */
export interface CurvesPorts {
  readonly isTrusted: boolean;
  /** Lets the user choose runs that are not opened yet; their ids. */
  chooseRuns(opened: readonly string[]): Promise<string[]>;
  act(action: RunAction, run: string): Promise<void>;
  start(action: StartAction): Promise<void>;
  compareConfigs(runs: readonly [string, string]): Promise<void>;
  showEvent(run: string, seq: number): Promise<void>;
  /** Asks where and writes; the path, or null when the user chose nowhere. */
  save(kind: 'png' | 'svg' | 'csv', content: Uint8Array): Promise<string | null>;
  copy(text: string): Promise<void>;
}

export interface SessionOptions {
  source: RunSource;
  ports: CurvesPorts;
  post(message: HostMessage): void;
  /** Opened at the start, unless the view remembers what it showed. */
  runs?: readonly string[];
}

export class CurvesSession {
  readonly #options: SessionOptions;
  readonly #opened: OpenedRuns;
  /** What the view shows is settled: it is told changes from here on. */
  #isHydrated = false;
  /** It was settled before, so runs that begin to train are its to show, seen or not. */
  #hasBegun = false;
  /** Runs the view has seen come; a new one that trains is shown by itself. */
  #seen = new Set<string>();
  #closed: string[] = [];
  /** Asked for and not yet told. */
  #wanted: string | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #postedAt = 0;
  #lastAround = '';

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#wanted = options.runs?.at(-1) ?? null;
    this.#opened = new OpenedRuns(options.source, () => this.#postSoon());
  }

  /** Opens further runs, as when the user asks for a run's curves again. */
  show(runs: readonly string[]): void {
    for (const id of runs) this.#opened.open(id);
    this.#wanted = runs.at(-1) ?? null;
    this.#postSoon();
  }

  /** The runs of the window have changed. */
  follow(): void {
    this.#closed.push(...this.#opened.follow());
    for (const run of this.#options.source.store.runs) {
      if (this.#hasBegun && run.live && !this.#seen.has(run.id)) this.#opened.open(run.id);
      this.#seen.add(run.id);
    }
    this.#postSoon();
  }

  /** The view is out of sight: it is told nothing until it asks again. */
  pause(): void {
    this.#isHydrated = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It is back. A new page asks by itself; one that stayed is told to. */
  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  dispose(): void {
    this.pause();
    for (const id of this.#opened.ids) this.#opened.close(id);
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, error =>
      viewProblem(error, 'curves.failed'),
    );
  }

  #answer({ request, params }: RequestMessage): Promise<Requests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        return Promise.resolve(this.#hydrate(params.opened));
      case 'range':
        return Promise.resolve(this.#rangesOf(params));
      case 'addRuns':
        return done(ports.chooseRuns(this.#opened.ids).then(ids => this.show(ids)));
      case 'closeRun':
        return done(this.#close(params.run));
      case 'act':
        return done(ports.act(params.action, this.#known(params.run)));
      case 'start':
        return done(ports.start(params.action));
      case 'compareConfigs':
        params.runs.forEach(run => this.#known(run));
        return done(ports.compareConfigs(params.runs));
      case 'showEvent':
        return done(ports.showEvent(this.#known(params.run), params.seq));
      case 'picture':
        return Promise.resolve({ svg: this.#pictureOf(params) });
      case 'saveSvg':
        return this.#save('svg', encode(this.#pictureOf(params)));
      case 'saveCsv':
        return this.#save('csv', this.#csvOf(params));
      case 'savePng':
        return this.#save('png', new Uint8Array(params.png));
      case 'copy':
        return done(ports.copy(params.text));
    }
  }

  #hydrate(remembered: readonly string[] | null): Snapshot {
    const { source, runs = [] } = this.#options;
    const { store } = source;
    const wanted = [...(remembered ?? []), ...runs].filter(id => store.get(id));
    const newest = store.runs.slice(0, FIRST_RUNS).map(run => run.id);
    if (this.#opened.ids.length === 0)
      for (const id of wanted.length > 0 ? wanted : newest) this.#opened.open(id);
    for (const run of store.runs) this.#seen.add(run.id);
    this.#opened.follow();
    this.#closed = [];
    this.#isHydrated = true;
    this.#hasBegun = true;
    return { ...this.#circumstances(), runs: this.#opened.tellAll() };
  }

  /** As they are now; what was asked for is told once. */
  #circumstances(): Circumstances {
    const { source, ports } = this.#options;
    const wanted = this.#wanted;
    this.#wanted = null;
    const { isTrusted } = ports;
    return { knownRuns: source.store.runs.length, isTrusted, now: Date.now(), wanted };
  }

  #rangesOf({ runs, ...request }: RangeRequest): RangeOfRun[] {
    return runs.flatMap(id => {
      const series = this.#opened.seriesOf(id);
      return series ? [{ id, ...packRunWindow(runWindowOf(series, request)) }] : [];
    });
  }

  #close(id: string): Promise<void> {
    this.#opened.close(id);
    this.#closed.push(id);
    this.#postSoon();
    return Promise.resolve();
  }

  /** @throws when the view does not show that run: it may act on no other */
  #known(id: string): string {
    if (!this.#opened.has(id)) throw new Error('This run is not open here any more.');
    return id;
  }

  #pictureOf({ runs, highlighted, xLog, yLog, axis, range, ...look }: PictureRequest): string {
    const shown = this.#pictureRuns(runs, highlighted);
    const only = shown.length === 1 ? `Loss of ${shown[0]!.name}` : 'Loss';
    return renderLossSvg(shown, {
      ...look,
      title: only,
      x: axis,
      xScale: xLog ? 'log' : 'linear',
      yScale: yLog ? 'log' : 'linear',
      ...(range ? { range } : {}),
    });
  }

  #pictureRuns(ids: readonly string[], highlighted: string | null): PictureRun[] {
    const { store, slotOf } = this.#options.source;
    return ids.flatMap(id => {
      const run = store.get(id);
      const series = this.#opened.seriesOf(id);
      if (!run || !series) return [];
      const end = endOf(run.status);
      return [{ name: run.name, slot: slotOf(id), series, end, highlighted: id === highlighted }];
    });
  }

  #csvOf({ runs, smoothing }: PictureRequest): Uint8Array {
    return encode([...csvOf(this.#pictureRuns(runs, null), smoothing)].join(''));
  }

  async #save(kind: 'png' | 'svg' | 'csv', content: Uint8Array): Promise<Saved> {
    return { saved: await this.#options.ports.save(kind, content) };
  }

  #postSoon(): void {
    if (!this.#isHydrated) return;
    const wait = Math.max(0, this.#postedAt + POST_MS - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#postChanges();
    }, wait);
  }

  #postChanges(): void {
    this.#postedAt = performance.now();
    const closed = this.#closed;
    this.#closed = [];
    const runs = this.#opened.tellChanges();
    const circumstances = this.#circumstances();
    const { knownRuns, isTrusted, wanted } = circumstances;
    const around = `${knownRuns} ${isTrusted} ${wanted ?? ''}`;
    if (runs.length + closed.length === 0 && around === this.#lastAround) return;
    this.#lastAround = around;
    this.#options.post({ type: 'changed', runs, closed, ...circumstances });
  }
}

const ENDS: Readonly<Record<RunFacts['status'], CurveEnd>> = {
  preparing: 'live',
  training: 'live',
  done: 'done',
  stopped: 'stopped',
  interrupted: 'stopped',
  failed: 'failed',
};

const endOf = (status: RunFacts['status']): CurveEnd => ENDS[status];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const done = (promise: Promise<unknown>): Promise<null> => promise.then(() => null);
