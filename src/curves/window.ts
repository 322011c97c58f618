/**
 * What one curve shows of a range at a given width: at most one row per pixel column, each with the
 * extremes of its points, so that no spike is lost, and with the exact values of its last point.
 * Points that are not finite are counted, so that a gap can be drawn as a gap.
 */
import { lowerBound } from './columns';
import { Summary } from './summary';

export const windowFields = [
  /** x of the last point of the row. */
  'x',
  /** Raw extremes, and the raw value of the last point; NaN when none is finite. */
  'min',
  'max',
  'last',
  /** The same of the averaged line; its extremes are its last value when they are not wanted. */
  'lineMin',
  'lineMax',
  'line',
  /** Points of the row that are not finite. */
  'missing',
] as const;
export type WindowField = (typeof windowFields)[number];

export type CurveWindow = Readonly<Record<WindowField, Float64Array>> & {
  /** Rows. */
  readonly length: number;
};

export interface WindowRequest {
  /** Visible range along x, both ends included. */
  from: number;
  to: number;
  /** Pixel columns between `from` and `to`. */
  columns: number;
  /** Whether the columns are equally wide in log x. */
  log: boolean;
  /** β of the averaged line; 0 = the raw values. */
  smoothing: number;
  /** Whether the extremes of the average are wanted, where the raw ones are not shown. */
  lineExtremes: boolean;
}

/**
 * Where the rows of a window begin: row r holds the points `bounds[r] ≤ i < bounds[r + 1]`. One row
 * before and one after the range are added, each of a single point, so that lines run to the edges.
 */
export function rowBounds(x: Float64Array, request: WindowRequest): Int32Array {
  const first = lowerBound(x, request.from);
  const end = upperBound(x, request.to);
  const bounds = new Int32Array(Math.min(request.columns, end - first) + 3);
  let length = 0;
  if (first > 0) bounds[length++] = first - 1;
  const edge = columnEdges(request);
  for (let column = 1, from = first; from < end;) {
    bounds[length++] = from;
    // Jump over empty columns: few points in a wide plot.
    while (column < request.columns && edge(column) <= x[from]!) column++;
    from = column < request.columns ? Math.min(lowerBound(x, edge(column), from + 1), end) : end;
  }
  bounds[length++] = end;
  if (end < x.length) bounds[length++] = end + 1;
  return bounds.subarray(0, length);
}

export interface KnownOfCurve {
  /** Those of `x`, for curves that share it. */
  bounds?: Int32Array;
  /** Of `y`, where one is kept. */
  summary?: Summary;
}

/** Down-samples `y` over ascending `x`. */
export function windowOf(
  x: Float64Array,
  y: Float64Array,
  request: WindowRequest,
  { bounds = rowBounds(x, request), summary = new Summary(y) }: KnownOfCurve = {},
): CurveWindow {
  const window = emptyWindow(Math.max(0, bounds.length - 1));
  const { min, max, last, lineMin, lineMax, line, missing } = window;
  const averaging = { beta: request.smoothing, withExtremes: request.lineExtremes };
  for (let row = 0; row < window.length; row++) {
    const end = bounds[row + 1]!;
    const stretch = summary.stretch(bounds[row]!, end, averaging);
    window.x[row] = x[end - 1]!;
    min[row] = stretch.min;
    max[row] = stretch.max;
    last[row] = stretch.last;
    lineMin[row] = stretch.lineMin;
    lineMax[row] = stretch.lineMax;
    line[row] = stretch.line;
    missing[row] = stretch.missing;
  }
  return window;
}

/** Merges neighbouring rows so that at most `columns` remain, for a narrower plot. */
export function narrow(window: CurveWindow, columns: number): CurveWindow {
  const factor = Math.ceil(window.length / Math.max(1, columns));
  if (factor <= 1) return window;
  const length = Math.ceil(window.length / factor);
  const merged = emptyWindow(length);
  for (let row = 0; row < length; row++) {
    const from = row * factor;
    const to = Math.min(window.length, from + factor);
    mergeRows(window, from, to, merged, row);
  }
  return merged;
}

/** Few rows stand for several points: the band is but a thin line, and needs more ink to be seen. */
export const isSparse = ({ length, min, max }: CurveWindow): boolean =>
  min.reduce((broad, low, row) => broad + (max[row]! > low ? 1 : 0), 0) < length / 4;

/** All fields in one buffer, field after field, so that a window crosses a boundary in one piece. */
export function packWindow(window: CurveWindow): ArrayBuffer {
  const packed = new Float64Array(windowFields.length * window.length);
  windowFields.forEach((field, i) => packed.set(window[field], i * window.length));
  return packed.buffer;
}

export function unpackWindow(buffer: ArrayBuffer): CurveWindow {
  return windowOver(buffer, buffer.byteLength / 8 / windowFields.length);
}

export const emptyWindow = (length: number): CurveWindow =>
  windowOver(new ArrayBuffer(windowFields.length * length * 8), length);

function windowOver(buffer: ArrayBuffer, length: number): CurveWindow {
  const fields = windowFields.map((field, i) => [
    field,
    new Float64Array(buffer, i * length * 8, length),
  ]);
  return { ...(Object.fromEntries(fields) as Record<WindowField, Float64Array>), length };
}

/** Upper edge of pixel column `column` (1-based), exclusive. */
function columnEdges({ from, to, columns, log }: WindowRequest): (column: number) => number {
  if (!log) return column => from + ((to - from) * column) / columns;
  const start = Math.log(from);
  const span = Math.log(to) - start;
  return column => Math.exp(start + (span * column) / columns);
}

function upperBound(ascending: Float64Array, value: number): number {
  let end = lowerBound(ascending, value);
  while (end < ascending.length && ascending[end] === value) end++;
  return end;
}

function mergeRows(
  source: CurveWindow,
  from: number,
  to: number,
  target: CurveWindow,
  row: number,
): void {
  target.x[row] = source.x[to - 1]!;
  for (const field of ['min', 'lineMin'] as const)
    target[field][row] = extreme(source[field], from, to, (a, b) => a < b);
  for (const field of ['max', 'lineMax'] as const)
    target[field][row] = extreme(source[field], from, to, (a, b) => a > b);
  let missing = 0;
  target.last[row] = NaN;
  target.line[row] = NaN;
  for (let i = from; i < to; i++) {
    missing += source.missing[i]!;
    if (Number.isNaN(source.line[i]!)) continue;
    target.last[row] = source.last[i]!;
    target.line[row] = source.line[i]!;
  }
  target.missing[row] = missing;
}

function extreme(
  values: Float64Array,
  from: number,
  to: number,
  beats: (a: number, b: number) => boolean,
): number {
  let found = NaN;
  for (let i = from; i < to; i++)
    if (Number.isNaN(found) || beats(values[i]!, found)) found = values[i]!;
  return found;
}
