/**
 * Looks, before anything starts, whether a run can go on and from where. Reads the run folder only:
 * what its config names is compared when that has been prepared.
 */
import { readConfig } from '../config/readConfig';
import type { RunConfig } from '../config/schema';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { readText } from '../files/readFile';
import { fail, firstError, ProblemError } from '../problem';
import type { TrainState } from './checkpoint';
import { readTrainState } from './checkpoint';
import type { CheckpointEntry } from './checkpointList';
import { newestCheckpoint } from './checkpointList';
import { readResolved } from './runFolder';
import { runPaths } from './runPaths';
import { hashJson, validateResume } from './validateResume';

export interface ResumePoint {
  checkpoint: CheckpointEntry;
  /** Newer checkpoints that are damaged, with the reason. */
  skipped: CheckpointEntry[];
  state: TrainState;
  config: RunConfig;
  /** Paths in the config are relative to its folder. */
  configPath: string;
}

/** @throws `resume.no-checkpoint`, `resume.config-changed`, `resume.finished`, `config.*` */
export function checkResume(runDir: string, fs: FileSystem = disk): ResumePoint {
  const { config, configPath } = readRunConfig(runDir, fs);
  const { checkpoint, skipped } = newestCheckpoint(runDir, fs);
  if (checkpoint === undefined)
    return fail('resume.no-checkpoint', withoutCheckpoint(skipped), { file: runDir });
  const state = readTrainState(checkpoint.dir, fs);
  validateResume(state, { configHash: hashJson(config) });
  if (state.step >= config.train.max_steps && !state.owesEvaluation)
    fail('resume.finished', `The run has done all its ${state.step} steps.`, { file: runDir });
  return { checkpoint, skipped, state, config, configPath };
}

function withoutCheckpoint(skipped: CheckpointEntry[]): string {
  const [first] = skipped;
  return first === undefined
    ? 'The run has no checkpoint yet. Start a new run with its config.'
    : `No checkpoint of the run is sound: ${first.path} ${first.why}. Start a new run with its config.`;
}

/** The config of a run folder. @throws its first error */
export function readRunConfig(
  runDir: string,
  fs: FileSystem = disk,
): { name: string; config: RunConfig; configPath: string } {
  const { config: path } = runPaths(runDir);
  const { config, problems } = readConfig(readText(fs, path), path);
  if (config === undefined) throw new ProblemError(firstError(problems));
  const { name, configPath } = readResolved(runDir, fs);
  return { name, config, configPath };
}
