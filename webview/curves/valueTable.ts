/** A plot's numbers as rows: the same as the curves show, for those who read or hear tables. */
import { countText, durationText, lossText, shortText } from '../../src/curves/numberText';
import type { Metric } from '../../src/curves/runWindow';
import type { Axis } from '../../src/protocol/curves';
import type { Scene, SceneRun } from './scene';

/** More rows than anybody reads; zooming in shows those between. */
const MOST_ROWS = 200;

export type TableMetric = Exclude<Metric, 'validation'>;

export interface ValueTable {
  axis: string;
  /** One group of columns a run. */
  groups: { run: SceneRun; heads: readonly string[] }[];
  rows: { position: string; cells: string[] }[];
  /** Rows that there would be without the limit. */
  total: number;
}

const axisHeads: Record<Axis, string> = { step: 'Step', tokens: 'Tokens', seconds: 'Time' };

/** The table of these runs of the scene. */
export function tableOf(
  runs: readonly SceneRun[],
  { range }: Scene,
  metric: TableMetric,
  axis: Axis,
): ValueTable {
  const groups = runs.map(run => groupOf(run, metric));
  const all = new Set<number>();
  for (const { x } of groups)
    for (const value of x) if (value >= range[0] && value <= range[1]) all.add(value);
  const positions = [...all].sort((a, b) => a - b);
  const stride = Math.max(1, Math.ceil(positions.length / MOST_ROWS));
  const isWhole = new Set(groups.flatMap(group => [...group.whole]));
  const last = positions.length - 1;
  const kept = positions.filter((x, i) => i % stride === 0 || i === last || isWhole.has(x));
  return {
    axis: axisHeads[axis],
    groups: groups.map(({ run, heads }) => ({ run, heads })),
    rows: kept.map(x => ({
      position: axis === 'seconds' ? durationText(x) : countText(x),
      cells: groups.flatMap(group => group.cells(x)),
    })),
    total: positions.length,
  };
}

/** Tab-separated, for the clipboard. */
export function textOf({ axis, groups, rows }: ValueTable): string {
  const heads = groups.flatMap(({ run, heads: own }) =>
    own.map(head => `${run.facts.name} ${head}`.trim()),
  );
  return [[axis, ...heads], ...rows.map(({ position, cells }) => [position, ...cells])]
    .map(cells => cells.join('\t'))
    .join('\n');
}

interface Group {
  run: SceneRun;
  heads: readonly string[];
  /** Where it has values. */
  x: Float64Array;
  /** Positions that are never left out: evaluations. */
  whole: Float64Array;
  cells(x: number): string[];
}

function groupOf(run: SceneRun, metric: TableMetric): Group {
  const { windows } = run.window;
  const { x, line, min, max } = windows[metric];
  const rows = rowsBy(x);
  const cell = (values: Float64Array, row: number | undefined, text: (v: number) => string) =>
    row === undefined ? '' : text(values[row]!);
  if (metric !== 'loss')
    return {
      run,
      heads: [''],
      x,
      whole: new Float64Array(),
      cells: at => [cell(line, rows.get(at), shortText)],
    };
  const { validation } = windows;
  const evaluations = rowsBy(validation.x);
  const extremes = (row: number | undefined) =>
    row === undefined ? '' : `${lossText(min[row]!)} – ${lossText(max[row]!)}`;
  return {
    run,
    heads: ['train', 'min–max', 'validation'],
    x: Float64Array.from([...x, ...validation.x]),
    whole: validation.length <= MOST_ROWS ? validation.x : new Float64Array(),
    cells: at => [
      cell(line, rows.get(at), lossText),
      extremes(rows.get(at)),
      cell(validation.last, evaluations.get(at), lossText),
    ],
  };
}

const rowsBy = (x: Float64Array): Map<number, number> =>
  new Map(Array.from(x, (value, row) => [value, row]));
