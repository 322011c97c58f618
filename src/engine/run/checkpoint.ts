/**
 * Checkpoints: folders `checkpoints/step-000250` that are either whole, proven by their manifest,
 * or not there. Knows the names of the files, nothing of models or training.
 */
import { basename, dirname, join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { requireSpace } from '../files/requireSpace';
import { asideOf, temporaryFor } from '../files/temporary';
import { ensureFolder, removeQuietly, syncFolder, writeSynced } from '../files/writeDurably';
import { encodeSafetensors } from '../formats/encodeSafetensors';
import { readSafetensors } from '../formats/safetensors';
import { fail } from '../problem';
import { dtypeBytes, sizeOf, type Tensor } from '../tensor/tensor';
import type { CheckpointEntry } from './checkpointList';
import { checkpointDir, entryOf } from './checkpointList';
import { refuseNonFinite } from './finite';
import type { ManifestFile } from './manifest';
import { checkFolder, encodeManifest, manifestPath, measured } from './manifest';
import { runPaths } from './runPaths';

export interface Checkpoint {
  /** Optimizer updates done. */
  step: number;
  weights: ReadonlyMap<string, Tensor>;
  weightsFile: 'model.safetensors' | 'adapter_model.safetensors';
  /** Texts beside the weights by file name: `config.json`, `tokenizer.json`, … */
  extraFiles: ReadonlyMap<string, string>;
  optimizer: ReadonlyMap<string, Tensor>;
  state: TrainState;
}

/** What a run needs beside tensors to go on as if it had never stopped. Plain JSON. */
export interface TrainState {
  step: number;
  bestEval?: { step: number; loss: number; accuracy?: number };
  /** The evaluation due at this step was left in the middle by a stop. */
  owesEvaluation?: boolean;
  /** Evaluations since the best one. */
  worseEvaluations?: number;
  seed: number;
  /** Tokens trained on. */
  tokens: number;
  configHash: string;
  dataHash: string;
  tokenizerHash?: string;
  /** Of the frozen weights under an adapter. */
  weightsHash?: string;
  versions: Record<string, string>;
  threads: number;
  device: string;
}

const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state.json';
/** For folders, the manifest and what else happens on the disk meanwhile. */
const SPARE_BYTES = 1 << 20;

/**
 * Writes beside, syncs, renames: the checkpoint is there and durable when the call returns. When it
 * throws, every earlier checkpoint is as it was.
 * @throws `checkpoint.non-finite`, `disk.*`
 */
export function saveCheckpoint(fs: FileSystem, runDir: string, c: Checkpoint): CheckpointEntry {
  refuseNonFinite(c.weights, c.weightsFile);
  refuseNonFinite(c.optimizer, OPTIMIZER);
  const { checkpoints: folder } = runPaths(runDir);
  const dir = checkpointDir(runDir, c.step);
  const temporary = temporaryFor(dir);
  requireSpace(fs, runDir, bytesOf(c.weights) + bytesOf(c.optimizer) + SPARE_BYTES);
  return onDisk('save a checkpoint in', dir, () => {
    try {
      if (ensureFolder(fs, folder)) syncFolder(fs, runDir);
      fs.rm(temporary);
      fs.mkdir(temporary);
      const files = writeFiles(fs, temporary, c);
      writeSynced(fs, manifestPath(temporary), [
        encodeManifest({ version: 1, step: c.step, files }),
      ]);
      syncFolder(fs, temporary);
      moveIn(fs, temporary, dir);
      return entryOf(runDir, c.step, files);
    } catch (error) {
      removeQuietly(fs, temporary);
      throw error;
    }
  });
}

function writeFiles(fs: FileSystem, folder: string, c: Checkpoint): ManifestFile[] {
  const metadata = new Map([['format', 'pt']]); // transformers refuses a file without it
  const contents = new Map<string, Iterable<Uint8Array>>([
    [c.weightsFile, encodeSafetensors(c.weights, metadata)],
    [OPTIMIZER, encodeSafetensors(c.optimizer)],
    [STATE, [Buffer.from(`${JSON.stringify(c.state, null, 2)}\n`)]],
    ...[...c.extraFiles].map(([name, text]) => [name, [Buffer.from(text)]] as const),
  ]);
  return [...contents].map(([name, chunks]) => {
    const file = measured(name, chunks);
    writeSynced(fs, join(folder, name), file.chunks);
    return file.result();
  });
}

/** Renames durably, also over an earlier checkpoint of the same step, which comes back on failure. */
function moveIn(fs: FileSystem, temporary: string, dir: string): void {
  const aside = exists(fs, dir) ? asideOf(dir) : undefined;
  if (aside !== undefined) {
    fs.rm(aside);
    fs.rename(dir, aside);
  }
  try {
    fs.rename(temporary, dir);
  } catch (error) {
    if (aside !== undefined) fs.rename(aside, dir);
    throw error;
  }
  syncFolder(fs, dirname(dir));
  if (aside !== undefined) removeQuietly(fs, aside);
}

/**
 * Reads a checkpoint after comparing every bit with its manifest.
 * @throws `checkpoint.damaged`
 */
export function loadCheckpoint(dir: string, fs: FileSystem = disk): Checkpoint {
  const checked = checkFolder(fs, dir, 'bits');
  if ('why' in checked)
    return fail(
      'checkpoint.damaged',
      `Checkpoint ${basename(dir)} cannot be used: ${checked.why}. Resume from an earlier one.`,
      { file: dir },
    );
  const names = checked.manifest.files.map(file => file.name);
  const weightsFile = names.includes('adapter_model.safetensors')
    ? 'adapter_model.safetensors'
    : 'model.safetensors';
  const known: string[] = [weightsFile, OPTIMIZER, STATE];
  return {
    step: checked.manifest.step,
    weightsFile,
    weights: readSafetensors(join(dir, weightsFile), fs),
    optimizer: readSafetensors(join(dir, OPTIMIZER), fs),
    extraFiles: new Map(
      names.filter(n => !known.includes(n)).map(n => [n, readText(fs, join(dir, n))]),
    ),
    state: readTrainState(dir, fs),
  };
}

/** The state alone, of a checkpoint that has been checked. */
export const readTrainState = (dir: string, fs: FileSystem = disk): TrainState =>
  JSON.parse(readText(fs, join(dir, STATE))) as TrainState;

const bytesOf = (tensors: ReadonlyMap<string, Tensor>): number =>
  [...tensors.values()].reduce((sum, t) => sum + dtypeBytes[t.dtype] * sizeOf(t.shape), 0);
