/** `weightroom sweep FILE`: trains each combination of a grid, one after the other, and compares them. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { shortText } from '../curves/numberText';
import { readConfig } from '../engine/config/readConfig';
import { readSweep, type SweepValue, sweepVariants } from '../engine/config/sweepGrid';
import { disk } from '../engine/files/fileSystem';
import { writeTextDurably } from '../engine/files/writeDurably';
import { firstError, ProblemError } from '../engine/problem';
import { createRunFolder } from '../engine/run/runFolder';
import { followRun } from '../engine/run/followRun';
import { startRun } from '../engine/run/startRun';
import { request } from '../engine/run/control';
import type { AddCommand, CommandContext } from './command';
import { cliPath, runsOption } from './command';
import { exitCode } from './failure';
import { sweepPicture } from './sweepPicture';

export interface SweepResult {
  readonly run: string;
  readonly values: Readonly<Record<string, SweepValue>>;
  readonly outcome: string;
  /** Lowest validation loss; of the last steps where nothing is held out. */
  readonly loss: number;
  readonly seconds: number;
}

interface Flags {
  runs: string;
  json?: boolean;
  svg?: string;
}

export const addSweep: AddCommand = (program, context) => {
  program
    .command('sweep')
    .description('train each combination of a grid over a config, and compare them')
    .argument('<file>', 'YAML with `config:` and `grid:`')
    .addOption(runsOption())
    .option('--svg <file>', 'draw parallel coordinates')
    .option('--json', 'print one JSON object a run')
    .action(async (file: string, flags: Flags) => {
      context.exit(await sweep(file, flags, context));
    });
};

async function sweep(
  file: string,
  { runs, json, svg }: Flags,
  { out }: CommandContext,
): Promise<number> {
  const grid = readSweep(readFileSync(file, 'utf8'), file);
  const configPath = resolve(dirname(file), grid.config);
  const name = basename(file).replace(/\.ya?ml$/i, '');
  const variants = sweepVariants(readFileSync(configPath, 'utf8'), grid);
  // All are looked at before any of them starts.
  const configs = variants.map(({ text }) => {
    const { config, problems } = readConfig(text, configPath);
    if (!config) throw new ProblemError(firstError(problems));
    return config;
  });
  let stopped = false;
  let running: string | undefined;
  process.once('SIGINT', () => {
    stopped = true;
    if (running !== undefined) request(running, 'stop');
  });
  const results: SweepResult[] = [];
  for (const [i, { text, values }] of variants.entries()) {
    if (stopped) break;
    const label = [...values].map(([key, v]) => `${key} ${v}`).join(', ');
    if (!json) out.status(`${i + 1} of ${variants.length}: ${label}`);
    const runName = `${name}-${i + 1}`;
    const resolved = {
      config: configs[i],
      sweep: { file: resolve(file), values: Object.fromEntries(values) },
    };
    running = createRunFolder(runs, { configText: text, configPath, name: runName, resolved });
    const result = await resultOf(running, Object.fromEntries(values));
    results.push(result);
    if (json) out.print(JSON.stringify(result));
  }
  out.status('');
  const ranked = results.toSorted((a, b) => orLast(a.loss) - orLast(b.loss));
  if (!json) for (const line of table(ranked, [...grid.grid.keys()])) out.print(line);
  if (svg !== undefined) writeTextDurably(disk, svg, sweepPicture(ranked, grid.grid));
  if (stopped) return exitCode.stopped;
  return results.some(({ outcome }) => outcome === 'failed') ? exitCode.failed : exitCode.done;
}

const LAST_STEPS = 20;
const orLast = (loss: number): number => (Number.isFinite(loss) ? loss : Infinity);

async function resultOf(
  runDir: string,
  values: Readonly<Record<string, SweepValue>>,
): Promise<SweepResult> {
  const pid = startRun({ nodePath: process.execPath, cliPath: cliPath(), runDir });
  const losses: number[] = [];
  let best = Infinity;
  let [outcome, seconds] = ['failed', 0];
  for await (const event of followRun(runDir, { pid })) {
    if (event.type === 'step') losses.push(event.loss);
    if (event.type === 'eval') best = Math.min(best, event.loss);
    if (event.type === 'end') ({ outcome, seconds } = event);
  }
  const last = losses.slice(-LAST_STEPS);
  const mean = last.reduce((sum, x) => sum + x, 0) / last.length;
  const loss = Number.isFinite(best) ? best : mean;
  return { run: basename(runDir), values, outcome, loss, seconds };
}

/** The best first. */
function table(results: readonly SweepResult[], keys: readonly string[]): string[] {
  const rows = [
    ['loss', ...keys, 'seconds', 'run'],
    ...results.map(({ loss, values, seconds, run, outcome }) => [
      outcome === 'done' ? loss.toFixed(4) : outcome,
      ...keys.map(key => String(values[key])),
      shortText(seconds),
      run,
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
