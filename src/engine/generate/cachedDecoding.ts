/**
 * Generation with a cache of keys and values: a step computes new tokens only. A context that has
 * outgrown the block size is cropped and computed again, as without a cache, because positions are
 * counted from its start.
 */
import { cachedProgram } from '../model/cachedProgram';
import { positionFeeds } from '../model/startProgram';
import { hasOwnMemory } from '../session/heldTensors';
import { type Tensor, tensor } from '../tensor/tensor';
import {
  type BackendInput,
  type Decoding,
  type DecodingBackend,
  powerOfTwo,
  SessionsByShape,
} from './decoding';
import { DeviceCache } from './deviceCache';
import { KeyValueCache } from './keyValueCache';
import type { PrefixScope } from './prefixCache';

/** Most and fewest columns of one run: a longer prompt is read in several. */
const CHUNK = { longest: 256, shortest: 64 };

/** Of all heads in a layer, beyond which shorter runs are as fast and take less memory. */
const MOST_SCORES = 2 ** 24;

export function cachedBackend({
  model,
  weights,
  options,
  prefixes,
}: BackendInput): DecodingBackend {
  const sessions: Sessions = new SessionsByShape(weights, options, ({ batch }, stored) =>
    cachedProgram(model, batch, { stored }),
  );
  const { device = 'cpu' } = options;
  const there = hasOwnMemory(device) ? new DeviceCache(model.base, device) : undefined;
  return {
    start: (prompts, past) =>
      new CachedDecoding({ base: model.base, sessions, prefixes, there }, prompts, past),
    get secondsOpening() {
      return sessions.secondsOpening;
    },
    dispose: async () => {
      await sessions.dispose();
      await there?.dispose();
    },
  };
}

type Sessions = SessionsByShape<{ readonly batch: number }>;

interface Sequence {
  ids: number[];
  /** Tokens at the end of `ids` that the cache does not hold. */
  pending: number;
}

interface Surroundings {
  readonly base: BackendInput['model']['base'];
  readonly sessions: Sessions;
  readonly prefixes: PrefixScope | undefined;
  /** Where a device has the cache that is read, when its memory is not the processor's. */
  readonly there: DeviceCache | undefined;
}

class CachedDecoding implements Decoding {
  readonly reusedTokens: number;
  /** One per row of the batch; a row whose sequence has ended, or never was, is undefined. */
  #rows: (Sequence | undefined)[];
  #cache: KeyValueCache;
  #isPromptKept = false;

  constructor(
    private readonly around: Surroundings,
    prompts: readonly (readonly number[])[],
    past?: KeyValueCache,
  ) {
    const { base, prefixes } = around;
    const batch = powerOfTwo(prompts.length);
    this.#cache = past ?? new KeyValueCache(base, batch);
    if (this.#cache.batch !== batch)
      throw new Error(`a cache of ${this.#cache.batch} sequences cannot go on with ${batch}`);
    for (const [row, ids] of prompts.entries())
      if (!past && ids.length <= base.block_size)
        prefixes?.restore(this.#cache, row, ids.slice(0, -1));
    this.reusedTokens = this.#cache.lengths.reduce((sum, n) => sum + n, 0);
    this.#rows = Array.from({ length: batch }, (_, row) => {
      const ids = prompts[row];
      if (!ids) return undefined;
      const pending = ids.length - this.#cache.lengths[row]!;
      if (pending < 1) throw new Error('the cache holds the whole prompt: nothing is left to read');
      return { ids: [...ids], pending };
    });
  }

  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  async next(): Promise<Float32Array> {
    this.#cropLongContexts();
    let columns = Math.max(...this.#live().map(s => s.pending));
    let logits: Float32Array | undefined;
    const most = this.#columnsAtOnce(columns);
    while (columns > 0) {
      const taken = Math.min(columns, most);
      logits = await this.#run(taken, columns);
      columns -= taken;
    }
    this.#keepPrompts();
    return this.#ofLive(logits!);
  }

  push(tokens: readonly (number | undefined)[]): void {
    const given = tokens.values();
    this.#rows = this.#rows.map(s => {
      const token = s && given.next().value;
      if (!s || token === undefined) return undefined;
      s.ids.push(token);
      s.pending++;
      return s;
    });
    this.#compact();
  }

  /** Once, when the prompts have been read. */
  #keepPrompts(): void {
    if (this.#isPromptKept) return;
    this.#isPromptKept = true;
    for (const [row, s] of this.#rows.entries())
      if (s && this.#cache.lengths[row] === s.ids.length)
        this.around.prefixes?.keep(this.#cache, row, s.ids);
  }

  #live(): Sequence[] {
    return this.#rows.filter(s => s !== undefined);
  }

  #columnsAtOnce(columns: number): number {
    const keys = Math.max(...this.#cache.lengths) + columns;
    let most = CHUNK.longest;
    const scores = () => this.#rows.length * this.around.base.n_head * most * keys;
    while (most > CHUNK.shortest && scores() > MOST_SCORES) most /= 2;
    return most;
  }

  /** The first `time` of `columns` columns, in which every sequence's pending tokens end together. */
  async #run(time: number, columns: number): Promise<Float32Array> {
    const batch = this.#rows.length;
    const ids = new BigInt64Array(batch * time);
    const at = new Int32Array(batch * time);
    const counts = this.#rows.map((s, row) => {
      const count = s ? Math.min(time, Math.max(0, s.pending - (columns - time))) : 0;
      for (let i = 0; i < count; i++) {
        const column = row * time + time - count + i;
        ids[column] = BigInt(s!.ids[s!.ids.length - s!.pending + i]!);
        at[column] = this.#cache.lengths[row]! + i;
      }
      return count;
    });
    const longest = Math.max(...counts.map((n, row) => n + this.#cache.lengths[row]!));
    const { base, sessions, there } = this.around;
    const feeds: [string, Tensor][] = [
      ['ids', tensor('int64', [batch, time], ids)],
      ...positionFeeds(base, { batch, time }, at, longest),
      ...(there ? this.#cache.sightOf(time, counts) : this.#cache.feeds(time, counts)),
    ];
    const step = async () => {
      const outputs = await sessions.run({ batch }, feeds, await there?.heldOf(this.#cache));
      const fresh = outputs.get('fresh')!.data as Float32Array;
      this.#cache.append(fresh, time, counts);
      if (time === 1) await there?.follow(this.#cache, fresh, counts);
      return outputs;
    };
    const outputs = await (there ? there.inTurn(step) : step());
    for (const [row, s] of this.#rows.entries()) if (s) s.pending -= counts[row]!;
    return outputs.get('logits')!.data as Float32Array;
  }

  #ofLive(logits: Float32Array): Float32Array {
    const width = logits.length / this.#rows.length;
    const rows = [...this.#rows.entries()].flatMap(([row, s]) => (s ? [row] : []));
    if (rows.every((row, i) => row === i)) return logits.subarray(0, rows.length * width);
    const picked = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries())
      picked.set(logits.subarray(row * width, (row + 1) * width), i * width);
    return picked;
  }

  #cropLongContexts(): void {
    const { block_size } = this.around.base;
    if (this.#live().every(s => s.ids.length <= block_size)) return;
    this.#cache.crop(0);
    for (const s of this.#live()) s.pending = Math.min(s.ids.length, block_size);
  }

  /** Ended rows are dropped when half a batch holds those that go on. */
  #compact(): void {
    const live = [...this.#rows.entries()].flatMap(([row, s]) => (s ? [row] : []));
    if (live.length === 0 || 2 * live.length > this.#rows.length) return;
    const rows = [...live];
    while (rows.length < powerOfTwo(live.length)) rows.push(live[0]!);
    this.#cache = this.#cache.select(rows);
    this.#rows = rows.map((row, i) => (i < live.length ? this.#rows[row] : undefined));
  }
}
