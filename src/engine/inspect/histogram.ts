/** How often numbers fall into bins of equal width. Knows nothing of drawing. */
import type { Moments } from './moments';
import { deviationOf, finiteCount } from './moments';

export interface Bins {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface BinCounts {
  /** Numbers in each bin; the upper end of a bin belongs to the next, of the last to itself. */
  readonly counts: Float64Array;
  readonly below: number;
  readonly above: number;
}

const BINS = 64;
/** Further out are so few that they would only make the rest a line. */
const DEVIATIONS = 5;

/** Bins for numbers with these moments: a bin for each of few whole numbers, else of equal width. */
export function binsFor(moments: Moments, isWhole: boolean): Bins | undefined {
  const { min, max, mean } = moments;
  if (finiteCount(moments) === 0) return undefined;
  if (isWhole && max - min < BINS) return { from: min - 0.5, to: max + 0.5, count: max - min + 1 };
  if (min === max) return { from: min - 0.5, to: max + 0.5, count: 1 };
  const reach = DEVIATIONS * deviationOf(moments);
  const [from, to] = [Math.max(min, mean - reach), Math.min(max, mean + reach)];
  return to > from ? { from, to, count: BINS } : { from: min, to: max, count: BINS };
}

export function countInBins(values: Float32Array | Float64Array, bins: Bins): BinCounts {
  const { from, to, count } = bins;
  const counts = new Float64Array(count);
  const perUnit = count / (to - from);
  let [below, above] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value !== 0) continue;
    if (value < from) below++;
    else if (value > to) above++;
    else counts[Math.min(count - 1, Math.floor((value - from) * perUnit))]!++;
  }
  return { counts, below, above };
}
