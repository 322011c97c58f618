/**
 * One view of adapters from the host's side: has them inspected in a thread, answers the view's
 * requests, each exactly once, and posts what was found. Can be thrown away with the view at any
 * moment. Knows nothing of VS Code, and never reads a file itself.
 */
import type { AdapterQuestions } from '../../engine/catalog/adapterInspection';
import { ThreadEnded } from '../../engine/isolate/isolatedThread';
import {
  type AdapterEntry,
  type AdapterHostMessage,
  type AdapterRequestMessage,
  type AdapterRequests,
  type AdapterSnapshot,
  MOST_ADAPTERS,
  type PairOverlap,
} from '../../protocol/adapterView';
import type { ViewProblem } from '../../protocol/viewReply';
import { reply, viewProblem } from '../viewReply';
import { parseAdapterRequest } from './adapterRequests';
import { AdapterThread, endingWords } from './adapterThread';
import { layersCsv, layersJson } from './exports';

/** An adapter as its user named it. */
export interface PickedAdapter {
  readonly path: string;
  readonly name: string;
  /** When it is not where the adapter says. */
  readonly baseDir?: string | undefined;
}

/** What the view can have done to the world. */
export interface AdapterPorts {
  copy(text: string): Promise<void>;
  /** The path as people name it; null when the user chose none. */
  save(name: string, text: string): Promise<string | null>;
  chooseAdapter(): Promise<PickedAdapter | undefined>;
  /** @param named the base as the adapter names it */
  chooseBase(named: string): Promise<string | undefined>;
  /** The panel shows other adapters now. */
  shows(adapters: readonly PickedAdapter[]): void;
}

export interface AdapterOptions {
  readonly adapters: readonly PickedAdapter[];
  /** Of the hub, where bases may be. */
  readonly cacheDir: string;
  readonly ports: AdapterPorts;
  post(message: AdapterHostMessage): void;
}

/** Between two posts while weights of bases are read. */
const POST_MS = 150;

export class AdapterSession {
  readonly #options: AdapterOptions;
  readonly #thread = new AdapterThread();
  #picked: readonly PickedAdapter[];
  #entries: AdapterEntry[] = [];
  #overlaps: PairOverlap[] = [];
  #isReading = false;
  #base: AdapterSnapshot['base'] = null;
  /** Of the reading that is wanted: an older one is too late. */
  #reading = 0;
  #isHydrated = false;
  #toldAt = 0;

  constructor(options: AdapterOptions) {
    this.#options = options;
    this.#picked = uniquely(options.adapters);
    this.#entries = this.#picked.map(unread);
  }

  get snapshot(): AdapterSnapshot {
    return {
      adapters: this.#entries,
      overlaps: this.#overlaps,
      isReading: this.#isReading,
      base: this.#base,
    };
  }

  /** Shows these adapters; settles when everything about them is read. */
  async show(adapters: readonly PickedAdapter[]): Promise<void> {
    this.#picked = uniquely(adapters);
    this.#options.ports.shows(this.#picked);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const reading = ++this.#reading;
    this.#thread.close();
    [this.#entries, this.#overlaps, this.#base] = [this.#picked.map(unread), [], null];
    this.#isReading = true;
    this.#tell();
    const isWanted = () => reading === this.#reading;
    await this.#inspect(isWanted);
    if (isWanted()) await this.#compare(isWanted);
    if (!isWanted()) return;
    this.#isReading = false;
    this.#tell();
    await this.#readBases(isWanted);
    if (!isWanted()) return;
    this.#base = null;
    this.#thread.close();
    this.#tell();
  }

  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  pause(): void {
    this.#isHydrated = false;
  }

  dispose(): void {
    this.pause();
    this.#reading++;
    this.#thread.close();
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseAdapterRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  async #answer({
    request,
    params,
  }: AdapterRequestMessage): Promise<AdapterRequests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        this.#isHydrated = true;
        return this.snapshot;
      case 'again':
        void this.refresh();
        return null;
      case 'compare':
        return this.#add();
      case 'remove': {
        const left = this.#picked.filter((_, at) => at !== params.at);
        if (left.length > 0) void this.show(left);
        return null;
      }
      case 'chooseBase':
        return this.#chooseBase(params.at);
      case 'save':
        return this.#save(params);
      case 'savePicture':
        return ports.save(`${this.#names().join('-and-')}.svg`, params.svg);
      case 'copy':
        await ports.copy(params.text);
        return null;
    }
  }

  async #add(): Promise<null> {
    if (this.#picked.length === MOST_ADAPTERS)
      throw new Error(`At most ${MOST_ADAPTERS} adapters are shown at once: remove one first.`);
    const chosen = await this.#options.ports.chooseAdapter();
    if (chosen) void this.show([...this.#picked, chosen]);
    return null;
  }

  async #chooseBase(at: number): Promise<null> {
    const named = this.#entryAt(at).adapter?.base ?? 'a base that it does not name';
    const baseDir = await this.#options.ports.chooseBase(named);
    if (baseDir === undefined) return null;
    void this.show(this.#picked.map((one, place) => (place === at ? { ...one, baseDir } : one)));
    return null;
  }

  #save({ format, first, second }: AdapterRequests['save']['params']): Promise<string | null> {
    const [low, high] = second === null || second > first ? [first, second] : [second, first];
    const overlap = this.#overlaps.find(pair => pair.first === low && pair.second === high);
    const shown = {
      first: this.#entryAt(first),
      second: second === null ? null : this.#entryAt(second),
      overlap: overlap?.layers ?? [],
    };
    const text = { json: layersJson, csv: layersCsv }[format](shown);
    const names = [first, ...(second === null ? [] : [second])].map(at => this.#names()[at]);
    return this.#options.ports.save(`${names.join('-and-')}.${format}`, text);
  }

  #names(): string[] {
    return this.#picked.map(({ name }) => name.replace(/[^\w.-]+/g, '-'));
  }

  #entryAt(at: number): AdapterEntry {
    const entry = this.#entries[at];
    if (!entry) throw new Error('This adapter is not shown any more.');
    return entry;
  }

  async #inspect(isWanted: () => boolean): Promise<void> {
    const { cacheDir } = this.#options;
    for (const [at, { path, baseDir }] of this.#picked.entries()) {
      let found: Partial<AdapterEntry>;
      try {
        const adapter = await this.#thread.ask('inspect', { dir: path, cacheDir, baseDir });
        found = { adapter, baseNorms: adapter.layers.map(() => null) };
      } catch (error) {
        found = { problem: problemOf(error) };
      }
      if (!isWanted()) return;
      this.#change(at, found);
      this.#tell();
    }
  }

  async #compare(isWanted: () => boolean): Promise<void> {
    for (const [second, { path: right }] of this.#picked.entries())
      for (const [first, { path: left }] of this.#picked.slice(0, second).entries()) {
        if (!this.#entries[first]!.adapter || !this.#entries[second]!.adapter) continue;
        try {
          const layers = await this.#thread.ask('overlap', { first: left, second: right });
          if (isWanted()) this.#overlaps = [...this.#overlaps, { first, second, layers }];
        } catch (error) {
          if (isWanted()) this.#change(second, { problem: problemOf(error) });
        }
        if (!isWanted()) return;
        this.#tell();
      }
  }

  /** Weights of a base may be many gigabytes: what is known is told on the way. */
  async #readBases(isWanted: () => boolean): Promise<void> {
    const known = new Map<string, number>();
    const ask = (params: AdapterQuestions['baseNorm']['params']) =>
      this.#thread.ask('baseNorm', params);
    const all = this.#entries.flatMap(({ adapter }) => (adapter?.baseDir ? adapter.layers : []));
    let done = 0;
    for (const [at, { adapter }] of this.#entries.entries()) {
      const baseDir = adapter?.baseDir;
      if (!adapter || !baseDir) continue;
      const norms: (number | null)[] = adapter.layers.map(() => null);
      try {
        for (const [i, { layer, shape }] of adapter.layers.entries()) {
          this.#base = { done: done++, total: all.length };
          const key = [baseDir, layer, ...shape].join('\0');
          norms[i] = known.get(key) ?? (await ask({ baseDir, layer, shape }));
          if (!isWanted()) return;
          known.set(key, norms[i]);
          this.#change(at, { baseNorms: [...norms] });
          if (Date.now() - this.#toldAt > POST_MS) this.#tell();
        }
      } catch (error) {
        if (!isWanted()) return;
        this.#change(at, { baseProblem: problemOf(error).message });
      }
    }
  }

  #change(at: number, patch: Partial<AdapterEntry>): void {
    this.#entries = this.#entries.map((entry, i) => (i === at ? { ...entry, ...patch } : entry));
  }

  #tell(): void {
    this.#toldAt = Date.now();
    if (this.#isHydrated) this.#options.post({ type: 'adapters', snapshot: this.snapshot });
  }
}

const unread = ({ name, path }: PickedAdapter): AdapterEntry => ({
  ...{ name, path },
  ...{ adapter: null, problem: null, baseNorms: [], baseProblem: null },
});

/** Each folder once, and no more than can be shown. */
const uniquely = (adapters: readonly PickedAdapter[]): readonly PickedAdapter[] =>
  [...new Map(adapters.map(one => [one.path, one])).values()].slice(0, MOST_ADAPTERS);

function problemOf(error: unknown): ViewProblem {
  if (error instanceof ThreadEnded)
    return { code: `adapter.${error.why}`, message: endingWords[error.why] };
  return viewProblem(error, 'adapter.failed');
}
