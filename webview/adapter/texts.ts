/** Numbers and names of the view as people read them. */
import { shortText } from '../../src/curves/numberText';
import type { Metric, Side } from './adapterRows';

export const metricLabels: Readonly<Record<Metric, string>> = {
  norm: '‖BA‖',
  share: '‖BA‖ ÷ ‖W‖',
  largest: 'Largest σ',
  effectiveRank: 'Effective rank',
  subspace: 'Subspace overlap',
  cosine: 'Cosine',
};

export const metricTitles: Readonly<Record<Metric, string>> = {
  norm: 'Frobenius norm of scale · B · A',
  share: 'The same over the norm of the weight that it changes',
  largest: 'Largest singular value of scale · B · A',
  effectiveRank:
    'Over how many directions the change is spread: exp of the entropy of its singular values',
  subspace: 'Share of the directions that both write to: 0 none, 1 all of the smaller',
  cosine: 'Between both changes as vectors: −1 … 1',
};

export function metricText(metric: Metric, value: number | null): string {
  if (value === null) return '–';
  if (metric === 'share') return `${digits(100 * value)} %`;
  if (metric === 'effectiveRank') return value.toFixed(2);
  if (metric === 'subspace' || metric === 'cosine') return value.toFixed(3).replace('-', '−');
  return digits(value);
}

/** Three digits, so that numbers below each other line up. */
const digits = (value: number): string =>
  value >= 0.01 && value < 1000 ? value.toPrecision(3) : shortText(value);

/** How an adapter is called beside its name. */
export const sideLetters: Readonly<Record<Side, string>> = { first: 'A', second: 'B' };

/** Screen readers and titles. */
export const shapeText = ([out, input]: readonly [number, number]): string => `${out} × ${input}`;
