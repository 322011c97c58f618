/**
 * How sure a mean, a share or a ratio over samples is: standard errors and 95 % intervals. Pure.
 */
import { below, randomStream } from '../tensor/random';
import { studentQuantile, type TokenLoss } from './batchMeans';

export interface Estimate {
  readonly value: number;
  /** Null where there is one sample only, and it cannot be parted. */
  readonly standardError: number | null;
  /** 95 %. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Of the normal distribution, two-sided 95 %. */
const Z = 1.959963984540054;

/** sd / √n with n − 1 in the variance, as lm-evaluation-harness; the interval by the normal law. */
export function meanEstimate(values: readonly number[]): Estimate {
  const n = values.length;
  const value = mean(values);
  if (n < 2) return { value, standardError: null, interval: null };
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (n - 1);
  const standardError = Math.sqrt(variance / n);
  return { value, standardError, interval: [value - Z * standardError, value + Z * standardError] };
}

/**
 * Share of successes; the interval is Wilson's (1927), which is not empty for none or all of them.
 */
export function shareEstimate(outcomes: readonly boolean[]): Estimate {
  const { value, standardError } = meanEstimate(outcomes.map(Number));
  const n = outcomes.length;
  if (standardError === null) return { value, standardError, interval: null };
  const centre = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half =
    (Z / (1 + Z ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  return {
    value,
    standardError,
    interval: [Math.max(0, centre - half), Math.min(1, centre + half)],
  };
}

/** The loss of a text; with its blocks, where it is long enough (`lossBlocks`). */
export interface TextLoss extends TokenLoss {
  readonly blocks?: readonly TokenLoss[] | undefined;
}

/**
 * exp(Σ nats / Σ tokens) over texts that are each of one piece; the error of the ratio by its linear
 * approximation (Cochran 1977, §2.11), carried through the exponential. Of one text by its blocks,
 * with Student's law, for they are few.
 */
export function perplexityEstimate(losses: readonly TextLoss[]): Estimate {
  const [only] = losses;
  if (losses.length === 1 && only?.blocks)
    return ratioEstimate(only.blocks, studentQuantile(only.blocks.length - 1));
  return ratioEstimate(losses, Z);
}

function ratioEstimate(parts: readonly TokenLoss[], quantile: number): Estimate {
  const n = parts.length;
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  const ratio = parts.reduce((sum, part) => sum + part.nats, 0) / tokens;
  const value = Math.exp(ratio);
  if (n < 2) return { value, standardError: null, interval: null };
  const squares = parts.reduce((sum, part) => sum + (part.nats - ratio * part.tokens) ** 2, 0);
  const error = Math.sqrt((squares / (n - 1)) * n) / tokens;
  const interval = [
    Math.exp(ratio - quantile * error),
    Math.exp(ratio + quantile * error),
  ] as const;
  return { value, standardError: value * error, interval };
}

export const RESAMPLES = 1000;
const SEED = 12345; // sacreBLEU's default

/** A statistic of resampled samples: its standard deviation, and the middle 95 % of it. */
export function bootstrapEstimate(samples: number, statistic: Statistic): Estimate {
  const value = statistic(Int32Array.from({ length: samples }, (_, i) => i));
  if (samples < 2) return { value, standardError: null, interval: null };
  const drawn = resample(samples, statistic);
  const centre = mean(drawn);
  const variance = drawn.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (drawn.length - 1);
  return { value, standardError: Math.sqrt(variance), interval: middle(drawn) };
}

/** Of some samples, by their places; one may come several times. */
export type Statistic = (indices: Int32Array) => number;

/** Of `RESAMPLES` draws with replacement; the same draws each time. */
export const resample = (samples: number, statistic: Statistic): Float64Array =>
  resampleAll(samples, [statistic])[0]!;

/** Several statistics of the same draws, which are made once. @returns `RESAMPLES` values of each */
export function resampleAll(samples: number, statistics: readonly Statistic[]): Float64Array[] {
  const next = randomStream(SEED, 'data', samples);
  const indices = new Int32Array(samples);
  const values = statistics.map(() => new Float64Array(RESAMPLES));
  for (let draw = 0; draw < RESAMPLES; draw++) {
    for (let i = 0; i < samples; i++) indices[i] = below(next, samples);
    for (const [k, statistic] of statistics.entries()) values[k]![draw] = statistic(indices);
  }
  return values;
}

/** Of the values at these places. */
export function sumAt(values: Float64Array, at: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < at.length; i++) sum += values[at[i]!]!;
  return sum;
}

/** The middle 95 % of the values. */
export function middle(values: Float64Array): [low: number, high: number] {
  const sorted = values.toSorted();
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return [at(0.025), at(0.975)];
}

export const mean = (values: readonly number[] | Float64Array): number =>
  sumOf(values) / values.length;

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const x of values) sum += x;
  return sum;
}
