/**
 * Where a model is that somebody named on the command line: a folder, a model in the hub's cache, or a
 * run's checkpoint.
 */
import { join } from 'node:path';
import { findCachedModel } from '../engine/hub/hubCache';
import { hubSettings } from '../engine/hub/hubSettings';
import { disk } from '../engine/files/fileSystem';
import { exists } from '../engine/files/readFile';
import { type CheckpointChoice, chooseCheckpoint } from '../engine/run/chooseCheckpoint';
import { fail } from '../engine/problem';
import { findRun } from '../engine/run/runFolder';
import { runPaths } from '../engine/run/runPaths';

/** `name` itself unless it is no path and a model of that name is in the cache, as `org/model[@revision]`. */
export function modelPath(name: string): string {
  const [, id, revision] = /^([A-Za-z0-9][\w.-]*\/[\w.-]*\w)(?:@([\w./-]+))?$/.exec(name) ?? [];
  if (id === undefined || exists(disk, name)) return name;
  return findCachedModel(hubSettings(process.env).cacheDir, id, revision) ?? name;
}

const isModelFolder = (path: string): boolean =>
  ['config.json', 'adapter_config.json'].some(name => exists(disk, join(path, name)));

/** The folder of a model or an adapter: as `modelPath`, or a checkpoint of the run that is named. */
export function modelFolder(
  name: string,
  { runs, checkpoint = 'best' }: { runs: string; checkpoint?: CheckpointChoice },
): string {
  const dir = modelPath(name);
  if (isModelFolder(dir)) return dir;
  if (/[/\\]/.test(name) && !exists(disk, runPaths(name).config))
    fail(
      'model.none',
      `${name} is no model: neither a folder with config.json and weights, nor an adapter's with adapter_config.json, nor a run's.`,
      { file: name },
    );
  return chooseCheckpoint(findRun(runs, name), checkpoint).dir;
}
