/** The library's singular values give numpy's pseudo-inverse, also of matrices that have no inverse. */
import { describe, expect, it } from 'vitest';
import { leadingDirections, pseudoInverse } from '../../../src/engine/cacheStudy/keyValueMaps';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { fixture } from './studies';

const matrices = readSafetensors(fixture('pinv.safetensors'));
const names = [...matrices.keys()].flatMap(name =>
  name.endsWith('/b') ? [name.replace('/b', '')] : [],
);

const norm = (xs: Float64Array): number => Math.sqrt(xs.reduce((sum, x) => sum + x * x, 0));

describe.each(names)('of %s', name => {
  const { shape, data } = matrices.get(`${name}/b`)!;
  const b = data as Float64Array;
  const [rows = 0, r = 0] = shape;
  const inverse = pseudoInverse(b, r);

  it('is numpy’s', () => {
    const theirs = matrices.get(`${name}/pinv`)!.data as Float64Array;
    const off = norm(inverse.map((x, i) => x - theirs[i]!));
    expect(off).toBeLessThanOrEqual(1e-9 * norm(theirs));
  });

  it('solves B·B⁺·B = B, as the notebook checks', () => {
    const middle = product(b, inverse, [rows, r, rows]);
    const again = product(middle, b, [rows, rows, r]);
    expect(norm(again.map((x, i) => x - b[i]!))).toBeLessThanOrEqual(1e-11 * norm(b));
  });

  it('the leading directions lose the least: nothing when all are taken', () => {
    const least = Math.min(rows, r);
    const off = (rank: number) => {
      const w = leadingDirections(b, r, rank);
      const kept = product(b, w, [rows, r, rank]);
      const back = product(kept, transposed(w, r), [rows, rank, r]);
      return norm(back.map((x, i) => x - b[i]!));
    };
    expect(off(least)).toBeLessThanOrEqual(1e-12 * norm(b) + 1e-300);
    const [half, quarter] = [off(Math.ceil(least / 2)), off(Math.ceil(least / 4))];
    expect(half).toBeLessThanOrEqual(quarter + 1e-12 * norm(b));
  });
});

function product(
  a: Float64Array,
  b: Float64Array,
  [rows, n, columns]: [number, number, number],
): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < n; k++)
      for (let j = 0; j < columns; j++) c[i * columns + j]! += a[i * n + k]! * b[k * columns + j]!;
  return c;
}

function transposed(m: Float64Array, rows: number): Float64Array {
  const columns = m.length / rows;
  return m.map((_, at) => m[(at % rows) * columns + Math.floor(at / rows)]!);
}
