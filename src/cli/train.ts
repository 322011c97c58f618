/** `weightroom train CONFIG`: makes a run, starts its process and follows it. */
import { basename } from 'node:path';
import { planFacts } from '../engine/plan/planFacts';
import { planRun } from '../engine/plan/planRun';
import { refusalOf } from '../engine/plan/planWarnings';
import { createRunFolder } from '../engine/run/runFolder';
import { startRun } from '../engine/run/startRun';
import type { AddCommand, CommandContext } from './command';
import { cliPath, runName, runsOption } from './command';
import { readConfigFile } from './configFile';
import { describeProblem, exitCode } from './failure';
import { followInTerminal } from './followInTerminal';

interface TrainOptions {
  runs: string;
  name?: string;
  detach?: boolean;
  anyway?: boolean;
  json?: boolean;
}

export const addTrain: AddCommand = (program, context) => {
  program
    .command('train')
    .description('train as a config says, in a process of its own, and follow it')
    .argument('<config>', 'a Weightroom config')
    .addOption(runsOption())
    .option('--name <name>', "name of the run instead of the config's", runName)
    .option('--follow', 'follow the run until it ends (the default)')
    .option('--detach', 'print the id of the run and leave it to itself')
    .option('--anyway', 'start also a run that needs more memory than is free')
    .option('--json', 'print the events of the run, one JSON object a line, and nothing else')
    .action(async (path: string, options: TrainOptions) => {
      context.exit(await train(path, options, context));
    });
};

async function train(path: string, options: TrainOptions, context: CommandContext) {
  const { config, text, name, baseDir } = readConfigFile(path, context.err);
  const facts = planFacts({ config, baseDir, runsDir: options.runs });
  const plan = planRun(config, facts);
  for (const warning of plan.warnings) context.err.print(describeProblem(warning));
  if (refusalOf(plan) && !options.anyway) return exitCode.badInput;
  const runDir = createRunFolder(options.runs, {
    configText: text,
    configPath: path,
    name: options.name ?? name,
    resolved: { config },
  });
  const pid = startRun({ nodePath: process.execPath, cliPath: cliPath(), runDir });
  if (options.detach) {
    context.out.print(basename(runDir));
    return exitCode.done;
  }
  const { json = false } = options;
  return followInTerminal(runDir, { ...context, json, pid, onInterrupt: 'stop' });
}
