/** `weightroom plan CONFIG`: what a run will take, before it starts. */
import { isTtTrainConfig } from '../engine/config/ttTrain';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import { bankDevice } from '../engine/devices/bankDevice';
import { readBankJob } from '../engine/plan/bankJob';
import { bankPlan } from '../engine/plan/bankPlan';
import { formatBankPlan } from '../engine/plan/formatBankPlan';
import { formatPlan } from '../engine/plan/formatPlan';
import { planFacts } from '../engine/plan/planFacts';
import { planRun } from '../engine/plan/planRun';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { readConfigFile } from './configFile';
import { describeProblem, exitCode, ProblemsError } from './failure';

interface PlanFlags {
  runs: string;
  device?: string;
  json?: boolean;
}

const HERE = ['cpu', 'webgpu'];
/** A tt-train config is for such a device; nothing in it says which. */
const USUAL = 'wormhole';

export const addPlan: AddCommand = (program, context) => {
  const { exit } = context;
  program
    .command('plan')
    .description('show steps, tokens, parameters, memory and disk of a run before it starts')
    .argument('<config>', 'a Weightroom config, or one of tt-train')
    .addOption(runsOption())
    .option(
      '--device <device>',
      'plan its memory banks: wormhole, blackhole, n150, p150, or 12x1071181792 for banks and bytes, with @64 for their alignment',
    )
    .option('--json', 'print one JSON object')
    .action((path: string, flags: PlanFlags) => {
      const { device } = flags;
      const isTtTrain = isTtTrainConfig(readText(disk, path));
      if (isTtTrain || (device !== undefined && !HERE.includes(device)))
        planBanks(path, { ...flags, device: device ?? USUAL }, context);
      else planHere(path, flags, context);
      exit(exitCode.done);
    });
};

function planHere(path: string, { runs, json = false }: PlanFlags, { out, err }: CommandContext) {
  const { config, baseDir, name } = readConfigFile(path, err);
  const plan = planRun(config, planFacts({ config, baseDir, runsDir: runs }));
  out.print(json ? JSON.stringify(plan) : formatPlan(plan, { name }).trimEnd());
}

function planBanks(
  path: string,
  { device, json = false }: PlanFlags & { device: string },
  { out, err }: CommandContext,
) {
  const banks = bankDevice(device);
  const { job, problems } = readBankJob(readText(disk, path), path);
  if (!job) throw new ProblemsError(problems);
  for (const warning of problems) err.print(describeProblem(warning));
  const plan = bankPlan(job, banks);
  out.print(json ? JSON.stringify(plan) : formatBankPlan(plan));
}
