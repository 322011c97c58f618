/** What the backends of generation have in common. Deals in token ids; knows nothing of sampling. */
import type { Graph } from '../graph/graph';
import type { ModelShape } from '../model/programs';
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

/** Sessions of programs of one kind for different batch shapes, opened when first needed. */
export class SessionsByShape {
  readonly #sessions = new Map<string, Promise<Session>>();
  secondsOpening = 0;
  /** Fed to every run. */
  readonly fed: ReadonlyMap<string, Tensor>;
  readonly #stored: ReadonlyMap<string, ExternalTensor>;

  constructor(
    weights: Weights,
    private readonly options: SessionOptions,
    private readonly program: (
      shape: { batch: number; time: number },
      stored: ReadonlyMap<string, ExternalTensor>,
    ) => Graph,
  ) {
    const all = [...weights];
    this.fed = new Map(all.flatMap(([name, w]) => ('data' in w ? [[name, w] as const] : [])));
    this.#stored = new Map(all.flatMap(([name, w]) => ('file' in w ? [[name, w] as const] : [])));
  }

  async run(
    shape: { batch: number; time: number },
    feeds: Iterable<readonly [string, Tensor]>,
  ): Promise<Map<string, Tensor>> {
    const key = `${shape.batch}×${shape.time}`;
    const session = await (this.#sessions.get(key) ?? this.#open(key, shape));
    return session.run(new Map([...this.fed, ...feeds]));
  }

  async #open(key: string, shape: { batch: number; time: number }): Promise<Session> {
    const began = performance.now();
    const opening = openSession(this.program(shape, this.#stored), {
      ...this.options,
      spins: true,
    });
    this.#sessions.set(key, opening);
    try {
      return await opening;
    } finally {
      this.secondsOpening += (performance.now() - began) / 1000;
    }
  }

  async dispose(): Promise<void> {
    for (const opened of this.#sessions.values()) await (await opened).dispose();
    this.#sessions.clear();
  }
}

export const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

const SHORTEST_TIME = 16;

/** Few different lengths, so few sessions. */
export function roundedTime(length: number): number {
  const time = Math.max(SHORTEST_TIME, powerOfTwo(length));
  return time * 0.75 >= length ? time * 0.75 : time;
}
