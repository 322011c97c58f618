/** Opening files of tensors in tests: what is in them, and why they are refused. */
import { expect } from 'vitest';
import type { TensorFile } from '../../../src/engine/formats/tensorFile';
import { openTensorFile } from '../../../src/engine/formats/tensorFile';
import type { Problem } from '../../../src/engine/problem';
import { ProblemError } from '../../../src/engine/problem';
import { widen } from '../../../src/engine/tensor/halfPrecision';
import type { Tensor } from '../../../src/engine/tensor/tensor';

/** What `use` gives of an open file, which is closed again. */
export function withFile<T>(path: string, use: (file: TensorFile) => T): T {
  const file = openTensorFile(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Every tensor that can be read. */
export const tensorsOf = (path: string): Map<string, Tensor> =>
  withFile(path, file => new Map([...file.entries.keys()].map(name => [name, file.read(name)])));

/** The problem that `act` ends with, which names its file; any other end fails the test. */
export function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error.problem.where.file).toBeTruthy();
    return error.problem;
  }
  throw new Error('succeeded, but a problem was expected');
}

/** Elements as numbers; whole ones beyond 2^53 are rounded. */
export const valuesOf = ({ dtype, data }: Tensor): number[] =>
  dtype === 'float16' || dtype === 'bfloat16'
    ? Array.from(data as Uint16Array, widen[dtype])
    : Array.from(data as Iterable<number | bigint>, Number);
