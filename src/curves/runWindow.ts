/**
 * What all plots show of one run in one range, and how that crosses from the host to the view: a
 * few pixel columns' worth of numbers, however long the run is.
 */
import type { RangeOfRun } from '../protocol/curves';
import { lowerBound } from './columns';
import type { RunSeries, StepField, XAxis } from './runSeries';
import {
  type CurveWindow,
  type WindowRequest,
  emptyWindow,
  narrow,
  packWindow,
  rowBounds,
  unpackWindow,
  windowOf,
} from './window';

export const metrics = [
  'loss',
  'validation',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
] as const;
export type Metric = (typeof metrics)[number];

/** Exact values at the last point of each row of the loss window, for the cursor. */
export const readingFields = [
  'step',
  'tokens',
  'seconds',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
] as const;
export type ReadingField = (typeof readingFields)[number];

export interface RunWindow {
  windows: Readonly<Record<Metric, CurveWindow>>;
  readings: Readonly<Record<ReadingField, Float64Array>>;
  /** Points of the range that these rows stand for, over all metrics. */
  points: number;
}

export interface RunWindowRequest extends WindowRequest {
  axis: XAxis;
  /** Pixel columns of the small plots. */
  smallColumns: number;
}

export type PackedRunWindow = Omit<RangeOfRun, 'id'>;

export function runWindowOf(series: RunSeries, request: RunWindowRequest): RunWindow {
  const { axis, smallColumns } = request;
  const { steps, evaluations } = series;
  const x = steps.get(axis);
  const plain = { ...request, smoothing: 0 };
  const bounds = rowBounds(x, request);
  const window = (field: StepField, of: WindowRequest) =>
    windowOf(x, steps.get(field), of, { bounds, summary: steps.summary(field) });
  const loss = window('loss', request);
  const validation = windowOf(evaluations.get(axis), evaluations.get('loss'), plain);
  const learningRate = window('learningRate', plain);
  const gradientNorm = window('gradientNorm', request);
  const tokensPerSecond = window('tokensPerSecond', request);
  const lastOf = (field: StepField) =>
    Float64Array.from(loss.x, (_, row) => steps.at(field, bounds[row + 1]! - 1));
  return {
    windows: {
      loss,
      validation,
      learningRate: narrow(learningRate, smallColumns),
      gradientNorm: narrow(gradientNorm, smallColumns),
      tokensPerSecond: narrow(tokensPerSecond, smallColumns),
    },
    readings: {
      step: lastOf('step'),
      tokens: lastOf('tokens'),
      seconds: lastOf('seconds'),
      learningRate: learningRate.last,
      gradientNorm: gradientNorm.line,
      tokensPerSecond: tokensPerSecond.line,
    },
    points: 4 * countWithin(x, request) + countWithin(evaluations.get(axis), request),
  };
}

export function emptyRunWindow(): RunWindow {
  const none = emptyWindow(0);
  const nothing = new Float64Array();
  return {
    windows: {
      loss: none,
      validation: none,
      learningRate: none,
      gradientNorm: none,
      tokensPerSecond: none,
    },
    readings: {
      step: nothing,
      tokens: nothing,
      seconds: nothing,
      learningRate: nothing,
      gradientNorm: nothing,
      tokensPerSecond: nothing,
    },
    points: 0,
  };
}

export function packRunWindow({ windows, readings, points }: RunWindow): PackedRunWindow {
  const rows = readings.step.length;
  const packed = new Float64Array(readingFields.length * rows);
  readingFields.forEach((field, i) => packed.set(readings[field], i * rows));
  return {
    windows: mapMetrics(metric => packWindow(windows[metric])),
    readings: packed.buffer,
    points,
  };
}

export function unpackRunWindow({ windows, readings, points }: PackedRunWindow): RunWindow {
  const rows = readings.byteLength / 8 / readingFields.length;
  const fields = readingFields.map((field, i) => [
    field,
    new Float64Array(readings, i * rows * 8, rows),
  ]);
  return {
    windows: mapMetrics(metric => unpackWindow(windows[metric])),
    readings: Object.fromEntries(fields) as Record<ReadingField, Float64Array>,
    points,
  };
}

const mapMetrics = <T>(of: (metric: Metric) => T): Record<Metric, T> =>
  Object.fromEntries(metrics.map(metric => [metric, of(metric)])) as Record<Metric, T>;

function countWithin(x: Float64Array, { from, to }: WindowRequest): number {
  const first = lowerBound(x, from);
  return x.length > 0 && x.at(-1)! <= to ? x.length - first : lowerBound(x, to) - first;
}
