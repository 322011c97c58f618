/**
 * The geometry of a curve from its window, for any drawing surface: the averaged line, the min–max
 * band, and the marks of evaluations. Gaps stay gaps.
 */
import type { Scale } from './scale';
import { type CurveWindow, isSparse } from './window';

/** The part of a canvas path that both Path2D and an SVG path can do. */
export interface PathSink {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
}

/** The averaged line, through the last point of each row. */
export function traceLine(path: PathSink, window: CurveWindow, x: Scale, y: Scale): void {
  let isDown = false;
  for (let row = 0; row < window.length; row++) {
    const px = x.toPixel(window.x[row]!);
    const py = y.toPixel(window.line[row]!);
    if (Number.isNaN(px) || Number.isNaN(py)) {
      isDown = false;
      continue;
    }
    if (isDown) path.lineTo(px, py);
    else path.moveTo(px, py);
    isDown = window.missing[row] === 0;
  }
}

/** `raw`: of the points themselves; `line`: of their average, where the points are not shown. */
export type Extremes = 'raw' | 'line';

/** The extremes of each row as closed shapes, one per stretch without gaps. */
export function traceBand(
  path: PathSink,
  window: CurveWindow,
  x: Scale,
  y: Scale,
  extremes: Extremes = 'raw',
): void {
  const band = bandOf(window, x, y, extremes);
  for (const [from, to] of stretches(window, band)) traceStretch(path, band, from, to);
}

/** Broad rows nearer to each other than this, in pixels, look the same as bars. */
const BAR_PIXELS = 1.5;

/** Whether the rows are so broad, and lie so close, that `traceBars` shows what `traceBand` does. */
export function isDense(window: CurveWindow, x: Scale): boolean {
  const { x: at, length } = window;
  if (length < 2 || isSparse(window)) return false;
  return x.toPixel(at[length - 1]!) - x.toPixel(at[0]!) < BAR_PIXELS * (length - 1);
}

/**
 * The band as bars that share their edges, which a canvas fills much faster than one shape with as
 * many corners. A bar reaches to the extremes of the one before, as the shape's slopes do.
 * @param bar gets whole pixels across, and from the top down
 */
export function traceBars(
  window: CurveWindow,
  x: Scale,
  y: Scale,
  extremes: Extremes,
  bar: (left: number, top: number, width: number, height: number) => void,
): void {
  const band = bandOf(window, x, y, extremes);
  for (const [from, to] of stretches(window, band)) {
    let left = Math.round(band.x[from]!);
    let [top, bottom] = [band.high[from]!, band.low[from]!];
    for (let row = from; row < to; row++) {
      top = Math.min(top, band.high[row]!);
      bottom = Math.max(bottom, band.low[row]!);
      const isLast = row === to - 1;
      const next = band.x[isLast ? row : row + 1]!;
      const right = Math.max(Math.round((band.x[row]! + next) / 2), isLast ? left + 1 : left);
      if (right <= left) continue; // less than a pixel: the next bar shows it
      bar(left, top, right - left, bottom - top);
      left = right;
      [top, bottom] = [band.low[row]!, band.high[row]!];
    }
  }
}

/** Pixel positions. */
interface Band {
  x: Float64Array;
  low: Float64Array;
  high: Float64Array;
}

function bandOf(window: CurveWindow, x: Scale, y: Scale, extremes: Extremes): Band {
  const [low, high] =
    extremes === 'raw' ? [window.min, window.max] : [window.lineMin, window.lineMax];
  return { x: pixelsOf(window.x, x), low: pixelsOf(low, y), high: pixelsOf(high, y) };
}

/** Rows [from, to) between gaps. */
function stretches(window: CurveWindow, band: Band): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (let from = 0; from < window.length;) {
    let to = from;
    while (to < window.length && isDrawable(band, to)) {
      to++;
      if (window.missing[to - 1]! > 0) break;
    }
    if (to > from) found.push([from, to]);
    from = Math.max(to, from + 1);
  }
  return found;
}

function traceStretch(path: PathSink, { x, low, high }: Band, from: number, to: number): void {
  path.moveTo(x[from]!, high[from]!);
  for (let row = from + 1; row < to; row++) path.lineTo(x[row]!, high[row]!);
  for (let row = to - 1; row >= from; row--) path.lineTo(x[row]!, low[row]!);
  path.closePath();
}

const isDrawable = ({ x, low, high }: Band, row: number): boolean =>
  !Number.isNaN(x[row]! + low[row]! + high[row]!);

const pixelsOf = (values: Float64Array, scale: Scale): Float64Array =>
  values.map(value => scale.toPixel(value));

/** Pixel positions of the rows' last points that keep `distance` from each other. */
export function marksOf(
  window: CurveWindow,
  x: Scale,
  y: Scale,
  distance: number,
): [number, number][] {
  const marks: [number, number][] = [];
  let previous = -Infinity;
  for (let row = 0; row < window.length; row++) {
    const px = x.toPixel(window.x[row]!);
    const py = y.toPixel(window.last[row]!);
    if (Number.isNaN(px) || Number.isNaN(py) || px - previous < distance) continue;
    marks.push([px, py]);
    previous = px;
  }
  return marks;
}
