/** What stands under the cursor: exact values of real steps, one per run. Pure. */
import { lowerBound } from '../../src/curves/columns';
import type { Axis } from '../../src/protocol/curves';
import type { Scene, SceneRun } from './scene';

export interface Reading {
  run: SceneRun;
  step: number;
  tokens: number;
  seconds: number;
  /** Averaged and raw training loss. */
  train: number;
  raw: number;
  /** Last validation loss at or before the step, and its distance to the average; NaN = none. */
  validation: number;
  gap: number;
  learningRate: number;
  gradientNorm: number;
  tokensPerSecond: number;
}

export interface CursorReading {
  /** Snapped to a step that is there. */
  x: number;
  rows: readonly Reading[];
}

/** How far from a run's first or last step the cursor still reads it, in pixels. */
const REACH = 4;

/** Undefined where no run has a step. */
export function readAt(scene: Scene, cursor: number, axis: Axis): CursorReading | undefined {
  const near = scene.runs.flatMap(run => {
    const row = rowAt(run, cursor, scene);
    return row === undefined ? [] : [{ run, row }];
  });
  const lead = near.find(({ run }) => run.isHighlighted) ?? near[0];
  if (!lead) return undefined;
  const x = lead.run.window.windows.loss.x[lead.row]!;
  const rows = scene.runs.flatMap(run => {
    const row = rowAt(run, x, scene);
    return row === undefined ? [] : [readingOf(run, row)];
  });
  return { x: rows.length > 0 ? x : cursor, rows: rows.filter(r => Number.isFinite(r[axis])) };
}

/** The cursor `count` rows further, along the highlighted run or else the longest one. */
export function stepCursor(scene: Scene, cursor: number | null, count: number): number | null {
  const run =
    scene.runs.find(r => r.isHighlighted) ??
    scene.runs.toSorted((a, b) => b.window.windows.loss.length - a.window.windows.loss.length)[0];
  const rows = run ? visibleRows(run, scene) : [];
  if (rows.length === 0) return cursor;
  const at = cursor === null ? (count > 0 ? -1 : rows.length) : nearest(rows, cursor);
  return rows[Math.min(Math.max(at + count, 0), rows.length - 1)]!;
}

const visibleRows = ({ window }: SceneRun, { range }: Scene): number[] =>
  [...window.windows.loss.x].filter(x => x >= range[0] && x <= range[1]);

function rowAt(run: SceneRun, cursor: number, scene: Scene): number | undefined {
  const { x } = run.window.windows.loss;
  if (x.length === 0) return undefined;
  const row = nearest(x, cursor);
  const scale = scene.plots.loss.x;
  const distance = Math.abs(scale.toPixel(x[row]!) - scale.toPixel(cursor));
  const isInside = cursor >= x[0]! && cursor <= x.at(-1)!;
  return isInside || distance <= REACH ? row : undefined;
}

function nearest(ascending: ArrayLike<number>, value: number): number {
  const above = Math.min(lowerBound(ascending, value), ascending.length - 1);
  const below = Math.max(above - 1, 0);
  return value - ascending[below]! < ascending[above]! - value ? below : above;
}

function readingOf(run: SceneRun, row: number): Reading {
  const { windows, readings } = run.window;
  const { loss, validation } = windows;
  const x = loss.x[row]!;
  let evaluation = lowerBound(validation.x, x);
  if (evaluation === validation.length || validation.x[evaluation]! > x) evaluation--;
  const train = loss.line[row]!;
  const lastValidation = validation.last[evaluation] ?? NaN;
  return {
    run,
    step: readings.step[row]!,
    tokens: readings.tokens[row]!,
    seconds: readings.seconds[row]!,
    train,
    raw: loss.last[row]!,
    validation: lastValidation,
    gap: lastValidation - train,
    learningRate: readings.learningRate[row]!,
    gradientNorm: readings.gradientNorm[row]!,
    tokensPerSecond: readings.tokensPerSecond[row]!,
  };
}
