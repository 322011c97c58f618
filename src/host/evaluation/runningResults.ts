/**
 * What can be said of an evaluation before it is over: shares and means of the samples so far, with
 * their uncertainty. The report's own numbers take their place when it is there. Pure.
 */
import { type Estimate, meanEstimate, shareEstimate } from '../../engine/metrics/uncertainty';
import type { MetricName, MetricResult } from '../../protocol/evaluation';
import type { RowAnswer, SampleRow } from '../../protocol/evaluationView';

export function runningResults(rows: readonly SampleRow[]): MetricResult[] {
  const share = (metric: MetricName, answerOf: (row: SampleRow) => RowAnswer | null) => {
    const outcomes = rows.map(answerOf).flatMap(found => (found ? [found.isRight] : []));
    return outcomes.length === 0
      ? []
      : [resultOf(metric, 'share', outcomes.length, shareEstimate(outcomes))];
  };
  const strict = share('exact_match_strict', row => row.strict);
  const rougeL = rows.flatMap(row => (row.rougeL === null ? [] : [row.rougeL]));
  return [
    ...(strict.length > 0 ? strict : share('exact_match', row => row.exact)),
    ...share('exact_match_flexible', row => row.flexible),
    ...(rougeL.length === 0 ? [] : [resultOf('rougeL', 'f', rougeL.length, meanEstimate(rougeL))]),
  ];
}

const resultOf = (
  metric: MetricName,
  unit: MetricResult['unit'],
  samples: number,
  estimate: Estimate,
): MetricResult => ({ metric, ...estimate, samples, unit, better: 'higher' });
