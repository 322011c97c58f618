/** Which checkpoint of a run is meant by "best", "newest" or a step. Knows nothing of what for. */
import { basename } from 'node:path';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { fail } from '../problem';
import { readTrainState } from './checkpoint';
import type { CheckpointEntry } from './checkpointList';
import { listCheckpoints } from './checkpointList';

/** `best`: of the lowest validation loss, or the newest when that was never measured. */
export type CheckpointChoice = 'best' | 'newest' | number;

/** @throws `checkpoint.none`, `checkpoint.unknown`, `checkpoint.damaged` */
export function chooseCheckpoint(
  runDir: string,
  choice: CheckpointChoice,
  fs: FileSystem = disk,
): CheckpointEntry {
  const all = listCheckpoints(runDir, 'sizes', fs);
  const sound = all.filter(({ why }) => why === undefined);
  const newest = sound.at(-1);
  const where = { file: runDir };
  if (newest === undefined)
    return fail('checkpoint.none', `${basename(runDir)} has no sound checkpoint yet.`, where);
  if (choice === 'newest') return newest;
  const step = choice === 'best' ? readTrainState(newest.dir, fs).bestEval?.step : choice;
  const found = sound.find(checkpoint => checkpoint.step === step);
  if (found !== undefined) return found;
  if (choice === 'best') return newest;
  const damaged = all.find(checkpoint => checkpoint.step === step);
  if (damaged !== undefined)
    return fail('checkpoint.damaged', `${damaged.path} cannot be used: ${damaged.why}.`, where);
  const steps = sound.map(checkpoint => checkpoint.step).join(', ');
  return fail(
    'checkpoint.unknown',
    `There is no checkpoint of step ${choice}; there are ${steps}.`,
    where,
  );
}
