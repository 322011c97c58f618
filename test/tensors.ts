/** Comparing tensors in tests. */
import type { Tensor } from '../src/engine/tensor/tensor';

const numbers = (t: Tensor): number[] => Array.from(t.data as Iterable<number | bigint>, Number);

export function largestDifference(a: Tensor, b: Tensor): number {
  if (a.shape.join() !== b.shape.join())
    throw new Error(`shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] differ`);
  const y = numbers(b);
  return numbers(a).reduce((most, x, i) => {
    const difference = Math.abs(x - y[i]!);
    return difference > most || Number.isNaN(difference) ? difference : most;
  }, 0);
}

export const largestValue = (t: Tensor): number =>
  numbers(t).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
