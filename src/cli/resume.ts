/** `weightroom resume RUN`: goes on from the newest sound checkpoint, when that can be right and fits. */
import { dirname } from 'node:path';
import { refusalToResume } from '../engine/plan/refusals';
import { ProblemError } from '../engine/problem';
import type { ResumePoint } from '../engine/run/checkResume';
import { checkResume } from '../engine/run/checkResume';
import { requireFree } from '../engine/run/lease';
import { findRun } from '../engine/run/runFolder';
import { prepareRunData } from '../engine/run/prepareRunData';
import { readRunLog } from '../engine/run/runLog';
import { startRun } from '../engine/run/startRun';
import { dataHashes, validateResume } from '../engine/run/validateResume';
import type { AddCommand, CommandContext } from './command';
import { cliPath, RUN_ARGUMENT, runsOption } from './command';
import { followInTerminal } from './followInTerminal';

interface ResumeOptions {
  runs: string;
  anyway?: boolean;
  json?: boolean;
}

export const addResume: AddCommand = (program, context) => {
  program
    .command('resume')
    .description('go on with a run from its newest sound checkpoint, and follow it')
    .argument(...RUN_ARGUMENT)
    .addOption(runsOption())
    .option('--anyway', 'resume also a run that needs more memory than is free')
    .option('--json', 'print the events from now on, one JSON object a line, and nothing else')
    .action(async (run: string, options: ResumeOptions) => {
      context.exit(await resume(findRun(options.runs, run), options, context));
    });
};

async function resume(runDir: string, options: ResumeOptions, context: CommandContext) {
  const { anyway = false, json = false } = options;
  requireFree(runDir);
  const point = checkResume(runDir);
  if (!anyway) requireFit(point, runDir);
  await checkData(point);
  const since = (readRunLog(runDir).events.at(-1)?.seq ?? -1) + 1;
  const pid = startRun({
    nodePath: process.execPath,
    cliPath: cliPath(),
    runDir,
    resume: true,
  });
  return followInTerminal(runDir, { ...context, json, pid, since, onInterrupt: 'stop' });
}

/** @throws `plan.does-not-fit` */
function requireFit({ config, configPath }: ResumePoint, runDir: string): void {
  const refusal = refusalToResume({ config, baseDir: dirname(configPath), runsDir: runDir });
  if (refusal) throw new ProblemError(refusal);
}

/** Nothing is started, and nothing written to the log, for data that are not the same. */
async function checkData({ config, configPath, state }: ResumePoint): Promise<void> {
  const { hashes } = await prepareRunData({ config, configPath });
  validateResume(state, dataHashes(hashes));
}
