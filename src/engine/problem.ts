/**
 * A user's mistake as data. Every module has its factories build these; only the edges (diagnostic,
 * notification, exit text) turn them into words on a screen.
 */

export interface Place {
  /** File the problem is in, as the user would name it. */
  file?: string;
  /** Offsets `[start, end)` in UTF-16 code units of that file's text. */
  range?: [number, number];
  /** Byte offset in a binary file. */
  byte?: number;
  /** 1-based line. */
  line?: number;
  /** Config key path, e.g. `model.n_embed`. */
  key?: string;
}

export interface Problem {
  /** Stable, e.g. `config.unknown-key`, `checkpoint.damaged`, `data.empty`. */
  code: string;
  severity: 'error' | 'warning';
  /** What is wrong and what to do, in one or two sentences. */
  message: string;
  where: Place;
}

/** Why something is refused: warnings refuse nothing. @param problems with an error among them */
export const firstError = (problems: readonly Problem[]): Problem =>
  problems.find(({ severity }) => severity === 'error')!;

/** Thrown across engine functions when the user's input or environment is at fault. Exit code 2 or 1. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

export function fail(code: string, message: string, where: Place = {}): never {
  throw new ProblemError({ code, severity: 'error', message, where });
}
