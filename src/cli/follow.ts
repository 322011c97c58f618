/** `weightroom follow RUN`: shows what a run has done and does, until it ends. */
import { findRun } from '../engine/run/runFolder';
import type { AddCommand } from './command';
import { RUN_ARGUMENT, runsOption } from './command';
import { followInTerminal } from './followInTerminal';

export const addFollow: AddCommand = (program, context) => {
  program
    .command('follow')
    .description('show the events of a run until it ends; Ctrl+C leaves it running')
    .argument(...RUN_ARGUMENT)
    .addOption(runsOption())
    .option('--json', 'print the events, one JSON object a line, and nothing else')
    .action(async (run: string, { runs, json = false }: { runs: string; json?: boolean }) => {
      const runDir = findRun(runs, run);
      context.exit(await followInTerminal(runDir, { ...context, json, onInterrupt: 'leave' }));
    });
};
