/**
 * Tensors of any file as safetensors, in one file or in shards with their index, tensor by tensor and
 * piece by piece: never a whole file in memory. Knows nothing of what the tensors are for.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, listFolder } from '../files/readFile';
import { requireSpace } from '../files/requireSpace';
import { ensureFolder, writeFilesDurably } from '../files/writeDurably';
import { onDisk } from '../files/diskProblem';
import { fail } from '../problem';
import type { CastDtype } from './castPieces';
import { castPieces } from './castPieces';
import type { PlannedTensor } from './convertPlan';
import { metadataFor, planTensors, shardsOf } from './convertPlan';
import { encodeHeader } from './encodeSafetensors';
import type { TensorFile } from './tensorFile';

export interface ConvertOptions {
  /** Type of every floating-point tensor; as it is when absent. */
  readonly dtype?: CastDtype;
  /** No file gets more bytes of tensors, unless it holds a single one; one file when absent. */
  readonly maxShardBytes?: number;
  /** Puts the result in the place of files of its names; these are refused when absent. */
  readonly overwrite?: boolean;
  readonly onProgress?: (doneBytes: number, allBytes: number) => void;
}

export interface Converted {
  readonly files: readonly { path: string; tensors: number; bytes: number }[];
  /** What is not as it was, in words. */
  readonly notes: readonly string[];
}

const ENDING = /\.safetensors$/i;

/**
 * @param target a name ending in `.safetensors`, or a folder, which is made
 * @throws `convert.…` before anything is written, `disk.…`, and what reading `source` throws; all files
 *   are then as they were before, unless the disk failed while they took their names
 */
export function convertToSafetensors(
  source: TensorFile,
  target: string,
  options: ConvertOptions = {},
  fs: FileSystem = disk,
): Converted {
  const { tensors, notes } = planTensors(source, options.dtype);
  const isFile = ENDING.test(target);
  const folder = isFile ? dirname(target) : target;
  const stem = isFile ? target.replace(ENDING, '') : join(target, 'model');
  const shards = shardsOf(tensors, options.maxShardBytes);
  const paths = shards.map((_, i) => shardPath(stem, i, shards.length));
  const index = shards.length > 1 ? [`${stem}.safetensors.index.json`] : [];
  const all = [...paths, ...index];
  refuseSource(source, all);
  if (!options.overwrite) refuseTaken(fs, all);
  if (!isFile) onDisk('make', folder, () => ensureFolder(fs, folder));
  if (!isFile || shards.length > 1) refuseLeftovers(fs, folder, stem, all);
  requireSpace(fs, folder, bytesOf(tensors));

  const metadata = metadataFor(source, notes);
  const pieces = new Pieces(source, options, notes);
  writeFilesDurably(fs, [
    ...shards.map((shard, i) => [paths[i]!, pieces.of(shard, metadata)] as const),
    ...index.map(path => [path, [Buffer.from(indexText(shards, paths))]] as const),
  ]);
  const files = shards.map((shard, i) => ({
    path: paths[i]!,
    tensors: shard.length,
    bytes: bytesOf(shard),
  }));
  return { files, notes };
}

const bytesOf = (tensors: readonly PlannedTensor[]): number =>
  tensors.reduce((sum, { bytes }) => sum + bytes, 0);

const shardPath = (stem: string, index: number, count: number): string => {
  const number = (n: number) => String(n).padStart(5, '0');
  const part = count === 1 ? '' : `-${number(index + 1)}-of-${number(count)}`;
  return `${stem}${part}.safetensors`;
};

function refuseSource(source: TensorFile, paths: readonly string[]): void {
  const files = new Set([source.path, ...[...source.entries.values()].map(({ at }) => at?.file)]);
  const same = paths.find(path => [...files].some(file => file && isSameFile(file, path)));
  if (same !== undefined)
    fail('convert.same-file', `${same} is what is converted; give the result another name.`, {
      file: same,
    });
}

function refuseTaken(fs: FileSystem, paths: readonly string[]): void {
  const taken = paths.find(path => exists(fs, path));
  if (taken !== undefined)
    fail(
      'convert.exists',
      `${taken} is there already; give the result another name, or replace it with --overwrite.`,
      { file: taken },
    );
}

/** By any name, through any link. */
function isSameFile(a: string, b: string): boolean {
  const real = (path: string): string => {
    try {
      return realpathSync(path);
    } catch {
      return resolve(path); // not there yet
    }
  };
  return real(a) === real(b);
}

/** Shards of an earlier model would be taken for a part of this one. */
function refuseLeftovers(
  fs: FileSystem,
  folder: string,
  stem: string,
  paths: readonly string[],
): void {
  const own = new Set(paths);
  const isPart = /^(-[0-9]{5}-of-[0-9]{5})?\.safetensors(\.index\.json)?$/i;
  const left = listFolder(fs, folder)
    .map(name => join(folder, name))
    .find(path => path.startsWith(stem) && isPart.test(path.slice(stem.length)) && !own.has(path));
  if (left !== undefined)
    fail(
      'convert.other-weights',
      `${left} is there already; choose an empty folder or remove it.`,
      {
        file: left,
      },
    );
}

/** As transformers reads it. */
function indexText(
  shards: readonly (readonly PlannedTensor[])[],
  paths: readonly string[],
): string {
  const lines = shards.flatMap((shard, i) =>
    shard.map(({ name }) => `${JSON.stringify(name)}: ${JSON.stringify(basename(paths[i]!))}`),
  );
  const map = lines.sort().map(line => `\n    ${line}`);
  return `{\n  "metadata": { "total_size": ${bytesOf(shards.flat())} },\n  "weight_map": {${map.join(',')}\n  }\n}\n`;
}

/** What files hold, a piece of a tensor at a time. */
class Pieces {
  private done = 0;
  private readonly all: number;

  constructor(
    private readonly source: TensorFile,
    private readonly options: ConvertOptions,
    private readonly notes: string[],
  ) {
    this.all = [...source.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  *of(
    tensors: readonly PlannedTensor[],
    metadata: ReadonlyMap<string, string>,
  ): Generator<Uint8Array> {
    yield encodeHeader(tensors, metadata);
    for (const { name, cast } of tensors) {
      const { bytes } = this.source.entries.get(name)!;
      const before = this.done;
      for (const piece of cast ? this.cast(name, cast) : this.source.readBytes(name)) {
        yield piece;
        this.done = Math.min(before + bytes, this.done + piece.byteLength);
        this.options.onProgress?.(this.done, this.all);
      }
      this.done = before + bytes;
    }
  }

  private *cast(name: string, dtype: CastDtype): Generator<Uint8Array> {
    const result = yield* castPieces(this.source, name, dtype);
    if (result.overflown > 0)
      this.notes.push(
        `${result.overflown} values of ${name} are too large for ${dtype} and became infinite`,
      );
  }
}
