/**
 * The models that can be talked to: checkpoints of runs, folders of the workspace, what was
 * downloaded. Knows nothing of VS Code.
 */
import { basename, join, sep } from 'node:path';
import { countText } from '../../curves/numberText';
import { listCachedModels } from '../../engine/hub/hubCache';
import { disk, type FileSystem } from '../../engine/files/fileSystem';
import type { CheckpointState } from '../../protocol/runState';
import type { RunView } from '../runs/runStore';
import { isAdapterFolder, isModelFolder, type ModelPlace } from './describeModel';

export type PlaceKind = 'run' | 'folder' | 'cache';

export interface FoundModel extends ModelPlace {
  readonly kind: PlaceKind;
  readonly isAdapter: boolean;
  /** "best", "last", of a checkpoint. */
  readonly role: string;
  readonly bytes: number | undefined;
}

type KnownRun = Pick<RunView, 'dir' | 'name' | 'state'>;

/** Newest run first; of each run the best and the last checkpoint before the others. */
export function checkpointsOf(runs: readonly KnownRun[], fs: FileSystem = disk): FoundModel[] {
  return runs.flatMap(run => {
    const kept = run.state.checkpoints
      .filter(({ path, deleted }) => !deleted && isModelFolder(join(run.dir, path), fs))
      .sort((a, b) => b.step - a.step);
    const [last] = kept;
    const best = kept.find(({ step }) => step === run.state.best?.step);
    const ordered = [...new Set([best, last, ...kept])].filter(c => c !== undefined);
    return ordered.map(checkpoint => ({
      ...placeOfCheckpoint(run, checkpoint),
      kind: 'run' as const,
      isAdapter: isAdapterFolder(join(run.dir, checkpoint.path), fs),
      role: checkpoint === best ? 'best' : checkpoint === last ? 'last' : '',
      bytes: checkpoint.bytes,
    }));
  });
}

const placeOfCheckpoint = (
  run: KnownRun,
  { path, step }: Pick<CheckpointState, 'path' | 'step'>,
): ModelPlace => ({
  dir: join(run.dir, path),
  title: `${run.name}, step ${countText(step)}`,
  short: `${run.name}, step ${countText(step)}`,
});

/** @param dirs folders that may be models */
export const modelsIn = (dirs: readonly string[], fs: FileSystem = disk): FoundModel[] =>
  dirs
    .filter(dir => isModelFolder(dir, fs))
    .map(dir => ({
      dir,
      title: basename(dir),
      short: basename(dir),
      kind: 'folder' as const,
      isAdapter: isAdapterFolder(dir, fs),
      role: '',
      bytes: undefined,
    }));

/** Models of the hub's cache that are whole enough to open; none when it cannot be read. */
export function cachedModels(cacheDir: string, fs: FileSystem = disk): FoundModel[] {
  try {
    return listCachedModels(cacheDir, fs).flatMap(({ id, revisions }) =>
      revisions
        .filter(({ dir }) => isModelFolder(dir, fs))
        .map(({ dir, refs, commit, bytes }) => ({
          dir,
          title: id,
          short: basename(id),
          kind: 'cache' as const,
          isAdapter: isAdapterFolder(dir, fs),
          role: refs[0] ?? commit.slice(0, 7),
          bytes,
        })),
    );
  } catch {
    return [];
  }
}

/** What is known of a folder that somebody named: a checkpoint is named after its run. */
export function placeOf(dir: string, runs: readonly KnownRun[], cached: FoundModel[]): ModelPlace {
  const run = runs.find(each => dir.startsWith(each.dir + sep));
  const checkpoint = run?.state.checkpoints.find(({ path }) => join(run.dir, path) === dir);
  if (run && checkpoint) return placeOfCheckpoint(run, checkpoint);
  const known = cached.find(model => model.dir === dir);
  return known ?? { dir, title: basename(dir), short: basename(dir) };
}
