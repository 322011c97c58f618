/**
 * Two evaluations of the same examples: which answers flipped, and whether each number differs by more
 * than chance. Pure.
 */
import type {
  ComparedMetric,
  EvaluationComparison,
  EvaluationSample,
  MetricName,
  MetricResult,
} from '../../protocol/evaluation';
import { bleuOver, type BleuOptions } from '../metrics/bleu';
import { mcnemar, pairedBootstrap, type PairedDifference } from '../metrics/significance';
import { type Statistic, sumAt } from '../metrics/uncertainty';
import { bleuParts, unicodeOf } from './evaluationReport';

export interface ComparedSide {
  readonly id: string;
  readonly samples: readonly EvaluationSample[];
  readonly bleu?: BleuOptions;
}

/** Largest p of a difference that counts. */
const SIGNIFICANT = 0.05;

export function compareEvaluations(
  own: ComparedSide,
  baseline: ComparedSide,
): EvaluationComparison {
  const pairs = pairsOf(own, baseline);
  const flips = (to: boolean) =>
    pairs
      .filter(([a, b]) => a.exact?.isRight === to && b.exact?.isRight === !to)
      .map(([{ index }]) => index);
  const isUnicode = pairs.some(pair => pair.some(({ rougeLUnicode }) => rougeLUnicode !== null));
  const asked = METRICS.filter(({ metric }) => metric !== 'rougeL_unicode' || isUnicode);
  const metrics = comparedAll(asked, pairs, own.bleu ?? {});
  return {
    evaluation: own.id,
    baseline: baseline.id,
    paired: pairs.length,
    wrongToRight: flips(true),
    rightToWrong: flips(false),
    metrics,
    verdict: verdictOfAll(metrics),
  };
}

/** Whether they share several samples, or a text long enough to be parted. */
export function canBeResampled(own: ComparedSide, baseline: ComparedSide): boolean {
  const pairs = pairsOf(own, baseline);
  return pairs.length > 1 || pairedBlocks(pairs) !== undefined;
}

function pairsOf(own: ComparedSide, baseline: ComparedSide): Pair[] {
  const others = new Map(baseline.samples.map(sample => [sample.index, sample]));
  return own.samples.flatMap(sample => {
    const other = others.get(sample.index);
    return other && other.reference === sample.reference ? [[sample, other] as const] : [];
  });
}

type Pair = readonly [own: EvaluationSample, baseline: EvaluationSample];

/** A long text on both sides as its blocks, which are resampled where one text cannot be. */
function pairedBlocks(pairs: readonly Pair[]): Pair[] | undefined {
  const [pair] = pairs;
  const [own, other] = pair?.map(({ loss }) => loss?.blocks) ?? [];
  if (!pair || pairs.length > 1 || !own || !other) return undefined;
  const isSame = own.length === other.length && own.every(({ tokens }, i) => tokens === other[i]!.tokens); // prettier-ignore
  if (!isSame) return undefined; // read by another tokenizer
  return own.map((loss, i) => [
    { ...pair[0], loss },
    { ...pair[1], loss: other[i]! },
  ]);
}

interface Compared {
  readonly metric: MetricName;
  readonly better: MetricResult['better'];
  readonly has: (sample: EvaluationSample) => boolean;
  readonly over: (samples: readonly EvaluationSample[], bleu: BleuOptions) => Statistic;
  /** For exact match. */
  readonly isRight?: (sample: EvaluationSample) => boolean;
}

const meanOver =
  (of: (sample: EvaluationSample) => number) =>
  (samples: readonly EvaluationSample[]): Statistic => {
    const values = Float64Array.from(samples, of);
    return at => sumAt(values, at) / at.length;
  };

const share = (metric: MetricName, rule: 'exact' | 'strict' | 'flexible'): Compared => ({
  metric,
  better: 'higher',
  has: sample => sample[rule] !== null,
  isRight: sample => sample[rule]!.isRight,
  over: meanOver(sample => Number(sample[rule]!.isRight)),
});

const f = (metric: MetricName, of: (sample: EvaluationSample) => number): Compared => ({
  metric,
  better: 'higher',
  has: ({ rouge }) => rouge !== null,
  over: meanOver(of),
});

const METRICS: readonly Compared[] = [
  share('exact_match', 'exact'),
  share('exact_match_strict', 'strict'),
  share('exact_match_flexible', 'flexible'),
  {
    metric: 'perplexity',
    better: 'lower',
    has: ({ loss }) => loss !== null,
    over: samples => {
      const nats = Float64Array.from(samples, ({ loss }) => loss!.nats);
      const tokens = Float64Array.from(samples, ({ loss }) => loss!.tokens);
      return at => Math.exp(sumAt(nats, at) / sumAt(tokens, at));
    },
  },
  f('rouge1', ({ rouge }) => rouge!.rouge1.fmeasure),
  f('rouge2', ({ rouge }) => rouge!.rouge2.fmeasure),
  f('rougeL', ({ rouge }) => rouge!.rougeL.fmeasure),
  f('rougeL_unicode', unicodeOf),
  {
    metric: 'bleu',
    better: 'higher',
    has: ({ bleu }) => bleu !== null,
    over: (samples, options) => bleuOver(bleuParts(samples, options), options),
  },
];

/** A metric of the samples that have it on both sides. */
interface Measured {
  readonly metric: Compared;
  readonly both: readonly Pair[];
  readonly own: Statistic;
  readonly other: Statistic;
}

/** All at once: metrics of equally many samples share their draws. */
function comparedAll(
  metrics: readonly Compared[],
  pairs: readonly Pair[],
  bleu: BleuOptions,
): ComparedMetric[] {
  const measured = metrics.flatMap(metric => measure(metric, pairs, bleu));
  const found = new Map<Measured, PairedDifference>();
  for (const count of new Set(measured.map(({ both }) => both.length))) {
    const group = measured.filter(({ both }) => both.length === count);
    const differences = pairedBootstrap(count, group.map(({ own, other }) => at => own(at) - other(at))); // prettier-ignore
    for (const [k, difference] of differences.entries()) found.set(group[k]!, difference);
  }
  return measured.map(each => resultOf(each, found.get(each)!));
}

function measure(metric: Compared, pairs: readonly Pair[], bleu: BleuOptions): Measured[] {
  const scored = pairs.filter(([a, b]) => metric.has(a) && metric.has(b));
  const both = (metric.metric === 'perplexity' ? pairedBlocks(scored) : undefined) ?? scored;
  if (both.length === 0) return [];
  const own = metric.over(both.map(([a]) => a), bleu); // prettier-ignore
  const other = metric.over(both.map(([, b]) => b), bleu); // prettier-ignore
  return [{ metric, both, own, other }];
}

function resultOf(
  { metric: { metric, isRight, better }, both, own, other }: Measured,
  resampled: PairedDifference,
): ComparedMetric {
  const { difference, interval } = resampled;
  const changes = (to: boolean) =>
    both.filter(([a, b]) => isRight!(a) === to && isRight!(b) !== to).length;
  const p = isRight ? mcnemar(changes(true), changes(false)) : resampled.p;
  const all = Int32Array.from(both.keys());
  const values = { value: own(all), baseline: other(all), difference, interval, p };
  const test = isRight ? 'mcnemar' : 'bootstrap';
  return { metric, ...values, test, verdict: verdictOf(difference, p, better) };
}

export function verdictOf(
  difference: number,
  p: number,
  better: MetricResult['better'],
): ComparedMetric['verdict'] {
  if (p >= SIGNIFICANT || difference === 0) return 'same';
  return difference > 0 === (better === 'higher') ? 'better' : 'worse';
}

/** Worse when any number is, beyond the chance that comes with looking at several (Holm 1979). */
export function verdictOfAll(
  metrics: readonly Pick<ComparedMetric, 'p' | 'verdict'>[],
): EvaluationComparison['verdict'] {
  const sorted = metrics.toSorted((a, b) => a.p - b.p);
  const stops = sorted.findIndex(({ p }, i) => p >= SIGNIFICANT / (sorted.length - i));
  const verdicts = sorted.slice(0, stops < 0 ? sorted.length : stops).map(({ verdict }) => verdict);
  if (verdicts.includes('worse')) return 'worse';
  return verdicts.includes('better') ? 'better' : 'same';
}
