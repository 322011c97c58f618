/** `weightroom stop RUN`: asks the process of a run to save and end, and waits until it has. */
import { basename } from 'node:path';
import { fail } from '../engine/problem';
import { request } from '../engine/run/control';
import { followRun } from '../engine/run/followRun';
import { readLease } from '../engine/run/lease';
import { findRun } from '../engine/run/runFolder';
import { readRunLog } from '../engine/run/runLog';
import type { AddCommand, CommandContext } from './command';
import { RUN_ARGUMENT, runsOption } from './command';
import { exitCode } from './failure';

export const addStop: AddCommand = (program, context) => {
  program
    .command('stop')
    .description('let a run save a checkpoint and end after the step it is in')
    .argument(...RUN_ARGUMENT)
    .addOption(runsOption())
    .option('--best', 'evaluate first, so that the best checkpoint is known and kept')
    .option('--no-wait', 'ask, and do not wait until it has stopped')
    .action(async (run: string, { runs, wait, best = false }: StopFlags) => {
      context.exit(await stop(findRun(runs, run), { wait, best }, context));
    });
};

interface StopFlags {
  runs: string;
  wait: boolean;
  best?: boolean;
}

async function stop(
  runDir: string,
  { wait, best }: { wait: boolean; best: boolean },
  { out }: CommandContext,
): Promise<number> {
  const id = basename(runDir);
  if (readLease(runDir).state !== 'live')
    fail('run.not-running', `${id} is not running.`, { file: runDir });
  const fromByte = readRunLog(runDir).nextByte;
  request(runDir, best ? 'stop-best' : 'stop');
  if (!wait) return exitCode.done;
  out.status(`Stopping ${id} …`);
  for await (const event of followRun(runDir, { fromByte }))
    if (event.type === 'end') out.print(`${id}: ${event.outcome} at step ${event.step}`);
  out.status('');
  return exitCode.done;
}
