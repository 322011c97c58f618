/** The scale on which a score and its baseline's stand: round ends, chosen by what is measured. Pure. */
import type { MetricResult } from '../../src/protocol/evaluation';
import { scoreText } from '../../src/curves/scoreText';

export interface IntervalScale {
  readonly low: number;
  readonly high: number;
  readonly lowText: string;
  readonly highText: string;
  /** Share of the width, 0 to 1. */
  at(value: number): number;
}

/** Where the ends of a scale may lie, per unit; shares begin at nothing. */
const STEPS: Readonly<Record<MetricResult['unit'], readonly number[]>> = {
  share: [0, 0.1, 0.25, 0.5, 0.75, 1],
  f: [0, 0.2, 0.4, 0.6, 0.8, 1],
  score: [0, 10, 20, 40, 60, 80, 100],
  perplexity: [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 100, 200, 500, 1000, 1e4, 1e5, 1e6],
};

export function intervalScale(results: readonly MetricResult[]): IntervalScale {
  const unit = results[0]?.unit ?? 'share';
  const ends = results
    .flatMap(({ value, interval }) => [value, ...(interval ?? [])])
    .filter(Number.isFinite);
  const steps = STEPS[unit];
  const least = Math.min(...ends);
  const most = Math.max(...ends);
  const low = unit === 'share' ? 0 : (steps.findLast(step => step <= least) ?? steps[0]!);
  const high = steps.find(step => step >= most && step > low) ?? steps.at(-1)!;
  return {
    low,
    high,
    lowText: endText(unit, low),
    highText: endText(unit, high),
    at: value => Math.min(1, Math.max(0, (value - low) / (high - low))),
  };
}

/** Without digits that say nothing. */
const endText = (unit: MetricResult['unit'], end: number): string =>
  unit === 'share' ? scoreText(unit, end).replace('.0', '') : String(Number(end.toPrecision(3)));
