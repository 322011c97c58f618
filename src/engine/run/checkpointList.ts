/**
 * Which checkpoints a run has, which of them are sound, and which may go. Knows their folders and
 * manifests, nothing of what is in the files.
 */
import { join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { listFolder } from '../files/readFile';
import { isTemporary, sweepTemporaries, temporaryFor } from '../files/temporary';
import type { ManifestFile } from './manifest';
import { checkFolder } from './manifest';
import { runPaths } from './runPaths';

export interface CheckpointEntry {
  step: number;
  dir: string;
  /** Relative to the run folder, with forward slashes. */
  path: string;
  bytes: number;
  /** Why it cannot be used; absent when it can. */
  why?: string;
}

const FOLDER = /^step-([0-9]{6,})$/;

const folderName = (step: number): string => `step-${String(step).padStart(6, '0')}`;

export const checkpointDir = (runDir: string, step: number): string =>
  join(runPaths(runDir).checkpoints, folderName(step));

/**
 * All checkpoints by step. `sizes` compares their files with the manifest by size only, which is
 * quick; `bits` reads every byte.
 */
export function listCheckpoints(
  runDir: string,
  how: 'sizes' | 'bits' = 'sizes',
  fs: FileSystem = disk,
): CheckpointEntry[] {
  return stepsIn(runDir, fs).map(step => check(runDir, step, how, fs));
}

/** The newest one that is sound to the bit, and the newer ones that were passed over, with reasons. */
export function newestCheckpoint(
  runDir: string,
  fs: FileSystem = disk,
): { checkpoint?: CheckpointEntry; skipped: CheckpointEntry[] } {
  const skipped: CheckpointEntry[] = [];
  for (const step of stepsIn(runDir, fs).reverse()) {
    const entry = check(runDir, step, 'bits', fs);
    if (entry.why === undefined) return { checkpoint: entry, skipped };
    skipped.push(entry);
  }
  return { skipped };
}

function stepsIn(runDir: string, fs: FileSystem): number[] {
  const folder = runPaths(runDir).checkpoints;
  const names = listFolder(fs, folder);
  return names
    .flatMap(name => FOLDER.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function check(
  runDir: string,
  step: number,
  how: 'sizes' | 'bits',
  fs: FileSystem,
): CheckpointEntry {
  const dir = checkpointDir(runDir, step);
  const checked = checkFolder(fs, dir, how);
  if ('why' in checked) return { ...entryOf(runDir, step, []), why: checked.why };
  const { manifest } = checked;
  const entry = entryOf(runDir, step, manifest.files);
  if (manifest.step === step) return entry;
  return { ...entry, why: `it is of step ${manifest.step}: the folder was renamed` };
}

export function entryOf(runDir: string, step: number, files: ManifestFile[]): CheckpointEntry {
  return {
    step,
    dir: checkpointDir(runDir, step),
    path: `checkpoints/${folderName(step)}`,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

/**
 * Removes all but the newest `keep` sound checkpoints and the one of `bestStep`. Call it when a
 * newer one is durable. A folder leaves its name first, so that none is ever half there.
 */
export function pruneCheckpoints(
  fs: FileSystem,
  runDir: string,
  keep: number,
  bestStep?: number,
): CheckpointEntry[] {
  const sound = listCheckpoints(runDir, 'sizes', fs).filter(c => c.why === undefined);
  const surplus = sound.slice(0, Math.max(0, sound.length - keep)).filter(c => c.step !== bestStep);
  for (const { dir } of surplus)
    onDisk('delete', dir, () => {
      const temporary = temporaryFor(dir);
      fs.rename(dir, temporary);
      fs.rm(temporary);
    });
  return surplus;
}

/** Removes what killed processes left unfinished. For the owner of the run. */
export function sweepTemporary(runDir: string, fs: FileSystem = disk): void {
  const folder = runPaths(runDir).checkpoints;
  onDisk('clean up', runDir, () => {
    sweepTemporaries(fs, runDir);
    if (listFolder(fs, folder).some(isTemporary)) sweepTemporaries(fs, folder);
  });
}
