/**
 * What two parameters come to, block by block: totals of parts that were compared one after another,
 * or by several threads, are joined, and then become the metrics. Knows nothing of files.
 */
import { type Metrics, TOLERANCES } from '../../protocol/diffMetrics';
import { BINS, leastOf } from './kernel/kernelText';

/** Plain data. Sums are over elements that are finite on both sides. */
export interface Totals {
  count: number;
  finite: number;
  /** Means of both sides, and sums of products of the distances from them. */
  meanA: number;
  meanB: number;
  squaresA: number;
  squaresB: number;
  products: number;
  /** Σ (a − b)². */
  squaresD: number;
  maxAbs: number;
  /** Element, −1 where there is none. */
  maxAbsAt: number;
  maxRel: number;
  maxRelAt: number;
  /** One for each of `TOLERANCES`. */
  over: number[];
  equalBits: number;
  /** Elements that are no unit of the last place apart. */
  near: number;
  /** How often each other distance was seen; empty until there is one. */
  bins: Float64Array;
  farthest: number;
  nanLeft: number;
  nanRight: number;
  infLeft: number;
  infRight: number;
  unlike: number;
  /** The first elements whose bits differ. */
  differing: number[];
}

export const MOST_DIFFERING = 16;

/** Most of 100,000 small parameters need none of their own. */
const NO_BINS = new Float64Array(0);

/** Bins that can be added to. */
export function binsOf(totals: Totals): Float64Array {
  if (totals.bins.length === 0) totals.bins = new Float64Array(BINS);
  return totals.bins;
}

export const noTotals = (): Totals => ({
  count: 0,
  finite: 0,
  meanA: 0,
  meanB: 0,
  squaresA: 0,
  squaresB: 0,
  products: 0,
  squaresD: 0,
  maxAbs: 0,
  maxAbsAt: -1,
  maxRel: 0,
  maxRelAt: -1,
  over: TOLERANCES.map(() => -Infinity),
  equalBits: 0,
  near: 0,
  bins: NO_BINS,
  farthest: 0,
  nanLeft: 0,
  nanRight: 0,
  infLeft: 0,
  infRight: 0,
  unlike: 0,
  differing: [],
});

/** Sums of `n` elements of both sides, each less `shift`. */
export interface ShiftedSums {
  readonly n: number;
  readonly shift: number;
  readonly a: number;
  readonly b: number;
  readonly aa: number;
  readonly bb: number;
  readonly ab: number;
  readonly dd: number;
}

type Centred = Pick<
  Totals,
  'finite' | 'meanA' | 'meanB' | 'squaresA' | 'squaresB' | 'products' | 'squaresD'
>;

export function addSums(totals: Totals, s: ShiftedSums): void {
  if (s.n === 0) return;
  const [a, b] = [s.a / s.n, s.b / s.n];
  joinCentred(totals, {
    finite: s.n,
    meanA: s.shift + a,
    meanB: s.shift + b,
    squaresA: Math.max(0, s.aa - s.a * a),
    squaresB: Math.max(0, s.bb - s.b * b),
    products: s.ab - s.a * b,
    squaresD: s.dd,
  });
}

/** Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for variances", 1979. */
function joinCentred(into: Centred, more: Centred): void {
  const [n, m] = [into.finite, more.finite];
  if (m === 0) return;
  const [da, db] = [more.meanA - into.meanA, more.meanB - into.meanB];
  const share = m / (n + m);
  into.finite = n + m;
  into.meanA += da * share;
  into.meanB += db * share;
  into.squaresA += more.squaresA + da * da * n * share;
  into.squaresB += more.squaresB + db * db * n * share;
  into.products += more.products + da * db * n * share;
  into.squaresD += more.squaresD;
}

/** Adds the totals of another part of the same parameters. */
export function joinTotals(into: Totals, more: Totals): void {
  joinCentred(into, more);
  into.count += more.count;
  takeMost(into, 'maxAbs', more.maxAbs, more.maxAbsAt);
  takeMost(into, 'maxRel', more.maxRel, more.maxRelAt);
  into.over = into.over.map((value, i) => Math.max(value, more.over[i]!));
  into.near += more.near;
  if (more.bins.length > 0) {
    const bins = binsOf(into);
    more.bins.forEach((count, bin) => (bins[bin]! += count));
  }
  into.farthest = Math.max(into.farthest, more.farthest);
  for (const key of ['equalBits', 'nanLeft', 'nanRight', 'infLeft', 'infRight', 'unlike'] as const)
    into[key] += more[key];
  into.differing = [...into.differing, ...more.differing]
    .sort((a, b) => a - b)
    .slice(0, MOST_DIFFERING);
}

/** Of equal ones the first element counts. */
export function takeMost(
  into: Totals,
  what: 'maxAbs' | 'maxRel',
  value: number,
  element: number,
): void {
  const at = `${what}At` as const;
  const isMore = value > into[what] || (value === into[what] && value > 0 && element < into[at]);
  if (!isMore) return;
  into[what] = value;
  into[at] = element;
}

/** Spread that is not more than rounding of one number makes is none. */
const NO_SPREAD = 1e-13;

/** Source of CCC: Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989. */
export function metricsOf(t: Totals): Metrics {
  const { finite: n, meanA, meanB, squaresA, squaresB, products, squaresD } = t;
  const lengthA = squaresA + n * meanA * meanA; // ‖a‖²
  const lengthB = squaresB + n * meanB * meanB;
  const inner = products + n * meanA * meanB;
  const isSame = squaresD === 0;
  const isConstant = (squares: number, length: number) => squares <= NO_SPREAD * length;
  const hasSpread = n > 1 && !isConstant(squaresA, lengthA) && !isConstant(squaresB, lengthB);
  const rmse = n > 0 ? Math.sqrt(squaresD / n) : NaN;
  const together = squaresA + squaresB + n * (meanA - meanB) ** 2;
  const isSeen = (at: number) => (at < 0 ? NaN : at);
  const percent = (count: number) => (t.count === 0 ? 100 : (100 * count) / t.count);
  return {
    count: t.count,
    maxAbs: n > 0 ? t.maxAbs : NaN,
    maxAbsAt: isSeen(t.maxAbsAt),
    maxRel: n > 0 ? t.maxRel : NaN,
    maxRelAt: isSeen(t.maxRelAt),
    rmse,
    rmseOverSigma: isSame && n > 0 ? 0 : rmse / Math.sqrt(squaresA / n),
    relL2: n === 0 ? NaN : isSame ? 0 : Math.sqrt(squaresD / lengthA),
    cosine: isNothing(lengthA, lengthB) ? NaN : clamped(inner / Math.sqrt(lengthA * lengthB)),
    pcc: hasSpread ? clamped(isSame ? 1 : products / Math.sqrt(squaresA * squaresB)) : NaN,
    ccc: n === 0 ? NaN : isSame ? 1 : clamped((2 * products) / together),
    sqnrDb: n === 0 ? NaN : 10 * Math.log10(lengthA / squaresD),
    ulp50: quantile(t, 0.5),
    ulp99: quantile(t, 0.99),
    ulpMax: n > 0 ? t.farthest : NaN,
    equalBits: percent(t.equalBits),
    equalAs: percent(t.near + (t.count - n - t.unlike)),
    nanLeft: t.nanLeft,
    nanRight: t.nanRight,
    infLeft: t.infLeft,
    infRight: t.infRight,
    unlike: t.unlike,
    over0: t.over[0]!,
    over1: t.over[1]!,
    over2: t.over[2]!,
  };
}

/** A side of zeros has no direction; the right's length is what rounding the left's mean leaves. */
const isNothing = (a: number, b: number): boolean => a === 0 || b <= 1e-28 * a;

const clamped = (value: number): number => Math.min(1, Math.max(-1, value));

/** The least distance that so many have or do not reach; of the bins beyond 127, their lower end. */
function quantile({ near, bins, finite }: Totals, share: number): number {
  let seen = near;
  if (finite > 0 && seen >= share * finite) return 0;
  for (let bin = 0; bin < bins.length; bin++) {
    seen += bins[bin]!;
    if (seen > 0 && seen >= share * finite) return leastOf(bin);
  }
  return NaN;
}
