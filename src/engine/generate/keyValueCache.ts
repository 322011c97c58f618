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

interface HeadTokens {
  readonly keys: Float32Array;
  readonly values: Float32Array;
  readonly row: number;
  readonly count: number;
  /** Of the rows of `size` numbers in `keys` and `values`, the first that is meant. */
  readonly from: number;
}

export class KeyValueCache {
  /** Tokens held of each sequence. */
  readonly lengths: number[];
  #capacity = 0;
  /** [layer], each [batch, heads, size, capacity]. */
  #keys: Float32Array[] = [];
  /** [layer], each [batch, heads, capacity, size]. */
  #values: Float32Array[] = [];
  #mask = new Float32Array(0);
  readonly #heads: number;
  readonly #size: number;
  readonly #layers: number;

  constructor(
    private readonly shape: BaseShape,
    readonly batch: number,
  ) {
    ({ heads: this.#heads, size: this.#size } = cacheShape(shape));
    this.#layers = shape.n_layer;
    this.lengths = Array.from({ length: batch }, () => 0);
    this.#grow(Math.min(STEP, shape.block_size));
  }

  get bytes(): number {
    return 2 * 4 * this.#layers * this.batch * this.#heads * this.#size * this.#capacity;
  }

  /** What a cached program reads, for sequences as they are now. */
  feeds(): Map<string, Tensor> {
    const [B, H, D, C] = [this.batch, this.#heads, this.#size, this.#capacity];
    const feeds = new Map<string, Tensor>([
      ['past_mask', tensor('float32', [B, 1, 1, C], this.#mask)],
    ]);
    for (let layer = 0; layer < this.#layers; layer++) {
      feeds.set(keysOf(layer), tensor('float32', [B, H, D, C], this.#keys[layer]!));
      feeds.set(valuesOf(layer), tensor('float32', [B, H, C, D], this.#values[layer]!));
    }
    return feeds;
  }

  /**
   * Adds the last `counts[row]` of the `time` columns of each sequence.
   * @param fresh [2·layers, batch, heads, time, size], as a cached program gives it
   */
  append(fresh: Float32Array, time: number, counts: readonly number[]): void {
    this.#makeRoom(Math.max(...this.lengths.map((n, row) => n + counts[row]!)));
    const [H, D] = [this.#heads, this.#size];
    const perLayer = this.batch * H * time * D;
    for (let layer = 0; layer < this.#layers; layer++) {
      const keys = fresh.subarray(2 * layer * perLayer, (2 * layer + 1) * perLayer);
      const values = fresh.subarray((2 * layer + 1) * perLayer, (2 * layer + 2) * perLayer);
      for (let row = 0; row < this.batch; row++)
        for (let head = 0; head < H; head++)
          this.#write(layer, row * H + head, {
            ...{ keys, values, row, count: counts[row]! },
            from: (row * H + head) * time + time - counts[row]!,
          });
    }
    for (const [row, count] of counts.entries()) this.#lengthen(row, count);
  }

  /**
   * Adds `time` tokens to one sequence.
   * @param piece [2·layers, heads, time, size]: keys, rotated, and values of each layer in turn
   */
  put(row: number, piece: Float32Array, time: number): void {
    const [H, D] = [this.#heads, this.#size];
    if (piece.length !== 2 * this.#layers * H * time * D)
      throw new Error(`${piece.length} numbers are not keys and values of ${time} tokens`);
    this.#makeRoom(this.lengths[row]! + time);
    const half = H * time * D;
    for (let layer = 0; layer < this.#layers; layer++) {
      const at = 2 * layer * half;
      const [keys, values] = [
        piece.subarray(at, at + half),
        piece.subarray(at + half, at + 2 * half),
      ];
      for (let head = 0; head < H; head++)
        this.#write(layer, row * H + head, { keys, values, row, count: time, from: head * time });
    }
    this.#lengthen(row, time);
  }

  /** Copies tokens of one sequence as `put` takes them. */
  take(row: number, from: number, time: number): Float32Array {
    if (from + time > this.lengths[row]!)
      throw new Error(`a cache of ${this.lengths[row]} tokens has no ${from + time}`);
    const [H, D, C] = [this.#heads, this.#size, this.#capacity];
    const piece = new Float32Array(2 * this.#layers * H * time * D);
    let at = 0;
    for (let layer = 0; layer < this.#layers; layer++) {
      const keys = this.#keys[layer]!;
      for (let head = row * H; head < (row + 1) * H; head++)
        for (let t = from; t < from + time; t++)
          for (let d = 0; d < D; d++) piece[at++] = keys[(head * D + d) * C + t]!;
      for (let head = row * H; head < (row + 1) * H; head++) {
        const start = (head * C + from) * D;
        piece.set(this.#values[layer]!.subarray(start, start + time * D), at);
        at += time * D;
      }
    }
    return piece;
  }

  /** Forgets all but the first `length` tokens of each sequence. */
  crop(length: number): void {
    for (const [row, had] of this.lengths.entries()) {
      if (had <= length) continue;
      const start = row * this.#capacity;
      this.#mask.fill(MASKED, start + length, start + had);
      this.lengths[row] = length;
    }
  }

  /** A copy that holds these sequences, of which one may appear several times. */
  select(rows: readonly number[]): KeyValueCache {
    const picked = new KeyValueCache(this.shape, rows.length);
    picked.#grow(this.#capacity);
    const perRow = this.#heads * this.#size * this.#capacity;
    for (const [to, from] of rows.entries()) {
      for (let layer = 0; layer < this.#layers; layer++)
        for (const [into, of] of [
          [picked.#keys[layer]!, this.#keys[layer]!],
          [picked.#values[layer]!, this.#values[layer]!],
        ] as const)
          into.set(of.subarray(from * perRow, (from + 1) * perRow), to * perRow);
      picked.lengths[to] = this.lengths[from]!;
      picked.#mask.fill(0, to * this.#capacity, to * this.#capacity + this.lengths[from]!);
    }
    return picked;
  }

  #makeRoom(needed: number): void {
    const limit = this.shape.block_size;
    if (needed > limit) throw new Error(`a cache of ${limit} tokens cannot hold ${needed}`);
    if (needed > this.#capacity) this.#grow(Math.min(limit, Math.ceil(needed / STEP) * STEP));
  }

  #lengthen(row: number, count: number): void {
    const start = row * this.#capacity + this.lengths[row]!;
    this.#mask.fill(0, start, start + count);
    this.lengths[row]! += count;
  }

  /** @param head of all sequences together */
  #write(layer: number, head: number, { keys, values, row, count, from }: HeadTokens): void {
    const [D, C] = [this.#size, this.#capacity];
    const at = this.lengths[row]!;
    const intoKeys = this.#keys[layer]!;
    for (let t = 0; t < count; t++)
      for (let d = 0; d < D; d++) intoKeys[(head * D + d) * C + at + t] = keys[(from + t) * D + d]!;
    const fresh = values.subarray(from * D, (from + count) * D);
    this.#values[layer]!.set(fresh, (head * C + at) * D);
  }

  #grow(capacity: number): void {
    const [D, old] = [this.#size, this.#capacity];
    const heads = this.batch * this.#heads;
    const grown = (rows: number, from: Float32Array | undefined, before: number, now: number) => {
      const to = new Float32Array(rows * now);
      if (from)
        for (let r = 0; r < rows; r++) to.set(from.subarray(r * before, (r + 1) * before), r * now);
      return to;
    };
    for (let layer = 0; layer < this.#layers; layer++) {
      this.#keys[layer] = grown(heads * D, this.#keys[layer], old, capacity);
      this.#values[layer] = grown(heads, this.#values[layer], old * D, capacity * D);
    }
    this.#capacity = capacity;
    this.#mask = new Float32Array(this.batch * capacity).fill(MASKED);
    for (const [row, length] of this.lengths.entries())
      this.#mask.fill(0, row * capacity, row * capacity + length);
  }
}
