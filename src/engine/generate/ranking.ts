/**
 * Tokens by their likelihood, most likely first, equals in the order of their ids. Scores are dealt
 * out into narrow ranges in one pass, and only the ranges that somebody asks about are sorted: a
 * vocabulary has 100,000 tokens, and what is asked is mostly about a few. Pure.
 */
import { expOf } from './expOf';

/** A token below e^-30 of the likeliest is never drawn: random numbers have 2^-32 steps. */
const DEEPEST = -30;
const RANGES = 2048;
/** The range of what lies deeper. */
const REST = RANGES;

export class Ranking {
  /** The token of rank 0; −1 where none has a number. */
  readonly first: number;
  /** Sum of the weights of all tokens; the likeliest has 1. */
  readonly mass: number;
  readonly #lowest: number;
  readonly #highest: number;
  #dealt: Dealt | undefined;

  /** @param temperature > 0 */
  constructor(
    private readonly scores: Float32Array,
    private readonly temperature: number,
  ) {
    const [lowest, highest] = extent(scores);
    this.#lowest = lowest;
    this.#highest = highest;
    this.first = scores.indexOf(highest);
    let mass = 0;
    for (let id = 0; id < scores.length; id++) mass += expOf((scores[id]! - highest) / temperature);
    this.mass = mass;
  }

  /** How many tokens may be drawn. */
  get size(): number {
    return this.#ranges.starts[REST]!;
  }

  /** −Σ p·log p of all tokens, in nats. */
  get entropy(): number {
    const { scores, temperature } = this;
    const highest = this.#highest;
    let weighted = 0;
    for (let id = 0; id < scores.length; id++) {
      const x = (scores[id]! - highest) / temperature;
      const weight = expOf(x);
      if (weight > 0) weighted += weight * x;
    }
    return Math.max(0, Math.log(this.mass) - weighted / this.mass);
  }

  /** exp((score − highest)/temperature) */
  weightOf(id: number): number {
    return expOf((this.scores[id]! - this.#highest) / this.temperature);
  }

  /** The token of a rank, counted from 0; beyond `size` come those that are never drawn. */
  idAt(rank: number): number {
    const { starts } = this.#ranges;
    let range = 0;
    while (rank >= starts[range + 1]!) range++;
    return this.#sorted(range)[rank - starts[range]!]!;
  }

  /** Sum of the weights of the first so many. */
  massOf(count: number): number {
    const { starts } = this.#ranges;
    let sum = 0;
    for (let range = 0; starts[range]! < count; range++) {
      if (starts[range + 1]! <= count) sum += this.#massOfRange(range);
      else
        for (const id of this.#sorted(range).subarray(0, count - starts[range]!))
          sum += this.weightOf(id);
    }
    return sum;
  }

  /** The fewest of the first `most` whose weights add up to `mass`; `most` where they do not. */
  reaching(mass: number, most: number): number {
    const { starts } = this.#ranges;
    let sum = 0;
    for (let range = 0; starts[range]! < most; range++) {
      const ofRange = this.#massOfRange(range);
      if (sum + ofRange < mass) {
        sum += ofRange;
        continue;
      }
      for (const [i, id] of this.#sorted(range).entries()) {
        sum += this.weightOf(id);
        if (sum >= mass) return Math.min(most, starts[range]! + i + 1);
      }
    }
    return most;
  }

  /** How many of the first `most` have at least this weight, 0 < weight ≤ 1. */
  atLeast(weight: number, most: number): number {
    const { starts } = this.#ranges;
    const range = rangeOf(Math.log(weight), this.#perUnit);
    if (range === REST) return most;
    const inside = this.#sorted(range).findIndex(id => this.weightOf(id) < weight);
    const count = inside < 0 ? starts[range + 1]! : starts[range]! + inside;
    return Math.min(most, count);
  }

  /** Ranges are as narrow as the scores allow. */
  get #perUnit(): number {
    const depth = Math.min(-DEEPEST, (this.#highest - this.#lowest) / this.temperature);
    return depth > 0 ? RANGES / depth : 0;
  }

  get #ranges(): Dealt {
    return (this.#dealt ??= this.#deal());
  }

  #deal(): Dealt {
    const { scores, temperature } = this;
    const [highest, perUnit] = [this.#highest, this.#perUnit];
    const ranges = new Uint16Array(scores.length);
    const starts = new Int32Array(RANGES + 2);
    for (let id = 0; id < scores.length; id++) {
      const range = rangeOf((scores[id]! - highest) / temperature, perUnit);
      ranges[id] = range;
      starts[range + 1]!++;
    }
    for (let range = 0; range <= REST; range++) starts[range + 1]! += starts[range]!;
    const next = starts.slice();
    const ids = new Int32Array(scores.length);
    for (let id = 0; id < scores.length; id++) ids[next[ranges[id]!]!++] = id;
    const masses = new Float64Array(RANGES + 1).fill(NaN);
    return { starts, ids, masses, isSorted: new Uint8Array(RANGES + 1) };
  }

  #massOfRange(range: number): number {
    const { starts, ids, masses } = this.#ranges;
    const known = masses[range]!;
    if (!Number.isNaN(known)) return known;
    let sum = 0;
    for (let i = starts[range]!; i < starts[range + 1]!; i++) sum += this.weightOf(ids[i]!);
    return (masses[range] = sum);
  }

  #sorted(range: number): Int32Array {
    const { scores } = this;
    const { starts, ids, isSorted } = this.#ranges;
    const inRange = ids.subarray(starts[range], starts[range + 1]);
    if (!isSorted[range]) inRange.sort((a, b) => scores[b]! - scores[a]! || a - b);
    isSorted[range] = 1;
    return inRange;
  }
}

/** Tokens by range, the likeliest range first. */
interface Dealt {
  /** Where in `ids` each range begins. */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  /** Sums of weights; NaN where nobody has asked. */
  readonly masses: Float64Array;
  readonly isSorted: Uint8Array;
}

/** @param x of a token, ≤ 0; what is no number belongs to the rest */
const rangeOf = (x: number, perUnit: number): number =>
  x >= DEEPEST ? Math.min(RANGES - 1, (-x * perUnit) | 0) : REST;

/** Of what is finite. */
function extent(xs: Float32Array): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    if (x > most) most = x;
    if (x < least && x > -Infinity) least = x;
  }
  return [least, most];
}
