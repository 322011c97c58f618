/**
 * The model as a picture: layers across, modules down, each cell the worst of its parameters. Very
 * many layers or modules are put together. Knows nothing of the page.
 */
import type { MetricName, Profile } from '../../src/protocol/diffMetrics';
import type { DiffTable, Verdict } from './diffTable';
import { verdicts } from './diffTable';
import { modelLayout } from '../controls/modelLayout';
import { moduleLabel } from '../controls/parameterName';

export const mapMetrics = ['relL2', 'maxAbs', 'pcc', 'ulp99', 'equalBits'] as const;
export type MapMetric = (typeof mapMetrics)[number];

export const mapLabels: Readonly<Record<MapMetric, string>> = {
  relL2: 'Relative L2',
  maxAbs: 'Max abs',
  pcc: '1 − PCC',
  ulp99: 'ULP p99',
  equalBits: 'Unequal bits',
};

export interface MapCell {
  /** The worst of its parameters. */
  readonly row: number;
  readonly verdict: Verdict;
  /** 0 to 1 on the ramp; NaN where there is no number. */
  readonly share: number;
  readonly parameters: number;
}

export interface ModelMap {
  readonly modules: readonly string[];
  readonly labels: readonly string[];
  /** First and last layer of each column. */
  readonly layers: readonly (readonly [from: number, to: number])[];
  /** Row by row; undefined where the model has nothing. */
  readonly cells: readonly (MapCell | undefined)[];
  /** Outside of layers. */
  readonly others: readonly { readonly label: string; readonly cell: MapCell }[];
}

const MOST_OTHERS = 12;

export function modelMap(table: DiffTable, metric: MapMetric): ModelMap {
  const { places } = table;
  const { modules, labels, layers, cellOf } = modelLayout(places);
  const cells = new Array<MapCell | undefined>(modules.length * layers.length).fill(undefined);
  const outside = new Map<string, MapCell>();
  places.forEach(({ module }, row) => {
    if (table.verdictOf(row) === 'ignored') return;
    const at = cellOf[row];
    if (at === undefined) outside.set(module, worse(table, metric, outside.get(module), row));
    else cells[at] = worse(table, metric, cells[at], row);
  });
  const others = [...outside].slice(0, MOST_OTHERS);
  return {
    ...{ modules, labels, layers, cells },
    others: others.map(([module, cell]) => ({ label: moduleLabel(module), cell })),
  };
}

function worse(
  table: DiffTable,
  metric: MapMetric,
  before: MapCell | undefined,
  row: number,
): MapCell {
  const verdict = table.verdictOf(row);
  const share = shareOf(table, row, metric);
  const parameters = (before?.parameters ?? 0) + 1;
  const own = { row, verdict, share, parameters };
  if (!before) return own;
  const rank = verdicts.indexOf(verdict) - verdicts.indexOf(before.verdict);
  const isWorse = rank < 0 || (rank === 0 && (share || 0) > (before.share || 0));
  return isWorse ? own : { ...before, parameters };
}

/** Ends of each scale, in powers of ten of what grows with the distance. */
const SCALES: Readonly<Record<MapMetric, readonly [from: number, to: number]>> = {
  relL2: [-4, 0],
  maxAbs: [-5, 1],
  pcc: [-8, 0],
  ulp99: [0, 5],
  equalBits: [-2, 2],
};

/** What grows with the distance of both sides. */
const sizes: Readonly<Record<MapMetric, (value: number) => number>> = {
  relL2: x => x,
  maxAbs: x => x,
  pcc: x => 1 - x,
  ulp99: x => x,
  equalBits: x => 100 - x,
};

export function shareOf(table: DiffTable, row: number, metric: MapMetric): number {
  return scaled(sizes[metric](table.valueOf(row, metric)), metric);
}

function scaled(size: number, metric: MapMetric): number {
  if (Number.isNaN(size)) return NaN;
  if (size <= 0) return 0;
  const [from, to] = SCALES[metric];
  return Math.min(1, Math.max(0, (Math.log10(size) - from) / (to - from)));
}

/** Where the bound of a profile is on the scale; undefined when it has none there. */
export function boundShare(profile: Profile, metric: MapMetric): number | undefined {
  const bound = {
    relL2: profile.relL2,
    maxAbs: profile.maxAbs,
    pcc: profile.pcc === undefined ? undefined : 1 - profile.pcc,
    ulp99: profile.ulp99,
    equalBits: undefined,
  }[metric];
  return bound === undefined ? undefined : scaled(bound, metric);
}

/** Labels below the ramp: share and text. */
export function scaleTicks(metric: MapMetric): { share: number; text: string }[] {
  const [from, to] = SCALES[metric];
  const step = to - from > 4 ? 2 : 1;
  const ticks: { share: number; text: string }[] = [];
  for (let power = from + 1; power <= to; power += step)
    ticks.push({ share: (power - from) / (to - from), text: powerText(power, metric) });
  return ticks;
}

const powerText = (power: number, metric: MapMetric): string => {
  const unit = metric === 'equalBits' ? ' %' : '';
  return power < -2 ? `1e−${-power}${unit}` : `${10 ** power}${unit}`;
};

/** A metric of the table as the map would colour it, for its bars. */
export const barShare = (table: DiffTable, row: number, metric: MetricName): number =>
  metric === 'relL2' ? shareOf(table, row, 'relL2') : NaN;
