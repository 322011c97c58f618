/** `weightroom explain-oom FILE`: why a device ran out of memory, from what it said. */
import { text as readAll } from 'node:stream/consumers';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import { bankDevice } from '../engine/devices/bankDevice';
import { readBankJob } from '../engine/plan/bankJob';
import { buffersOf } from '../engine/plan/bankBuffers';
import { formatOom } from '../engine/plan/formatBankPlan';
import { explainOom, type KnownBuffer } from '../engine/plan/oomExplain';
import { findOomMessages, type OomMessage, oomText } from '../engine/plan/oomMessage';
import { fail, type Problem } from '../engine/problem';
import type { AddCommand } from './command';
import { describeProblem, exitCode, ProblemsError } from './failure';

interface OomFlags {
  config?: string;
  json?: boolean;
}

export const addExplainOom: AddCommand = (program, { out, exit }) => {
  program
    .command('explain-oom')
    .description("explain a device's out-of-memory message: which tensor, size or fragmentation")
    .argument('<file>', 'a log that holds the message, or - for standard input')
    .option('--config <file>', 'the config that ran, to name the buffer')
    .option('--json', 'print one JSON object for each message')
    .action(async (file: string, { config, json = false }: OomFlags) => {
      const text = file === '-' ? await readAll(process.stdin) : readText(disk, file);
      const messages = findOomMessages(text);
      if (messages.length === 0)
        fail(
          'oom.none',
          `${file === '-' ? 'The text' : file} holds no out-of-memory message of a device with banks ("Not enough space to allocate … B … buffer across … banks").`,
          { ...(file !== '-' && { file }) },
        );
      const known = config === undefined ? [] : buffersOfConfig(config);
      for (const [i, message] of messages.entries()) {
        const explained = explainOom(message, known);
        if (!json && i > 0) out.print('');
        out.print(json ? JSON.stringify(explained) : formatOom(explained));
        if (!json && config !== undefined)
          out.print(`\n${describeProblem(oomProblem(message, config))}`);
      }
      exit(exitCode.done);
    });
};

/** As editors read problems, so that the message stands at the config that ran. */
const oomProblem = (message: OomMessage, file: string): Problem => ({
  code: 'oom.device',
  severity: 'error',
  message: oomText(message),
  where: { file },
});

/** Sizes do not depend on the banks. */
function buffersOfConfig(path: string): KnownBuffer[] {
  const { job, problems } = readBankJob(readText(disk, path), path);
  if (!job) throw new ProblemsError(problems);
  return Object.values(buffersOf(job, bankDevice('wormhole'))).flat();
}
