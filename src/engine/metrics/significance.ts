/**
 * Whether two evaluations of the same samples differ by more than chance: McNemar's exact test for
 * right and wrong, the paired bootstrap for everything else. Pure.
 */
import { mean, middle, resampleAll, type Statistic } from './uncertainty';

export interface PairedDifference {
  /** Of the second from the first. */
  readonly difference: number;
  /** 95 %, paired bootstrap. */
  readonly interval: readonly [low: number, high: number];
  /** Two-sided. */
  readonly p: number;
}

/**
 * Exact two-sided p of McNemar's test (1947): of as many coin throws as samples that changed.
 * @param gained, lost samples that one side has right and the other wrong
 */
export function mcnemar(gained: number, lost: number): number {
  const n = gained + lost;
  let tail = 0;
  for (let k = 0; k <= Math.min(gained, lost); k++)
    tail += Math.exp(logChoose(n, k) - n * Math.LN2);
  return Math.min(1, 2 * tail);
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

/**
 * Paired bootstrap of differences (Koehn 2004; the p value as sacreBLEU's: how often the resampled
 * difference is as far from its mean as the observed one from none), all of the same draws. One
 * sample proves nothing: p = 1.
 * @param statistics of the resampled samples, second minus first
 */
export function pairedBootstrap(
  samples: number,
  statistics: readonly Statistic[],
): PairedDifference[] {
  const all = Int32Array.from({ length: samples }, (_, i) => i);
  const differences = statistics.map(statistic => statistic(all));
  if (samples < 2)
    return differences.map(difference => ({
      difference,
      interval: [difference, difference],
      p: 1,
    }));
  return resampleAll(samples, statistics).map((drawn, k) => {
    const difference = differences[k]!;
    const centre = mean(drawn);
    const asFar = drawn.filter(x => Math.abs(x - centre) >= Math.abs(difference)).length;
    return { difference, interval: middle(drawn), p: (asFar + 1) / (drawn.length + 1) };
  });
}

/** Two-sided p of a standard normal value: erfc(|z| / √2) by Abramowitz and Stegun 7.1.26, to 2e-7. */
export function normalP(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const coefficients = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const sum = coefficients.reduceRight((total, a) => (total + a) * t, 0);
  return Math.min(1, sum * Math.exp(-x * x));
}
