/**
 * The layers of one adapter, or of two side by side, as rows: their numbers, which are shown and in
 * which order, how far each metric reaches. Pure; knows nothing of the page.
 */
import {
  type AdapterEntry,
  type AdapterSnapshot,
  type InspectedLayer,
  type PairOverlap,
  shareOf,
} from '../../src/protocol/adapterView';
import { type ModelPlace, modelPlaceOf } from '../controls/parameterName';

export type Side = 'first' | 'second';

export interface LayerNumbers extends InspectedLayer {
  /** ‖BA‖ over ‖W‖; null while the base is not read. */
  readonly share: number | null;
}

export interface Row {
  readonly layer: string;
  readonly place: ModelPlace;
  /** Null where that adapter leaves the layer alone. */
  readonly first: LayerNumbers | null;
  readonly second: LayerNumbers | null;
  /** Of both, where both change it. */
  readonly cosine: number | null;
  readonly subspace: number | null;
}

export const ownMetrics = ['norm', 'share', 'largest', 'effectiveRank'] as const;
export const metrics = [...ownMetrics, 'subspace', 'cosine'] as const;
export type Metric = (typeof metrics)[number];
export type OwnMetric = (typeof ownMetrics)[number];

export const isOwn = (metric: Metric): metric is OwnMetric =>
  (ownMetrics as readonly Metric[]).includes(metric);

/** What a row is sorted by: its place in the model, or a number of one side. */
export interface Sorting {
  readonly by: Metric | 'layer';
  readonly side: Side;
  readonly isDescending: boolean;
}

/** Which adapters are shown, by their places in the snapshot. */
export interface Shown {
  readonly first: number;
  readonly second: number | null;
}

/** In the order of the model. */
export function rowsOf(snapshot: AdapterSnapshot, { first, second }: Shown): Row[] {
  const one = numbersOf(snapshot.adapters[first]);
  const other = numbersOf(second === null ? undefined : snapshot.adapters[second]);
  const overlaps = new Map(overlapOf(snapshot, { first, second }).map(each => [each.layer, each]));
  const layers = [...new Set([...one.keys(), ...other.keys()])].sort(inOrder.compare);
  return layers.map(layer => ({
    layer,
    place: modelPlaceOf(layer),
    first: one.get(layer) ?? null,
    second: other.get(layer) ?? null,
    cosine: overlaps.get(layer)?.cosine ?? null,
    subspace: overlaps.get(layer)?.subspace ?? null,
  }));
}

const inOrder = new Intl.Collator('en', { numeric: true });

const numbersOf = (entry: AdapterEntry | undefined): Map<string, LayerNumbers> =>
  new Map(
    entry?.adapter?.layers.map((layer, at) => [
      layer.layer,
      { ...layer, share: shareOf(entry, at) },
    ]),
  );

/** Of the layers that both change; none until it is known. */
export function overlapOf(
  { overlaps }: AdapterSnapshot,
  { first, second }: Shown,
): PairOverlap['layers'] {
  if (second === null) return [];
  const [low, high] = first < second ? [first, second] : [second, first];
  return overlaps.find(pair => pair.first === low && pair.second === high)?.layers ?? [];
}

export const valueOf = (row: Row, metric: Metric, side: Side): number | null =>
  isOwn(metric) ? (row[side]?.[metric] ?? null) : row[metric];

/** The end of a metric's scale, which begins at 0; the same for both sides, so that they compare. */
export function scaleEnd(rows: readonly Row[], metric: Metric): number {
  if (metric === 'subspace' || metric === 'cosine') return 1;
  const sides = rows.flatMap(({ first, second }) => [first, second]);
  const most = sides.map(one => {
    if (!one) return 0;
    return metric === 'effectiveRank' ? one.singularValues.length : (one[metric] ?? 0);
  });
  return Math.max(...most, 0);
}

/** 0 to 1 on that scale; NaN where there is no number. A cosine counts by its size. */
export function shareOnScale(value: number | null, end: number): number {
  if (value === null) return NaN;
  return end === 0 ? 0 : Math.min(1, Math.abs(value) / end);
}

/** Words that must all be in a name. */
export function selected(rows: readonly Row[], words: string, sorting: Sorting): Row[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = rows.filter(({ layer }) => {
    const name = layer.toLowerCase();
    return wanted.every(word => name.includes(word));
  });
  const { by, side, isDescending } = sorting;
  const turn = isDescending ? -1 : 1;
  if (by === 'layer') return isDescending ? fitting.toReversed() : fitting;
  const place = new Map(rows.map((row, at) => [row, at]));
  return fitting.sort((p, q) => {
    const [a, b] = [valueOf(p, by, side), valueOf(q, by, side)];
    // what has no number comes last, whichever way
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return turn * (a - b) || place.get(p)! - place.get(q)!;
  });
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? NaN : values.reduce((sum, x) => sum + x, 0) / values.length;

/** Mean subspace overlap that adapters without anything in common have: the larger rank over the outputs. */
export const overlapByChance = (rows: readonly Row[]): number =>
  mean(
    rows.flatMap(({ first, second }) => {
      if (!first || !second) return [];
      const rank = Math.max(first.singularValues.length, second.singularValues.length);
      return Math.min(1, rank / first.shape[0]);
    }),
  );

/** As few directions as hold nine tenths of ‖BA‖². */
export function directionsOfMost({ singularValues, norm }: InspectedLayer): number {
  let held = 0;
  const enough = singularValues.findIndex(value => (held += value * value) >= 0.9 * norm * norm);
  return norm === 0 ? 0 : enough + 1;
}
