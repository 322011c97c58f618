/** Scores of evaluations as people read them, the same in every view and export. Pure. */
import type {
  AgentBudget,
  ComparedMetric,
  MetricName,
  MetricResult,
  SampleFlag,
} from '../protocol/evaluation';
import { countText } from './numberText';

const THIN_SPACE = '\u2009';
const MINUS = '\u2212';

export const metricWords: Readonly<Record<MetricName, string>> = {
  exact_match: 'Exact match',
  exact_match_strict: 'Exact match, strict',
  exact_match_flexible: 'Exact match, flexible',
  perplexity: 'Perplexity, per token',
  rouge1: 'ROUGE-1, F',
  rouge2: 'ROUGE-2, F',
  rougeL: 'ROUGE-L, F',
  rougeL_unicode: 'ROUGE-L of any script, F',
  bleu: 'sacreBLEU',
};

export const flagWords: Readonly<Record<SampleFlag, string>> = {
  wrong: 'wrong',
  'strict-flexible': 'strict ≠ flexible',
  'ran-on': 'ran on after the answer',
  'arithmetic-error': 'arithmetic error',
  'no-answer': 'no answer',
  unfinished: 'unfinished',
  empty: 'wrote nothing',
  cropped: 'start not seen',
};

/** Digits after the point, of the number as it is shown. */
function digitsOf(unit: MetricResult['unit'], shown: number): number {
  switch (unit) {
    case 'share':
    case 'score':
      return 1;
    case 'f':
      return 3;
    case 'perplexity':
      return Math.abs(shown) >= 1000 ? 0 : Math.abs(shown) >= 100 ? 1 : 2;
  }
}

/** A share as percent. */
const shownAs = (unit: MetricResult['unit'], value: number): number =>
  unit === 'share' ? value * 100 : value;

const fixed = (unit: MetricResult['unit'], value: number): string => {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '–';
  const shown = shownAs(unit, value);
  return shown.toFixed(digitsOf(unit, shown)).replace('-', MINUS);
};

/** "31.5 %", "0.642", "27.4", "4.18". */
export const scoreText = (unit: MetricResult['unit'], value: number): string =>
  unit === 'share' ? `${fixed(unit, value)}${THIN_SPACE}%` : fixed(unit, value);

/** Half of the interval: "± 6.4"; empty where nothing is known of it. */
export const uncertaintyText = ({ unit, interval }: MetricResult): string =>
  interval ? `±${THIN_SPACE}${fixed(unit, (interval[1] - interval[0]) / 2)}` : '';

/** "25.1 % to 37.9 %" */
export const intervalText = ({ unit, interval }: MetricResult): string =>
  interval ? `${scoreText(unit, interval[0])} to ${scoreText(unit, interval[1])}` : '';

/** "p < 0.001", "p = 0.034" */
export const pText = (p: number): string =>
  p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`;

const unitOf = (metric: MetricName): MetricResult['unit'] =>
  metric.startsWith('exact_match')
    ? 'share'
    : metric === 'bleu'
      ? 'score'
      : metric === 'perplexity'
        ? 'perplexity'
        : 'f';

/** "+16.0 points [9.5, 22.5]" */
export function differenceText({ metric, difference, interval }: ComparedMetric): string {
  const unit = unitOf(metric);
  const [low, high] = interval.map(end => fixed(unit, end));
  const sign = difference > 0 ? '+' : '';
  const points = unit === 'share' ? ' points' : '';
  return `${sign}${fixed(unit, difference)}${points} [${low}, ${high}]`;
}

/** "3 tries, 500 tokens, 10 s" */
export const budgetText = ({ steps, tokens, seconds }: AgentBudget): string =>
  [
    `${steps} ${steps === 1 ? 'try' : 'tries'}`,
    tokens === null ? '' : `${countText(tokens)} tokens`,
    seconds === null ? '' : `${seconds} s`,
  ]
    .filter(part => part !== '')
    .join(', ');
