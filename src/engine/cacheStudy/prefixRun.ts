/**
 * Reads a prefix with a model: its keys and values, the inner values of its adapter, and the logits
 * of what follows from a cache. Deals in token ids.
 */
import { KeyValueCache } from '../generate/keyValueCache';
import type { Weights } from '../generate/decoding';
import { cachedProgram, innerOf } from '../model/cachedProgram';
import type { ModelShape } from '../model/modelShape';
import { positionFeeds } from '../model/startProgram';
import { openSession, type Session, type SessionOptions } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';

/** Tokens that are read at once. */
const CHUNK = 256;

export interface AdaptedModel {
  readonly model: ModelShape;
  readonly weights: Weights;
}

export interface ReadPrefix {
  readonly cache: KeyValueCache;
  /** [2·layers, kv heads, tokens, size]: keys, rotated, and values of each layer in turn. */
  readonly piece: Float32Array;
  /** A·x by linear layer, [tokens, r]. */
  readonly inner: ReadonlyMap<string, Float32Array>;
  readonly seconds: number;
}

/** Sessions are shared by models of one shape: what is theirs alone is fed. */
export class PrefixRunner {
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(private readonly options: SessionOptions) {}

  async read(
    of: AdaptedModel,
    ids: readonly number[],
    inner: readonly string[] = [],
  ): Promise<ReadPrefix> {
    const cache = new KeyValueCache(of.model.base, 1);
    const parts = new Map(inner.map(name => [name, [] as Float32Array[]]));
    let seconds = 0;
    for (let at = 0; at < ids.length; at += CHUNK) {
      const run = await this.#run(of, cache, ids.slice(at, at + CHUNK), { inner });
      seconds += run.seconds;
      for (const [name, chunks] of parts)
        chunks.push(run.outputs.get(innerOf(name))!.data as Float32Array);
    }
    return {
      cache,
      piece: cache.take(0, 0, ids.length),
      inner: new Map([...parts].map(([name, chunks]) => [name, joined(chunks)])),
      seconds,
    };
  }

  /** Logits [ids, vocab] after each of `ids`, which follow what the cache holds; it is lengthened. */
  async score(
    of: AdaptedModel,
    cache: KeyValueCache,
    ids: readonly number[],
  ): Promise<Float32Array> {
    const chunks: Float32Array[] = [];
    for (let at = 0; at < ids.length; at += CHUNK) {
      const run = await this.#run(of, cache, ids.slice(at, at + CHUNK), { everyColumn: true });
      chunks.push(run.outputs.get('logits')!.data as Float32Array);
    }
    return joined(chunks);
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).dispose();
    this.#sessions.clear();
  }

  async #run(
    { model, weights }: AdaptedModel,
    cache: KeyValueCache,
    ids: readonly number[],
    want: { inner?: readonly string[]; everyColumn?: boolean },
  ): Promise<{ outputs: Map<string, Tensor>; seconds: number }> {
    const past = cache.lengths[0]!;
    const shape = { batch: 1, time: ids.length };
    const stored = new Map(
      [...weights].flatMap(([name, w]) => ('file' in w ? [[name, w] as const] : [])),
    );
    const key = JSON.stringify([model.lora, want, [...stored.keys()].length]);
    const session = await (this.#sessions.get(key) ??
      this.#open(key, () => cachedProgram(model, shape.batch, { stored, ...want })));
    const at = ids.map((_, i) => past + i);
    const feeds = new Map<string, Tensor>([
      ...[...weights].flatMap(([name, w]) => ('data' in w ? [[name, w] as const] : [])),
      ['ids', tensor('int64', [1, shape.time], BigInt64Array.from(ids, BigInt))],
      ...positionFeeds(model.base, shape, at, past + shape.time),
      ...cache.feeds(shape.time, [shape.time]),
    ]);
    const began = performance.now();
    const outputs = await session.run(feeds);
    cache.append(outputs.get('fresh')!.data as Float32Array, shape.time, [shape.time]);
    return { outputs, seconds: (performance.now() - began) / 1000 };
  }

  #open(key: string, program: () => Parameters<typeof openSession>[0]): Promise<Session> {
    const session = openSession(program(), this.options);
    this.#sessions.set(key, session);
    return session;
  }
}

function joined(chunks: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(chunks.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
