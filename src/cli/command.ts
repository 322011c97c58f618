/** What every command is given and what several of them ask for. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Terminal } from './terminal';

export interface CommandContext {
  out: Terminal;
  err: Terminal;
  /** The code to end with once all is done. */
  readonly exit: (code: number) => void;
}

/** Adds one command to the program. */
export type AddCommand = (program: Command, context: CommandContext) => void;

export const runsOption = (): Option =>
  new Option('--runs <dir>', 'folder of the runs')
    .default(resolve('runs'), 'runs')
    .argParser(path => resolve(path));

/** An id, the end or beginning of it, a path, or `latest`. */
export const RUN_ARGUMENT = ['<run>', 'its id or the end of it, its folder, or "latest"'] as const;

export function runName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Letters, digits, dot, dash and underscore, at most 64.');
}

/** This program, to be started again as the process of a run. */
export const cliPath = (): string => realpathSync(process.argv[1]!);
