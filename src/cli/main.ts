/** The command line `weightroom`: composition only. */
import { Command, CommanderError } from 'commander';
import { ownVersion } from '../engine/run/environment';
import { addAdapter } from './adapter';
import { addCacheStudy } from './cacheStudy';
import { addCacheStudyDemo } from './cacheStudyDemo';
import { addAgent } from './agent';
import type { CommandContext } from './command';
import { addConvert } from './convert';
import { addDemo } from './demo';
import { addDevices } from './devices';
import { addDiff } from './diff';
import { addExplainOom } from './explainOom';
import { addEvaluate } from './evaluate';
import { exitCode, report } from './failure';
import { addFollow } from './follow';
import { addGenerate } from './generate';
import { addHub } from './hub';
import { addInspect } from './inspect';
import { addLoadReport } from './loadReport';
import { addMerge } from './merge';
import { addPlan } from './plan';
import { addPreviewLabels } from './previewLabels';
import { addPrepare } from './prepare';
import { addResume } from './resume';
import { addRunProcess } from './runProcess';
import { addRuns } from './runs';
import { addScore } from './score';
import { addStop } from './stop';
import { addSweep } from './sweep';
import { openTerminal } from './terminal';
import { addTokenize } from './tokenize';
import { addTrace } from './trace';
import { addTrain } from './train';

const commands = [
  addDemo,
  addPrepare,
  addPreviewLabels,
  addPlan,
  addExplainOom,
  addTrain,
  addResume,
  addSweep,
  addStop,
  addFollow,
  addRuns,
  addGenerate,
  addEvaluate,
  addScore,
  addAgent,
  addTrace,
  addDevices,
  addLoadReport,
  addCacheStudy,
  addCacheStudyDemo,
  addTokenize,
  addHub,
  addInspect,
  addConvert,
  addMerge,
  addAdapter,
  addDiff,
  addRunProcess,
];

async function main(): Promise<void> {
  const context: CommandContext = {
    out: openTerminal(process.stdout),
    err: openTerminal(process.stderr),
    exit: code => (process.exitCode = code),
  };
  leaveQuietlyWhenNobodyReads(process.stdout);
  const program = new Command('weightroom')
    .description('Train small language models and look into them.')
    .version(ownVersion())
    .showHelpAfterError('Say "weightroom help" for what there is.')
    .exitOverride();
  for (const add of commands) add(program, context);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.badInput;
      return;
    }
    context.out.status('');
    process.exitCode = report(error, context.err.print);
  }
}

/** `weightroom follow … | head`: the reader has had enough, the run goes on. */
function leaveQuietlyWhenNobodyReads(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode.done);
    throw error;
  });
}

void main();
