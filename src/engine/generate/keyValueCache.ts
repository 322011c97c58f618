/**
 * Keys and values of past tokens, for several sequences at once, in arrays that a program reads in
 * place. Each sequence has a length of its own; room grows as they do. Knows nothing of sessions.
 */
import { MASKED } from '../model/attention';
import { keysOf, valuesOf } from '../model/cachedProgram';
import { type BaseShape, cacheShape } from '../model/families';
import { type Tensor, tensor } from '../tensor/tensor';

/** Room is added in steps, so that few different shapes occur. */
const STEP = 128;

export class KeyValueCache {
  /** Tokens held of each sequence. */
  readonly lengths: number[];
  /** Grows with every change. */
  revision = 0;
  #capacity = 0;
  /** Keys and values of each layer in turn, each [batch, heads, capacity, size]. */
  #held: Float32Array[];
  readonly #heads: number;
  readonly #size: number;

  constructor(
    private readonly shape: BaseShape,
    readonly batch: number,
  ) {
    ({ heads: this.#heads, size: this.#size } = cacheShape(shape));
    this.#held = Array.from({ length: 2 * shape.n_layer }, () => new Float32Array(0));
    this.lengths = Array.from({ length: batch }, () => 0);
    this.#grow(Math.min(STEP, shape.block_size));
  }

  get bytes(): number {
    return this.#held.reduce((sum, held) => sum + held.byteLength, 0);
  }

  /** Tokens of a sequence that there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  /**
   * What a cached program reads, for sequences as they are now.
   * @param time columns that are computed, of which the last `counts[row]` are tokens of a sequence
   */
  feeds(time: number, counts: readonly number[]): Map<string, Tensor> {
    return new Map([...this.sightOf(time, counts), ...this.tensors()]);
  }

  /** What is seen of them: all that `feeds` has besides keys and values. */
  sightOf(time: number, counts: readonly number[]): Map<string, Tensor> {
    const [B, C] = [this.batch, this.#capacity];
    return new Map<string, Tensor>([
      ['sight', tensor('float32', [B, 1, 1, time, time + C], this.#sight(time, counts))],
      ['columns', tensor('int64', [2], BigInt64Array.of(BigInt(time), BigInt(C)))],
    ]);
  }

  /** Keys and values of each layer, where they lie. */
  tensors(): Map<string, Tensor> {
    const shape = [this.batch, this.#heads, 1, this.#capacity, this.#size];
    return new Map(
      this.#held.map((held, i) => [
        (i % 2 === 0 ? keysOf : valuesOf)(i >> 1),
        tensor('float32', shape, held),
      ]),
    );
  }

  /**
   * Adds the last `counts[row]` of the `time` columns of each sequence.
   * @param fresh [2·layers·batch, heads, time, size], as a cached program gives it
   */
  append(fresh: Float32Array, time: number, counts: readonly number[]): void {
    this.revision++;
    this.#makeRoom(Math.max(...this.lengths.map((n, row) => n + counts[row]!)));
    const [H, D, C] = [this.#heads, this.#size, this.#capacity];
    for (const [i, held] of this.#held.entries())
      for (const [row, count] of counts.entries())
        for (let head = row * H; head < (row + 1) * H; head++) {
          const end = (i * this.batch * H + head + 1) * time * D;
          held.set(fresh.subarray(end - count * D, end), (head * C + this.lengths[row]!) * D);
        }
    for (const [row, count] of counts.entries()) this.lengths[row]! += count;
  }

  /**
   * Adds `time` tokens to one sequence.
   * @param piece [2·layers, heads, time, size]: keys, rotated, and values of each layer in turn
   */
  put(row: number, piece: Float32Array, time: number): void {
    this.revision++;
    const [H, D] = [this.#heads, this.#size];
    if (piece.length !== this.#held.length * H * time * D)
      throw new Error(`${piece.length} numbers are not keys and values of ${time} tokens`);
    this.#makeRoom(this.lengths[row]! + time);
    let at = 0;
    for (const held of this.#held)
      for (let head = row * H; head < (row + 1) * H; head++) {
        const start = (head * this.#capacity + this.lengths[row]!) * D;
        held.set(piece.subarray(at, (at += time * D)), start);
      }
    this.lengths[row]! += time;
  }

  /** Copies tokens of one sequence as `put` takes them. */
  take(row: number, from: number, time: number): Float32Array {
    if (from + time > this.lengths[row]!)
      throw new Error(`a cache of ${this.lengths[row]} tokens has no ${from + time}`);
    const [H, D, C] = [this.#heads, this.#size, this.#capacity];
    const piece = new Float32Array(this.#held.length * H * time * D);
    let at = 0;
    for (const held of this.#held)
      for (let head = row * H; head < (row + 1) * H; head++) {
        const start = (head * C + from) * D;
        piece.set(held.subarray(start, start + time * D), at);
        at += time * D;
      }
    return piece;
  }

  /** Forgets all but the first `length` tokens of each sequence. */
  crop(length: number): void {
    this.revision++;
    for (const [row, had] of this.lengths.entries()) this.lengths[row] = Math.min(had, length);
  }

  /** A copy that holds these sequences, of which one may appear several times. */
  select(rows: readonly number[]): KeyValueCache {
    const picked = new KeyValueCache(this.shape, rows.length);
    picked.#grow(this.#capacity);
    const perRow = this.#heads * this.#size * this.#capacity;
    for (const [to, from] of rows.entries()) {
      for (const [i, held] of this.#held.entries())
        picked.#held[i]!.set(held.subarray(from * perRow, (from + 1) * perRow), to * perRow);
      picked.lengths[to] = this.lengths[from]!;
    }
    return picked;
  }

  #makeRoom(needed: number): void {
    const limit = this.shape.block_size;
    if (needed > limit) throw new Error(`a cache of ${limit} tokens cannot hold ${needed}`);
    if (needed > this.#capacity) this.#grow(Math.min(limit, Math.ceil(needed / STEP) * STEP));
  }

  /** [batch, time, time + capacity]: 0 where a column sees a new one or one that is held. */
  #sight(time: number, counts: readonly number[]): Float32Array {
    const width = time + this.#capacity;
    const sight = new Float32Array(this.batch * time * width).fill(MASKED);
    for (const [row, count] of counts.entries())
      for (let column = 0; column < time; column++) {
        const start = (row * time + column) * width;
        sight.fill(0, start + time - count, start + column + 1);
        sight.fill(0, start + time, start + time + this.lengths[row]!);
      }
    return sight;
  }

  #grow(capacity: number): void {
    this.revision++;
    const [before, now] = [this.#capacity * this.#size, capacity * this.#size];
    const heads = this.batch * this.#heads;
    this.#held = this.#held.map(from => {
      const to = new Float32Array(heads * now);
      for (let head = 0; head < heads; head++)
        to.set(from.subarray(head * before, (head + 1) * before), head * now);
      return to;
    });
    this.#capacity = capacity;
  }
}
