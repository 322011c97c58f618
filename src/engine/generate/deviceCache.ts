/**
 * Keys and values as a device with a memory of its own holds them: what is new goes there, and all of
 * them only where a cache was changed in another way. Knows one cache at a time.
 */
import { type Graph, GraphBuilder, type Value } from '../graph/graph';
import { keysOf, valuesOf } from '../model/cachedProgram';
import { type BaseShape, cacheShape } from '../model/families';
import { HeldTensors, HoldingProgram } from '../session/heldTensors';
import type { Device } from '../session/session';
import { tensor } from '../tensor/tensor';
import type { KeyValueCache } from './keyValueCache';

/** Only for shape inference: the capacity of a cache is open. */
const ANY_CAPACITY = 64;

interface Copy {
  readonly of: KeyValueCache;
  readonly revision: number;
  readonly held: HeldTensors;
}

interface Appending {
  readonly batch: number;
  readonly program: HoldingProgram;
}

export class DeviceCache {
  #copy: Copy | undefined;
  #appending: Appending | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly shape: BaseShape,
    private readonly device: Device,
  ) {}

  /** Several may go on at once, each with a cache of its own. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(step);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Valid until the next call. */
  async heldOf(cache: KeyValueCache): Promise<HeldTensors> {
    if (this.#copy?.of !== cache || this.#copy.revision !== cache.revision) {
      await this.#forget();
      const held = await HeldTensors.on(this.device, cache.tensors());
      this.#copy = { of: cache, revision: cache.revision, held };
    }
    return this.#copy.held;
  }

  /**
   * After one column was added to a cache, and nothing else happened since `heldOf`.
   * @param fresh [2·layers·batch, heads, 1, size], as a cached program gives it
   * @param counts 1 for each sequence that has a new token
   */
  async follow(
    cache: KeyValueCache,
    fresh: Float32Array,
    counts: readonly number[],
  ): Promise<void> {
    const copy = this.#copy;
    if (copy?.of !== cache || copy.revision + 1 !== cache.revision) return;
    const { batch, capacity } = cache;
    const { heads, size } = cacheShape(this.shape);
    const place = new Float32Array(batch * capacity);
    for (const [row, count] of counts.entries())
      if (count > 0) place[row * capacity + cache.lengths[row]! - 1] = 1;
    const rows = [batch, 1, 1, capacity, 1];
    const feeds = new Map([
      ['fresh', tensor('float32', [2 * this.shape.n_layer * batch, heads, 1, size], fresh)],
      ['place', tensor('float32', rows, place)],
      [
        'rest',
        tensor(
          'float32',
          rows,
          place.map(x => 1 - x),
        ),
      ],
    ]);
    const program = await this.#programFor(batch);
    const held = new HeldTensors(new Map(), await program.run(feeds, copy.held));
    await copy.held.dispose();
    this.#copy = { ...copy, revision: cache.revision, held };
  }

  async dispose(): Promise<void> {
    await this.#forget();
    await this.#appending?.program.dispose();
    this.#appending = undefined;
  }

  async #programFor(batch: number): Promise<HoldingProgram> {
    if (this.#appending?.batch !== batch) {
      const former = this.#appending;
      const { graph, names } = appendProgram(this.shape, batch);
      const program = await HoldingProgram.open(graph, names, this.device);
      this.#appending = { batch, program };
      await former?.program.dispose();
    }
    return this.#appending.program;
  }

  async #forget(): Promise<void> {
    await this.#copy?.held.dispose();
    this.#copy = undefined;
  }
}

/** Each row of a cache where `place` is 1 becomes the new one, and stays what it was where `rest` is 1. */
function appendProgram(shape: BaseShape, batch: number): { graph: Graph; names: string[] } {
  const { heads, size } = cacheShape(shape);
  const layers = Array.from({ length: shape.n_layer }, (_, layer) => layer);
  const names = layers.flatMap(layer => [keysOf(layer), valuesOf(layer)]);
  const b = new GraphBuilder('append');
  const open = { 3: 'capacity' };
  const fresh = b.input('fresh', 'float32', [names.length * batch, heads, 1, size]);
  const rows = [batch, 1, 1, ANY_CAPACITY, 1];
  const [place, rest] = ['place', 'rest'].map(name => b.input(name, 'float32', rows, open)) as [
    Value,
    Value,
  ];
  const grown = names.map((name, i) => {
    const past = b.input(name, 'float32', [batch, heads, 1, ANY_CAPACITY, size], open);
    const own = b.slice(fresh, 0, i * batch, (i + 1) * batch);
    const row = b.reshape(own, [batch, heads, 1, 1, size]);
    return b.add(b.mul(past, rest), b.mul(row, place));
  });
  return { graph: b.build(grown), names };
}
