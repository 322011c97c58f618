/** What comes of opening a file of tensors: outside of tests, too. */
import type { TensorFile } from '../../../src/engine/formats/tensorFile';
import { openWeights } from '../../../src/engine/formats/weightFolder';
import { ProblemError } from '../../../src/engine/problem';

/** `ok` or the code of the refusal, having opened the file, read what can be read, and verified. */
export function outcomeOf(path: string): string {
  try {
    const file = openWeights(path);
    try {
      for (const [name, { bytes }] of file.entries) if (bytes < 1e7) readIfReadable(file, name);
      file.verify();
    } finally {
      file.close();
    }
    return 'ok';
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    if (!error.problem.where.file) throw new Error(`${error.problem.code} names no file`);
    return error.problem.code;
  }
}

function readIfReadable(file: TensorFile, name: string): void {
  try {
    file.read(name);
  } catch (error) {
    const isKnown =
      error instanceof ProblemError && /\.(unsupported-dtype|unreadable)$/.test(error.problem.code);
    if (!isKnown) throw error;
  }
}
