/**
 * The models that are open, each once. The least recently used are closed when another one needs
 * their memory, when nobody has used them for a while, or when nobody shows them any more. Knows
 * nothing of what is done with them.
 */
import { bytesText } from '../curves/numberText';
import { openWriter } from '../engine/devices/openWriter';
import { freeMemory } from '../engine/plan/freeMemory';
import { fail } from '../engine/problem';
import type { TextModel } from '../engine/sandbox/textModel';
import type { ModelSpec, OpeningProgress } from '../protocol/engineProcess';
import { memoryOf } from './modelMemory';

/** More would be open only if somebody compared that many. */
const MOST_MODELS = 8;

/** A model that nobody used for so long is closed. */
const IDLE_MS = 10 * 60_000;

/** What models may take of the memory that is free or already theirs. */
const MEMORY_SHARE = 0.85;

interface Entry {
  readonly spec: ModelSpec;
  readonly bytes: number;
  readonly model: Promise<TextModel>;
  users: number;
  usedAt: number;
}

export interface OpenModelsOptions {
  onProgress(spec: ModelSpec, progress: OpeningProgress): void;
  /** Bytes that this process has or could have. */
  memory?: () => number;
  idleMs?: number;
}

export class OpenModels {
  readonly #entries = new Map<string, Entry>();
  readonly #options: Required<OpenModelsOptions>;

  constructor(options: OpenModelsOptions) {
    const memory = () => freeMemory() + process.memoryUsage.rss();
    this.#options = { memory, idleMs: IDLE_MS, ...options };
    const { idleMs } = this.#options;
    setInterval(() => void this.#closeIdle(), Math.min(60_000, idleMs)).unref();
  }

  get count(): number {
    return this.#entries.size;
  }

  /**
   * Opens a model unless it is open, and keeps it open until `action` has settled.
   * @throws `engine.no-memory`, and what `openWriter` throws
   */
  async use<T>(spec: ModelSpec, action: (model: TextModel) => Promise<T>): Promise<T> {
    const entry = this.#taken(spec) ?? (await this.#open(spec));
    try {
      return await action(await entry.model);
    } finally {
      entry.users--;
      entry.usedAt = performance.now();
    }
  }

  /** Closes what is not among these and is not in use. */
  async keep(specs: readonly ModelSpec[]): Promise<void> {
    const kept = new Set(specs.map(keyOf));
    const left = [...this.#entries.values()].filter(({ spec }) => !kept.has(keyOf(spec)));
    for (const entry of left) await this.#close(entry);
  }

  #taken(spec: ModelSpec): Entry | undefined {
    const entry = this.#entries.get(keyOf(spec));
    if (entry) entry.users++;
    return entry;
  }

  async #open(spec: ModelSpec): Promise<Entry> {
    const bytes = memoryOf(spec);
    await this.#makeRoom(spec, bytes);
    const known = this.#taken(spec); // another asked for it meanwhile
    if (known) return known;
    const { dir, adapters, backend, bits, device, python } = spec;
    const model = openWriter({
      ...{ dir, adapters, backend, bits, device, python },
      quantise: {
        onProgress: (layer, done, total) => this.#options.onProgress(spec, { layer, done, total }),
      },
    });
    const entry: Entry = { spec, bytes, model, users: 1, usedAt: performance.now() };
    this.#entries.set(keyOf(spec), entry);
    // One that cannot be opened is tried anew the next time.
    model.catch(() => this.#entries.delete(keyOf(spec)));
    return entry;
  }

  async #makeRoom(spec: ModelSpec, bytes: number): Promise<void> {
    for (;;) {
      const entries = [...this.#entries.values()];
      const taken = entries.reduce((sum, entry) => sum + entry.bytes, 0);
      const room = this.#options.memory() * MEMORY_SHARE - taken;
      if (bytes <= room && entries.length < MOST_MODELS) return;
      const unused = entries.filter(({ users }) => users === 0);
      const [oldest] = unused.sort((a, b) => a.usedAt - b.usedAt);
      if (oldest) await this.#close(oldest);
      else if (bytes <= room) return;
      else refuse(spec, bytes, room);
    }
  }

  async #close(entry: Entry): Promise<void> {
    if (entry.users > 0) return;
    this.#entries.delete(keyOf(entry.spec));
    const model = await entry.model.catch(() => undefined); // who opened it was told
    await model?.close();
  }

  async #closeIdle(): Promise<void> {
    const since = performance.now() - this.#options.idleMs;
    for (const entry of [...this.#entries.values()])
      if (entry.usedAt < since) await this.#close(entry);
  }
}

const keyOf = ({ dir, adapters = [], backend, bits, device, python }: ModelSpec): string => {
  const over = adapters.map(adapter => [adapter.dir, adapter.weight]);
  return JSON.stringify([dir, over, backend, bits ?? null, device, python ?? null]);
};

const refuse = ({ dir }: ModelSpec, bytes: number, room: number): never =>
  fail(
    'engine.no-memory',
    `${dir} needs about ${bytesText(bytes)} of memory, and ${bytesText(Math.max(0, room))} can be had. Open it in 4 or 8 bits, or close other programs.`,
    { file: dir },
  );
