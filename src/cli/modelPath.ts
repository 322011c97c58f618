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
import { findRun } from '../engine/run/runFolder';

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
  return isModelFolder(dir) ? dir : chooseCheckpoint(findRun(runs, name), checkpoint).dir;
}
