/** How the values of both sides of a parameter, and their differences, are spread. */
import { BLOCK } from './kernel/kernel';
import type { Comparison } from './comparison';
import { elementReader } from './kernel/elements';

export interface DistributionCounts {
  readonly values: { readonly from: number; readonly to: number };
  readonly differences: { readonly from: number; readonly to: number };
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly difference: Float64Array;
  readonly share: number;
}

const BINS = 64;
/** Odd, so that no difference has a bin of its own. */
const DIFFERENCE_BINS = 63;
/** Further out are so few that they would only make the rest a line. */
const DEVIATIONS = 5;
const MOST_ELEMENTS = 1 << 26;

/** Undefined where nothing is finite on both sides. */
export function distributionsOf(
  comparison: Comparison,
  index: number,
): DistributionCounts | undefined {
  const { left, right } = comparison.elements(index);
  const { count } = left;
  const every = Math.max(1, Math.ceil(count / MOST_ELEMENTS));
  const totals = comparison.compare({
    pair: index,
    from: 0,
    to: Math.min(count, MOST_ELEMENTS),
  });
  if (totals.finite === 0) return undefined;
  const reach =
    DEVIATIONS * Math.sqrt(Math.max(totals.squaresA, totals.squaresB) / totals.finite) || 0.5;
  const values = { from: totals.meanA - reach, to: totals.meanA + reach };
  const most = totals.maxAbs || 1;
  const differences = { from: -most, to: most };
  const counts = {
    left: new Float64Array(BINS),
    right: new Float64Array(BINS),
    difference: new Float64Array(DIFFERENCE_BINS),
  };
  const [a, b] = [new Uint8Array(BLOCK * 8), new Uint8Array(BLOCK * 8)];
  const [first, second] = [elementReader(left.dtype, a), elementReader(right.dtype, b)];
  let seen = 0;
  for (let at = 0; at < count; at += BLOCK * every) {
    const n = Math.min(BLOCK, count - at);
    left.read(a, at, n);
    right.read(b, at, n);
    seen += n;
    for (let i = 0; i < n; i++) {
      const [x, y] = [first(i), second(i)];
      add(counts.left, values, x);
      add(counts.right, values, y);
      add(counts.difference, differences, y - x);
    }
  }
  return { values, differences, ...counts, share: seen / count };
}

/** Those beyond the ends belong to the ends' bins. */
function add(counts: Float64Array, { from, to }: { from: number; to: number }, value: number) {
  if (value - value !== 0) return;
  const bin = Math.floor(((value - from) / (to - from)) * counts.length);
  counts[Math.min(counts.length - 1, Math.max(0, bin))]!++;
}
