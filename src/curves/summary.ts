/**
 * What a growing column of numbers is between two rows, without looking at each: extremes, last
 * value and moving average of blocks of points, kept as the column grows. Knows nothing of what the
 * numbers mean.
 */

/** Extremes and last values of a stretch of points; NaN where no point is finite. */
export interface Stretch {
  min: number;
  max: number;
  last: number;
  /** The same of the average; its extremes are its last value when they are not wanted. */
  lineMin: number;
  lineMax: number;
  line: number;
  /** Points that are not finite. */
  missing: number;
}

export interface Averaging {
  /** β of the moving average (see `Ema`); 0 = the raw values. */
  beta: number;
  withExtremes: boolean;
}

/** Points of a block, and of a large one. */
const BLOCK = 16;
const LARGE_BLOCK = 256;

export class Summary {
  #values: Float64Array = new Float64Array();
  readonly #blocks = new Blocks(BLOCK);
  readonly #largeBlocks = new Blocks(LARGE_BLOCK);
  /** Of the β that was asked for last. */
  #averages: Averages | undefined;

  constructor(values: Float64Array = new Float64Array()) {
    this.extend(values);
  }

  /** The column as it is now; what was known of it before has stayed, or was truncated. */
  extend(values: Float64Array): void {
    this.#values = values;
    this.#blocks.extend(values);
    this.#largeBlocks.extend(values);
  }

  /** The column has lost its rows from `length` on. */
  truncate(length: number): void {
    this.#blocks.truncate(length);
    this.#largeBlocks.truncate(length);
    if (this.#averages)
      this.#averages.length = Math.min(this.#averages.length, this.#blocks.length);
  }

  /** Points `from ≤ i < to`. */
  stretch(from: number, to: number, { beta, withExtremes }: Averaging): Stretch {
    const { min, max, last, missing } = this.#raw(from, to);
    if (missing === to - from || beta === 0) {
      const [lineMin, lineMax] = withExtremes ? [min, max] : [last, last];
      return { min, max, last, lineMin, lineMax, line: last, missing };
    }
    if (this.#averages?.beta !== beta) this.#averages = new Averages(beta);
    this.#averages.extend(this.#values, this.#blocks.length);
    const line = this.#averages.at(this.#values, to);
    if (!withExtremes) return { min, max, last, lineMin: line, lineMax: line, line, missing };
    const [lineMin, lineMax] = this.#averages.extremes(this.#values, from, to);
    return { min, max, last, lineMin, lineMax, line, missing };
  }

  #raw(from: number, to: number): Pick<Stretch, 'min' | 'max' | 'last' | 'missing'> {
    let [min, max, last, missing] = [Infinity, -Infinity, NaN, 0];
    for (let i = from; i < to;) {
      const blocks = this.#largeBlocks.holds(i, to) ? this.#largeBlocks : this.#blocks;
      if (blocks.holds(i, to)) {
        const block = i / blocks.points;
        if (blocks.min[block]! < min) min = blocks.min[block]!;
        if (blocks.max[block]! > max) max = blocks.max[block]!;
        const own = blocks.missing[block]!;
        if (own < blocks.points) last = blocks.last[block]!;
        missing += own;
        i += blocks.points;
        continue;
      }
      const end = Math.min(to, i - (i % BLOCK) + BLOCK);
      for (; i < end; i++) {
        const value = this.#values[i]!;
        // NaN or infinite.
        if (value - value !== 0) missing++;
        else {
          last = value;
          if (value < min) min = value;
          if (value > max) max = value;
        }
      }
    }
    if (missing === to - from) return { min: NaN, max: NaN, last: NaN, missing };
    return { min, max, last, missing };
  }
}

/** Of each whole block of a column. */
class Blocks {
  length = 0;
  min = new Float64Array();
  max = new Float64Array();
  last = new Float64Array();
  missing = new Float64Array();

  constructor(readonly points: number) {}

  /** Whether a block begins at this point, is known, and ends before `to`. */
  holds(i: number, to: number): boolean {
    const { points } = this;
    return i % points === 0 && i + points <= to && i < this.length * points;
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, Math.floor(length / this.points));
  }

  extend(values: Float64Array): void {
    const whole = Math.floor(values.length / this.points);
    if (whole <= this.length) return;
    this.min = withRoom(this.min, whole);
    this.max = withRoom(this.max, whole);
    this.last = withRoom(this.last, whole);
    this.missing = withRoom(this.missing, whole);
    for (; this.length < whole; this.length++) this.#take(values, this.length);
  }

  #take(values: Float64Array, block: number): void {
    let [min, max, last, missing] = [Infinity, -Infinity, NaN, 0];
    for (let i = block * this.points; i < (block + 1) * this.points; i++) {
      const value = values[i]!;
      if (value - value !== 0) missing++;
      else {
        last = value;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
    this.min[block] = min;
    this.max[block] = max;
    this.last[block] = last;
    this.missing[block] = missing;
  }
}

/** The moving average where each block begins, and its extremes in it. */
class Averages {
  /** Whole blocks; the state where the next one begins is known as well. */
  length = 0;
  #mean = new Float64Array(1);
  /** 1 − βᵗ */
  #weight = new Float64Array(1);
  #min = new Float64Array();
  #max = new Float64Array();

  constructor(readonly beta: number) {}

  extend(values: Float64Array, whole: number): void {
    if (whole <= this.length) return;
    this.#mean = withRoom(this.#mean, whole + 1);
    this.#weight = withRoom(this.#weight, whole + 1);
    this.#min = withRoom(this.#min, whole);
    this.#max = withRoom(this.#max, whole);
    for (; this.length < whole; this.length++) {
      const block = this.length;
      const walk = this.#walk(values, block, block * BLOCK, (block + 1) * BLOCK);
      this.#mean[block + 1] = walk.mean;
      this.#weight[block + 1] = walk.weight;
      this.#min[block] = walk.min;
      this.#max[block] = walk.max;
    }
  }

  /** After the points before `to`. */
  at(values: Float64Array, to: number): number {
    const block = this.#blockOf(to);
    const { mean, weight } = this.#walk(values, block, block * BLOCK, to);
    return mean / weight;
  }

  extremes(values: Float64Array, from: number, to: number): [least: number, most: number] {
    let [least, most] = [Infinity, -Infinity];
    for (let i = from; i < to;) {
      const block = this.#blockOf(i);
      const end = block < this.length ? Math.min(to, (block + 1) * BLOCK) : to;
      const isWhole = block < this.length && i === block * BLOCK && end === i + BLOCK;
      const part = isWhole
        ? { min: this.#min[block]!, max: this.#max[block]! }
        : this.#walk(values, block, i, end);
      least = Math.min(least, part.min);
      most = Math.max(most, part.max);
      i = end;
    }
    return [least, most];
  }

  /** The block of a point, or the last whose beginning is known. */
  #blockOf(i: number): number {
    return Math.min(this.length, Math.floor(i / BLOCK));
  }

  /** From the beginning of a block to `to`; the extremes are those from `from` on. */
  #walk(values: Float64Array, block: number, from: number, to: number) {
    const { beta } = this;
    const gain = 1 - beta;
    let [mean, weight] = [this.#mean[block]!, this.#weight[block]!];
    let [min, max] = [Infinity, -Infinity];
    for (let i = block * BLOCK; i < to; i++) {
      const value = values[i]!;
      if (value - value !== 0) continue;
      mean = beta * mean + gain * value;
      // Once the weight has come to 1, there is nothing to correct.
      if (weight < 1) weight = beta * weight + gain;
      if (i < from) continue;
      const line = weight < 1 ? mean / weight : mean;
      if (line < min) min = line;
      if (line > max) max = line;
    }
    return { mean, weight, min, max };
  }
}

/** The same numbers, with room for as many as that; grows by half more than it must. */
function withRoom(numbers: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (numbers.length >= length) return numbers;
  const grown = new Float64Array(Math.ceil(length * 1.5));
  grown.set(numbers);
  return grown;
}
