/** Maps values to pixels on a linear or logarithmic axis, and back. Knows nothing of drawing. */

export type Distribution = 'linear' | 'log';

export interface Scale {
  readonly kind: Distribution;
  readonly from: number;
  readonly to: number;
  /** Pixel of a value; NaN when the axis has no place for it (zero or less on a log axis). */
  toPixel(value: number): number;
  toValue(pixel: number): number;
}

/** `start` is the pixel of `from`, `end` that of `to`; a vertical axis has `start > end`. */
export function scaleOf(
  kind: Distribution,
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): Scale {
  const forward = kind === 'log' ? logOrNaN : (value: number) => value;
  const back = kind === 'log' ? Math.exp : (value: number) => value;
  const low = forward(from);
  const perUnit = (end - start) / (forward(to) - low);
  return {
    kind,
    from,
    to,
    toPixel: value => start + (forward(value) - low) * perUnit,
    toValue: pixel => back(low + (pixel - start) / perUnit),
  };
}

const logOrNaN = (value: number): number => (value > 0 ? Math.log(value) : NaN);

/** Range that `factor` magnifies around `center`; in log space on a log axis. */
export function zoomRange(
  kind: Distribution,
  [from, to]: readonly [number, number],
  center: number,
  factor: number,
): [number, number] {
  const unit = scaleOf(kind, [from, to], [0, 1]);
  const at = unit.toPixel(center);
  return [unit.toValue(at - at / factor), unit.toValue(at + (1 - at) / factor)];
}

/** Range moved by `share` of its length. */
export function shiftRange(
  kind: Distribution,
  range: readonly [number, number],
  share: number,
): [number, number] {
  const unit = scaleOf(kind, range, [0, 1]);
  return [unit.toValue(share), unit.toValue(1 + share)];
}

/** Shifts `range` back within `bounds`, and shortens it when it is longer than these. */
export function clampRange(
  kind: Distribution,
  [from, to]: readonly [number, number],
  [lowest, highest]: readonly [number, number],
): [number, number] {
  const unit = scaleOf(kind, [lowest, highest], [0, 1]);
  const [a, b] = [unit.toPixel(from), unit.toPixel(to)];
  const length = b - a;
  if (!(length < 1)) return [lowest, highest];
  const start = Math.min(Math.max(a, 0), 1 - length);
  return [
    start === 0 ? lowest : unit.toValue(start),
    start === 1 - length ? highest : unit.toValue(start + length),
  ];
}
