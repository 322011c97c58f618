/**
 * Generation with a cache of keys and values: a step computes new tokens only. A context that has
 * outgrown the block size is cropped and computed again, as without a cache, because positions are
 * counted from its start.
 */
import { cachedProgram } from '../model/cachedProgram';
import { paddingOf, positionFeeds } from '../model/startProgram';
import { type Tensor, tensor } from '../tensor/tensor';
import {
  type BackendInput,
  type Decoding,
  type DecodingBackend,
  powerOfTwo,
  SessionsByShape,
} from './decoding';
import { KeyValueCache } from './keyValueCache';
import type { PrefixScope } from './prefixCache';

/** Most columns of one run: a longer prompt is read in several. */
const LONGEST_CHUNK = 256;

export function cachedBackend({
  model,
  weights,
  options,
  prefixes,
}: BackendInput): DecodingBackend {
  const sessionsOf = (isFirst: boolean) =>
    new SessionsByShape(weights, options, (shape, stored) =>
      cachedProgram(model, shape, { stored, isFirst }),
    );
  const sessions = { first: sessionsOf(true), more: sessionsOf(false) };
  return {
    start: (prompts, past) =>
      new CachedDecoding({ base: model.base, sessions, prefixes }, prompts, past),
    get secondsOpening() {
      return sessions.first.secondsOpening + sessions.more.secondsOpening;
    },
    async dispose() {
      await sessions.first.dispose();
      await sessions.more.dispose();
    },
  };
}

interface Sequence {
  ids: number[];
  /** Tokens at the end of `ids` that the cache does not hold. */
  pending: number;
}

interface Surroundings {
  readonly base: BackendInput['model']['base'];
  readonly sessions: Readonly<Record<'first' | 'more', SessionsByShape>>;
  readonly prefixes: PrefixScope | undefined;
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
    while (columns > 0) {
      const taken = columns > LONGEST_CHUNK ? LONGEST_CHUNK : columns;
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

  /** The first `taken` of `columns` columns, in which every sequence's pending tokens end together. */
  async #run(taken: number, columns: number): Promise<Float32Array> {
    const batch = this.#rows.length;
    const time = chunkSize(taken);
    const ids = new BigInt64Array(batch * time);
    const at = new Int32Array(batch * time);
    const counts = this.#rows.map((s, row) => {
      const count = s ? Math.min(taken, Math.max(0, s.pending - (columns - taken))) : 0;
      for (let i = 0; i < count; i++) {
        const column = row * time + time - count + i;
        ids[column] = BigInt(s!.ids[s!.ids.length - s!.pending + i]!);
        at[column] = this.#cache.lengths[row]! + i;
      }
      return count;
    });
    const longest = Math.max(...counts.map((n, row) => n + this.#cache.lengths[row]!));
    const isFirst = this.#cache.lengths.every(length => length === 0);
    const feeds: [string, Tensor][] = [
      ['ids', tensor('int64', [batch, time], ids)],
      ...positionFeeds(this.around.base, at, longest),
      ...(isFirst ? [] : this.#cache.feeds()),
    ];
    if (time > 1) {
      const isSeen = (i: number) => time - (i % time) <= counts[Math.floor(i / time)]!;
      feeds.push(['padding', paddingOf({ batch, time }, isSeen)]);
    }
    const sessions = this.around.sessions[isFirst ? 'first' : 'more'];
    const outputs = await sessions.run({ batch, time }, feeds);
    this.#cache.append(outputs.get('fresh')!.data as Float32Array, time, counts);
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

/** Few different sizes, so few sessions. */
const CHUNK_SIZES = [1, 16, 64, 128, LONGEST_CHUNK];
const chunkSize = (columns: number): number => CHUNK_SIZES.find(size => size >= columns)!;
