/**
 * What the numbers of a tensor come to, part by part: parts that were looked at one after the other
 * are joined. Knows nothing of files.
 */
import { asFloat32 } from '../tensor/asFloat32';
import type { Tensor } from '../tensor/tensor';

/** Plain data. The extremes are of finite numbers; NaN where there are none. */
export interface Moments {
  readonly count: number;
  readonly nan: number;
  readonly infinite: number;
  readonly zeros: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Sum of the squared distances from the mean. */
  readonly squares: number;
}

export const NO_MOMENTS: Moments = {
  count: 0,
  nan: 0,
  infinite: 0,
  zeros: 0,
  min: NaN,
  max: NaN,
  mean: NaN,
  squares: 0,
};

export const finiteCount = ({ count, nan, infinite }: Moments): number => count - nan - infinite;

/** Elements as numbers; whole ones beyond 2^53 are rounded. */
export function numbersOf(tensor: Tensor): Float32Array | Float64Array {
  if (tensor.dtype === 'float64') return tensor.data as Float64Array;
  const floats = asFloat32(tensor)?.data;
  if (floats !== undefined) return floats;
  const { data } = tensor;
  const numbers = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) numbers[i] = Number(data[i]);
  return numbers;
}

export function momentsOf(values: Float32Array | Float64Array): Moments {
  let [nan, infinite, zeros, sum] = [0, 0, 0, 0];
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value !== 0) {
      // neither NaN nor infinity is 0 away from itself
      if (value !== value) nan++;
      else infinite++;
      continue;
    }
    if (value === 0) zeros++;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const { length: count } = values;
  const finite = count - nan - infinite;
  if (finite === 0) return { ...NO_MOMENTS, count, nan, infinite };
  const mean = sum / finite;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const distance = values[i]! - mean;
    if (distance - distance === 0) squares += distance * distance;
  }
  return { count, nan, infinite, zeros, min, max, mean, squares };
}

/** Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for variances", 1979. */
export function joinMoments(a: Moments, b: Moments): Moments {
  const [n, m] = [finiteCount(a), finiteCount(b)];
  const counts = {
    count: a.count + b.count,
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    zeros: a.zeros + b.zeros,
  };
  if (n === 0 || m === 0) return { ...(n === 0 ? b : a), ...counts };
  const distance = b.mean - a.mean;
  return {
    ...counts,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: a.mean + (distance * m) / (n + m),
    squares: a.squares + b.squares + distance * distance * ((n * m) / (n + m)),
  };
}

/** Of all finite numbers, not an estimate from a sample. */
export const deviationOf = (moments: Moments): number =>
  Math.sqrt(moments.squares / finiteCount(moments));
