/** How the command line says that something went wrong, and with which exit code it ends. */
import type { Outcome } from '../protocol/runEvent';
import type { Place, Problem } from '../engine/problem';
import { ProblemError } from '../engine/problem';

export const exitCode = { done: 0, failed: 1, badInput: 2, stopped: 130 } as const satisfies Record<
  Outcome | 'badInput',
  number
>;

/** Several problems with one input, all worth telling. */
export class ProblemsError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('\n'));
  }
}

/** Areas of problem codes where the input is in order and the machine or the run is not. */
const NOT_THE_INPUT =
  /^(disk\.(?!missing)|checkpoint|train|session|evaluate\.(time-limit|running)|run\.(owned|lease-lost|internal)|hub\.(network|server|rate-limited|wrong-|bad-answer))/;

/** `error code: message`, then the place on a line of its own. */
export function describeProblem({ severity, code, message, where }: Problem): string {
  const place = describePlace(where);
  return `${severity} ${code}: ${message}${place === '' ? '' : `\n  at ${place}`}`;
}

function describePlace({ file, line, byte, key }: Place): string {
  const at = [file, line, byte === undefined ? undefined : `byte ${byte}`]
    .filter(part => part !== undefined)
    .join(':');
  return [at, key && `(${key})`].filter(Boolean).join(' ');
}

export const exitCodeOf = (code: string): number =>
  NOT_THE_INPUT.test(code) ? exitCode.failed : exitCode.badInput;

/** Tells the error to `write`. @returns the exit code */
export function report(error: unknown, write: (line: string) => void): number {
  if (error instanceof ProblemError) return report(new ProblemsError([error.problem]), write);
  if (error instanceof ProblemsError) {
    for (const problem of error.problems) write(describeProblem(problem));
    return exitCodeOf(error.problems.find(p => p.severity === 'error')?.code ?? '');
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  write(`error internal: ${stack}`);
  return exitCode.failed;
}
