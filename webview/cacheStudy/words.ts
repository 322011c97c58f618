/** How strategies, measures and numbers are called and drawn in this view. Knows no state. */
import { shortText } from '../../src/curves/numberText';
import type {
  LayerErrors,
  StrategyName,
  StudyReport,
  StudyResult,
  VariantSummary,
} from '../../src/protocol/cacheStudy';
import type { Measure } from './taste';

export interface StrategyLook {
  readonly name: string;
  /** What is kept, for the hover. */
  readonly title: string;
  /** Of the theme's series: hue and dash. */
  readonly slot: number;
  readonly shape: 'square' | 'cross' | 'triangle' | 'diamond' | 'circle';
}

export const strategyLooks: Readonly<Record<StrategyName, StrategyLook>> = {
  full: { name: 'full', title: 'A cache for each adapter: the truth', slot: 0, shape: 'square' },
  base: {
    ...{ name: 'base', slot: 7, shape: 'circle' },
    title: "The base's cache for all: the adapter is ignored in the prefix",
  },
  'lowrank-v-pinv': {
    ...{ name: 'low-rank V, pinv', slot: 2, shape: 'triangle' },
    title: 'V = V of the base + B·m, m = pinv(B)·(V − V of the base); K of the base',
  },
  'lowrank-v': {
    ...{ name: 'low-rank V', slot: 3, shape: 'diamond' },
    title: 'V = V of the base + s·B·z, z = A·x; K of the base',
  },
  'lowrank-kv': {
    ...{ name: 'low-rank K and V', slot: 1, shape: 'cross' },
    title: 'V and K = those of the base + s·B·z, that of K rotated after it is expanded',
  },
};

export const measureNames: Readonly<Record<Measure, string>> = {
  v_rel_l2: 'V, relative L2 in %',
  k_rel_l2: 'K, relative L2 in %',
  v_max_abs: 'V, largest difference',
  k_max_abs: 'K, largest difference',
  v_pcc: 'V, 1 − correlation',
  k_pcc: 'K, 1 − correlation',
};

export const sideOf = (measure: Measure): 'k' | 'v' => (measure.startsWith('k') ? 'k' : 'v');

/** What a cell says: larger is worse; null where it is not defined. */
export function measured(layer: LayerErrors, measure: Measure): number | null {
  switch (measure) {
    case 'v_rel_l2':
    case 'k_rel_l2':
      return 100 * layer[measure];
    case 'v_max_abs':
    case 'k_max_abs':
      return layer[measure];
    case 'v_pcc':
    case 'k_pcc': {
      const pcc = layer[measure];
      return pcc === null ? null : 1 - pcc;
    }
  }
}

/** Two digits at most: cells are small. */
export function cellText(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  if (value < 0.01) return '<.01';
  if (value >= 99.5) return value < 1000 ? value.toFixed(0) : '>999';
  return value >= 9.95 ? value.toFixed(0) : value >= 0.995 ? value.toFixed(1) : value.toFixed(2);
}

/** Shares of the colours: four decades. */
export const HEAT = { from: 0.01, to: 100 };

export const heatShare = (value: number | null): number =>
  value === null || value <= 0
    ? 0
    : Math.log10(value / HEAT.from) / Math.log10(HEAT.to / HEAT.from);

export const klText = (kl: number): string => (kl === 0 ? '0' : shortText(kl));
export const percentText = (share: number): string => `${Number((100 * share).toFixed(1))}\u2009%`;

/** Bytes in binary units, as memory is counted: "72 MiB". */
export function memoryText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, at] = [bytes, 0];
  while (value >= 1000 && at < units.length - 1) [value, at] = [value / 1024, at + 1];
  const digits = value >= 100 || at === 0 ? 0 : value >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))}\u2009${units[at]}`;
}

/** ` “pens”`: a token of the prefix as text; nothing without a tokenizer. */
export function tokenName({ prefix_pieces }: StudyReport, token: number): string {
  const piece = prefix_pieces?.[token];
  if (piece === undefined) return '';
  const shown = piece.replaceAll('\n', '⏎').replaceAll('\t', '⇥').trim();
  return shown === '' ? ' (space)' : ` “${shown}”`;
}

/** "low-rank V, int8, r 4" */
export function variantName({
  strategy,
  store,
  rank,
}: Pick<VariantSummary, 'strategy' | 'store' | 'rank'>): string {
  const parts = [strategyLooks[strategy].name];
  if (store !== 'fp32') parts.push(store);
  if (rank !== 'own') parts.push(`r ${rank}`);
  return parts.join(', ');
}

/** "equal for all 64 tokens", "equal for 22" */
export const equalText = ({ first_divergence, greedy_ids }: StudyResult): string =>
  first_divergence === null
    ? `equal for all ${greedy_ids.length} tokens`
    : `equal for ${first_divergence}`;
