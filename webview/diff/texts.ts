/** Numbers and words of the view. */
import { shortText } from '../../src/curves/numberText';
import type { MetricName, Metrics } from '../../src/protocol/diffMetrics';
import type { Verdict } from './diffTable';

const MINUS = '\u2212';
const THIN_SPACE = '\u2009';

/** "7.1e−1" of what is small, as differences are read. */
export function differenceText(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '∞';
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1e4) return shortText(value);
  return value.toExponential(1).replaceAll('-', MINUS).replace('e+', 'e');
}

/** Six decimals, and more where six are all nines. */
export function correlationText(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === 1) return '1';
  const text = value > 0.999999 ? value.toFixed(9) : value.toFixed(6);
  return (Number(text) === 1 ? value.toFixed(12) : text).replace('-', MINUS);
}

/** Beyond 128 a distance in units of the last place says nothing but that. */
export const ulpText = (value: number): string =>
  Number.isNaN(value) ? '–' : value > 128 ? `>${THIN_SPACE}128` : String(value);

export const percentText = (value: number): string =>
  Number.isNaN(value)
    ? '–'
    : `${value === 100 || value === 0 ? value : value > 99.95 ? '< 100' : value < 0.05 ? '> 0' : value.toFixed(1)}${THIN_SPACE}%`;

export const metricText = (metric: MetricName, { [metric]: value }: Metrics): string => {
  if (metric === 'pcc' || metric === 'ccc' || metric === 'cosine') return correlationText(value);
  if (/^ulp/.test(metric)) return ulpText(value);
  if (/^equal/.test(metric)) return percentText(value);
  if (metric === 'sqnrDb')
    return value === Infinity
      ? '∞'
      : Number.isNaN(value)
        ? '–'
        : `${value.toFixed(1)}${THIN_SPACE}dB`.replace('-', MINUS);
  return differenceText(value);
};

const SHORT_TYPES: Readonly<Record<string, string>> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
};
export const typeText = (dtype: string): string => SHORT_TYPES[dtype] ?? dtype;
export const typesText = ([left, right]: readonly [string, string]): string =>
  left === right ? typeText(left) : `${typeText(left) || '–'} → ${typeText(right) || '–'}`;

export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? 'a number' : shape.map(group).join(' × ');

const group = (size: number): string => String(size).replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);

export const verdictWords: Readonly<Record<Verdict, string>> = {
  mismatch: 'mismatch',
  missing: 'missing on the right',
  unused: 'unused on the right',
  waiting: 'not compared yet',
  match: 'match',
  ignored: 'ignored',
};

export const verdictIcons = {
  mismatch: ['error', 'bad'],
  missing: ['circleSlash', 'warn'],
  unused: ['circleSlash', 'warn'],
  waiting: ['circleSmall', 'faint'],
  match: ['pass', 'ok'],
  ignored: ['circleSmall', 'faint'],
} as const satisfies Record<Verdict, readonly [string, string]>;
