/**
 * What a model's keys and values depend on, taken from its files: the base by the version of each
 * file and a sample of its content, the adapter by its content. Knows nothing of what is kept under it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashWeights, type OpenedModel } from '../model/modelFolder';
import { adapterParameters, type ModelShape } from '../model/modelShape';
import { ropeOf } from '../model/families';
import { sampleHash } from './contentSample';
import type { PrefixOwner } from './prefixCache';

export interface PrefixIdentityOf {
  opened: OpenedModel;
  /** Where its adapters lie: folders, or files. */
  adapterDirs: readonly string[];
  device: string;
  bits: number | undefined;
  /** Milliseconds since 1970, by which a file is told that changed just now. Default: the clock. */
  now?: number | undefined;
}

/**
 * To be asked before the weights are read: what changes from then on is no longer current. Of the base
 * it reads every file's status, small files, safetensors headers and 64 pieces of 4 KiB of each large
 * file (`sampleHash`), so that a model opens as quickly as without. A byte between the pieces is told
 * by the time of the last change (ctime), which is the system's own: nobody can set it back. Only two
 * changes within one tick of its clock have the same; a base that changed within the last two seconds
 * therefore shares with no other opening.
 *
 * Undefined for a model whose keys depend on how long the text becomes, which none of its prefix's
 * tokens tell (dynamic NTK scaling).
 */
export function prefixOwnerOf(of: PrefixIdentityOf): PrefixOwner | undefined {
  const { opened, adapterDirs, device, bits } = of;
  if (ropeOf(opened.model.base)?.scaling.kind === 'dynamic') return undefined;
  const folders = [opened.baseDir, ...adapterDirs];
  const versionOf = () => folders.map(folderVersion);
  const began = versionOf();
  const { baseDir } = opened;
  const isYoung = youngest(baseDir) > (of.now ?? Date.now()) - TICK_MS;
  return {
    base: [began[0]!, folderSample(baseDir), ...(isYoung ? [randomUUID()] : [])].join(' '),
    adapter: opened.model.lora ? adapterHash(opened) : null,
    device,
    bits: bits ?? null,
    isCurrent: () => versionOf().every((version, i) => version === began[i]),
  };
}

/**
 * SHA-256 over an adapter's settings and the bits of its weights. Several are one by now: how strongly
 * each acts is in its numbers.
 */
export function adapterHash(opened: Pick<OpenedModel, 'model' | 'read'>): string {
  const weights = new Map(
    adapterParameters(opened.model).map(({ name }) => [name, opened.read(name)]),
  );
  return createHash('sha256')
    .update(settingsOf(opened.model))
    .update(hashWeights(weights))
    .digest('hex');
}

const settingsOf = ({ lora }: ModelShape): string =>
  JSON.stringify([lora?.r, lora?.alpha, lora?.rslora ?? false, lora?.targets]);

/** Longer than two changes of a file can be apart and bear the same time, on any file system. */
const TICK_MS = 2000;

/** A hash over name, place, size and times of a folder's files, or of a file. */
function folderVersion(dir: string): string {
  const hash = createHash('sha256');
  try {
    for (const name of modelFiles(dir)) {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(join(dir, name), { bigint: true });
      hash.update([name, dev, ino, size, mtimeNs, ctimeNs].join('\0'));
    }
  } catch {
    return 'changing';
  }
  return hash.digest('hex');
}

/** A hash over samples of a folder's files; another each time while they cannot be read. */
function folderSample(dir: string): string {
  const hash = createHash('sha256');
  try {
    for (const name of modelFiles(dir)) {
      const path = join(dir, name);
      hash.update([name, sampleHash(path, statSync(path).size)].join('\0'));
    }
  } catch {
    return randomUUID();
  }
  return hash.digest('hex');
}

/** When the folder's files were changed last, in milliseconds; infinite while they cannot be read. */
function youngest(dir: string): number {
  try {
    return Math.max(0, ...modelFiles(dir).map(name => statSync(join(dir, name)).ctimeMs));
  } catch {
    return Infinity;
  }
}

/** Names in a folder; the empty one stands for a file itself. */
const modelFiles = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter(name => MODEL_FILE.test(name))
        .sort()
    : [''];

const MODEL_FILE = /\.(safetensors|bin|pt|pth|json)$/;
