/** What the backends of generation have in common. Deals in token ids; knows nothing of sampling. */
import type { Graph } from '../graph/graph';
import type { ModelShape } from '../model/programs';
import { HeldTensors } from '../session/heldTensors';
import { openSession, type Session, type SessionOptions } from '../session/session';
import type { ExternalTensor, Tensor } from '../tensor/tensor';
import type { KeyValueCache } from './keyValueCache';
import type { PrefixScope } from './prefixCache';

/** Sequences that are being continued. */
export interface Decoding {
  /** Logits after the last token of every live sequence, [live, vocab], in their order. */
  next(): Promise<Float32Array>;
  /** Adds a token to every live sequence, in their order; one without a token ends. */
  push(tokens: readonly (number | undefined)[]): void;
  /** Of the cache as it is now; 0 without one. */
  readonly cacheBytes: number;
  /** Tokens of the prompts that were not read again, because their keys and values were known. */
  readonly reusedTokens: number;
}

export interface DecodingBackend {
  /**
   * @param prompts each has at least one token
   * @param past of the first tokens of each prompt but not of all, to go on from; becomes the
   * decoding's own. Backends without a cache read the whole prompts instead.
   */
  start(prompts: readonly (readonly number[])[], past?: KeyValueCache): Decoding;
  /** Spent on opening programs so far, which happens when a shape is first needed. */
  readonly secondsOpening: number;
  dispose(): Promise<void>;
}

/** Weights by checkpoint name, in memory or where they lie in a file. */
export type Weights = ReadonlyMap<string, Tensor | ExternalTensor>;

export interface BackendInput {
  readonly model: ModelShape;
  readonly weights: Weights;
  readonly options: SessionOptions;
  /** Where keys and values of what was read with exactly these weights are kept and found. */
  readonly prefixes?: PrefixScope | undefined;
}

/** Sessions with a copy of the weights of which so many are kept, those that ran last. */
const MOST_COPIES = 2;

interface Held {
  readonly opening: Promise<Session>;
  /** Runs that wait for it or go on. */
  running: number;
}

/** Sessions of programs of one kind for different shapes, opened when first needed. */
export class SessionsByShape<Shape extends { readonly batch: number }> {
  /** The one that was asked for last comes last. */
  readonly #sessions = new Map<string, Held>();
  #copyWeights = false;
  secondsOpening = 0;
  /** Fed to every run. */
  readonly #fed: ReadonlyMap<string, Tensor>;
  #held: Promise<HeldTensors> | undefined;
  readonly #stored: ReadonlyMap<string, ExternalTensor>;

  constructor(
    weights: Weights,
    private readonly options: SessionOptions,
    private readonly program: (shape: Shape, stored: ReadonlyMap<string, ExternalTensor>) => Graph,
  ) {
    const all = [...weights];
    this.#fed = new Map(all.flatMap(([name, w]) => ('data' in w ? [[name, w] as const] : [])));
    this.#stored = new Map(all.flatMap(([name, w]) => ('file' in w ? [[name, w] as const] : [])));
  }

  async run(
    shape: Shape,
    feeds: Iterable<readonly [string, Tensor]>,
    besides?: HeldTensors,
  ): Promise<Map<string, Tensor>> {
    const key = Object.values(shape).join('×');
    const held = this.#sessions.get(key) ?? { opening: this.#open(shape), running: 0 };
    this.#sessions.delete(key);
    this.#sessions.set(key, held);
    held.running++;
    try {
      const session = await held.opening.catch((error: unknown) => {
        this.#sessions.delete(key);
        throw error;
      });
      this.#held ??= HeldTensors.on(this.options.device ?? 'cpu', this.#fed);
      return await session.run(new Map(feeds), await this.#held, besides);
    } finally {
      held.running--;
    }
  }

  async #open(shape: Shape): Promise<Session> {
    if (this.#copyWeights) await this.#makeRoom();
    const began = performance.now();
    try {
      const graph = this.program(shape, this.#stored);
      const session = await openSession(graph, { ...this.options, spins: true });
      this.#copyWeights = session.copiesWeights;
      return session;
    } finally {
      this.secondsOpening += (performance.now() - began) / 1000;
    }
  }

  /** For one more copy. */
  async #makeRoom(): Promise<void> {
    const older = [...this.#sessions].slice(0, 1 - MOST_COPIES);
    const dropped = older.filter(([, { running }]) => running === 0);
    for (const [key] of dropped) this.#sessions.delete(key);
    for (const [, { opening }] of dropped) await (await opening).dispose();
  }

  async dispose(): Promise<void> {
    for (const { opening } of this.#sessions.values()) await (await opening).dispose();
    this.#sessions.clear();
    await (await this.#held)?.dispose();
    this.#held = undefined;
  }
}

export const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

const SHORTEST_TIME = 16;

/** Few different lengths, so few sessions. */
export function roundedTime(length: number): number {
  const time = Math.max(SHORTEST_TIME, powerOfTwo(length));
  return time * 0.75 >= length ? time * 0.75 : time;
}
