/** How far two tensors of the same values agree, in double precision. Pure. */
import type { Tensor } from '../tensor/tensor';

export interface Agreement {
  /** Pearson's correlation; 1 or 0 by closeness where it is undefined. */
  readonly pcc: number;
  readonly largest: number;
  /** ‖a − b‖ / ‖a‖ */
  readonly relative: number;
  /** Numbers that are not finite on one side only. */
  readonly notFinite: number;
}

/** @param from elements `[from, to)` of both */
export function agreementOf(a: Tensor, b: Tensor, from = 0, to = a.data.length): Agreement {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  let [sx, sy, largest, notFinite, n] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) {
      if (!Object.is(x[i], y[i])) notFinite++;
      continue;
    }
    n++;
    sx += x[i]!;
    sy += y[i]!;
    largest = Math.max(largest, Math.abs(x[i]! - y[i]!));
  }
  const [mx, my] = [sx / Math.max(1, n), sy / Math.max(1, n)];
  let [xx, yy, xy, square, error] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) continue;
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
    square += x[i]! ** 2;
    error += (x[i]! - y[i]!) ** 2;
  }
  const relative = square === 0 ? Math.sqrt(error) : Math.sqrt(error / square);
  const pcc = xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : relative < 1e-3 ? 1 : 0;
  return { pcc: Math.max(-1, Math.min(1, pcc)), largest, relative, notFinite };
}

/** A correlation says nothing of scale: what is as far off as `least` allows is bad, too. */
export const isBad = ({ pcc, relative, notFinite }: Agreement, least: number): boolean =>
  pcc < least || relative > Math.sqrt(2 * (1 - least)) || notFinite > 0;
