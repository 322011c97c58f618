/** The command line as a user has it: one bundled file in a process of its own, in a folder with data. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/protocol/runEvent';
import { bundle } from '../durability/bundle';
import { scratchFolder } from '../durability/scratchFolder';

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandLine {
  /** `weightroom` itself. */
  readonly path: string;
  /** Where commands run. */
  readonly folder: string;
  run(...args: string[]): Promise<Finished>;
  start(...args: string[]): { child: ChildProcess; finished: Promise<Finished> };
  /** With more in its environment. */
  startWith(
    env: Record<string, string>,
    ...args: string[]
  ): { child: ChildProcess; finished: Promise<Finished> };
}

export function openCommandLine(): CommandLine {
  const path = bundle('src/cli/main.ts');
  const folder = scratchFolder();
  const startWith = (env: Record<string, string>, ...args: string[]) => {
    const child = spawn(process.execPath, [path, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    const result: Finished = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', chunk => (result.stdout += String(chunk)));
    child.stderr.on('data', chunk => (result.stderr += String(chunk)));
    const finished = once(child, 'close').then(([code]) => ({ ...result, code: code as number }));
    return { child, finished };
  };
  const start = (...args: string[]) => startWith({}, ...args);
  return { path, folder, start, startWith, run: (...args) => start(...args).finished };
}

export interface TinyRun {
  name: string;
  maxSteps: number;
  /** More lines of `train`. */
  train?: string;
}

/** Writes a config of a model that learns in milliseconds, and its data. @returns its path */
export function writeTinyConfig(folder: string, { name, maxSteps, train = '' }: TinyRun): string {
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', `${name}.txt`), tinyText());
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    [
      'weightroom: 1',
      'model: { family: slm, block_size: 16, n_layer: 1, n_head: 2, n_embed: 16, dropout: 0.1 }',
      `data: { train: data/${name}.txt, tokenizer: bytes }`,
      `train: { max_steps: ${maxSteps}, batch_size: 2, gradient_accumulation: 2, learning_rate: 1e-2, eval_every: 20, eval_batches: 2, save_every: 10, keep_checkpoints: 2${train} }`,
      '',
    ].join('\n'),
  );
  return path;
}

const tinyText = (): string =>
  Array.from({ length: 300 }, (_, i) => `${i} and ${i % 7} make ${i + (i % 7)}.\n`).join('');

export const eventsIn = (stdout: string): RunEvent[] =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as RunEvent);
