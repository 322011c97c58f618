/**
 * What a config's data files hold, as far as sizes and sidecars tell: cheap enough to ask while
 * somebody types. Reads no tokens and prepares nothing.
 */
import { resolve } from 'node:path';
import { readSidecar } from '../data/binSidecar';
import type { BinSidecar } from '../data/binSidecar';
import { preparedStem } from '../data/preparedFiles';
import { isMissing } from '../files/diskProblem';
import { disk } from '../files/fileSystem';
import type { FileFacts, FileSystem } from '../files/fileSystem';
import { fail } from '../problem';
import { isTokenBin } from './dataKinds';
import type { DataConfig } from './schema';

export type DataRole = 'train' | 'validation';

export interface DataFileFacts {
  readonly role: DataRole;
  /** As in the config. */
  readonly file: string;
  /** Of the file itself, text or bin. */
  readonly bytes: number;
  /** Undefined for text that is not prepared yet, or was prepared from other text. */
  readonly tokens: number | undefined;
  /** Of the bin. */
  readonly sidecar: BinSidecar | undefined;
}

/** The file of one role, or the held-out part of the training file. Undefined when there is none. */
export function readDataFile(
  role: DataRole,
  data: DataConfig,
  baseDir: string,
  fs: FileSystem = disk,
): DataFileFacts | undefined {
  const isHeldOut = role === 'validation' && data.validation === undefined;
  if (isHeldOut && (data.validation_fraction === 0 || isTokenBin(data.train))) return undefined;
  const file = data[role] ?? data.train;
  const path = resolve(baseDir, file);
  const { bytes } = statFile(file, baseDir, fs);
  if (isTokenBin(file)) {
    const sidecar = readSidecar(path, fs);
    return { role, file, bytes, tokens: sidecar?.tokens ?? Math.floor(bytes / 2), sidecar };
  }
  const stem = preparedStem(path, data.tokenizer);
  const sidecar = readSidecar(`${stem}${isHeldOut ? '.validation' : ''}.bin`, fs);
  const isCurrent = sidecar?.source.bytes === bytes;
  return { role, file, bytes, tokens: isCurrent ? sidecar.tokens : undefined, sidecar };
}

/** Facts of a file that has something in it. @throws `data.missing`, `data.folder`, `data.empty` */
export function statFile(file: string, folder: string, fs: FileSystem = disk): FileFacts {
  const facts = statOrUndefined(resolve(folder, file), fs);
  const where = { file };
  if (!facts) fail('data.missing', `There is no file \`${file}\` in \`${folder}\`.`, where);
  if (facts.isFolder) fail('data.folder', `\`${file}\` is a folder. Name a file in it.`, where);
  if (facts.bytes === 0) fail('data.empty', `\`${file}\` is empty. Name a file with data.`, where);
  return facts;
}

function statOrUndefined(path: string, fs: FileSystem): FileFacts | undefined {
  try {
    return fs.stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
