/** `weightroom __run DIR`: the process of a run, which `train` and `resume` start. Not for people. */
import { runProcess } from '../engine/run/runProcess';
import type { AddCommand } from './command';
import { exitCode } from './failure';

export const addRunProcess: AddCommand = (program, context) => {
  program
    .command('__run', { hidden: true })
    .argument('<dir>')
    .option('--resume')
    .action(async (runDir: string, { resume = false }: { resume?: boolean }) => {
      const { executeRun } = await import('../engine/run/executeRun'); // loads the native runtime
      const { outcome } = await runProcess(runDir, { execute: executeRun, resume });
      context.exit(exitCode[outcome]);
    });
};
