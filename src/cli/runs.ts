/** `weightroom runs`: the runs of a folder with what they have come to. */
import { type Command, InvalidArgumentError } from 'commander';
import { countText, lossText } from '../curves/numberText';
import type { RunSummary } from '../engine/run/runFolder';
import { findRun, listRuns, readRun } from '../engine/run/runFolder';
import { readRunLog } from '../engine/run/runLog';
import { layerErrors } from '../protocol/layerErrors';
import type { AddCommand, CommandContext } from './command';
import { RUN_ARGUMENT, runsOption } from './command';
import { exitCode } from './failure';
import { runLines } from './runShow';
import { table } from './table';

export const addRuns: AddCommand = (program, context) => {
  const runs = program
    .command('runs')
    .description('list the runs, oldest first')
    .addOption(runsOption())
    .option('--json', 'print one JSON object a line')
    .action(({ runs, json = false }: { runs: string; json?: boolean }) => {
      const found = listRuns(runs);
      const lines = json ? found.map(run => JSON.stringify(facts(run))) : table(found.map(row));
      for (const line of lines) context.out.print(line);
      if (found.length === 0) context.err.print(`There are no runs in ${runs} yet.`);
      context.exit(exitCode.done);
    });
  runs
    .command('show')
    .description('what one run has come to, with the error of each layer in NF4')
    .argument(...RUN_ARGUMENT)
    .option('--layers <n>', 'show so many of the worst layers', wholeNumber, SHOWN_LAYERS)
    // `--runs` and `--json` are read by `runs`.
    .action((wanted: string, _: object, command: Command) => {
      show(wanted, command.optsWithGlobals(), context);
      context.exit(exitCode.done);
    });
};

const SHOWN_LAYERS = 10;

function show(wanted: string, { runs, json, layers }: ShowOptions, { out }: CommandContext): void {
  const dir = findRun(runs, wanted);
  const run = readRun(dir);
  const { events } = readRunLog(dir);
  if (!json) for (const line of runLines({ run, events, layers })) out.print(line);
  else out.print(JSON.stringify({ ...facts(run), layer_errors: layerErrors(events) }));
}

interface ShowOptions {
  runs: string;
  json?: boolean;
  layers: number;
}

function wholeNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number.');
}

function facts({ id, dir, name, status, state, damagedLine }: RunSummary): object {
  const { step, maxSteps, tokens, seconds, train, evaluation, best, problem } = state;
  return {
    id,
    dir,
    name,
    status,
    step,
    max_steps: maxSteps,
    tokens,
    seconds,
    train_loss: train?.loss,
    validation_loss: evaluation?.loss,
    best_validation_loss: best?.loss,
    problem,
    damaged_line: damagedLine,
  };
}

const row = ({ id, status, state }: RunSummary): string[] => [
  id,
  status,
  `${countText(state.step)}/${countText(state.maxSteps)}`,
  state.train ? `train ${lossText(state.train.loss)}` : '',
  state.evaluation ? `validation ${lossText(state.evaluation.loss)}` : '',
];
