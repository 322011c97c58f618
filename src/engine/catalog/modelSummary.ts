/**
 * What a model folder is, from its configs and the headers of its weights: family, size, types,
 * context. Says of what it cannot read why, and the rest all the same. Reads no numbers.
 */
import { isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import type { TensorEntry } from '../formats/tensorFile';
import { openWeights, weightsIn } from '../formats/weightFolder';
import { findCachedModel } from '../hub/hubCache';
import type { BaseShape } from '../model/families';
import { readJson, readModelShape } from '../model/modelConfig';
import { baseParameters } from '../model/modelShape';
import { ProblemError } from '../problem';
import { sizeOf } from '../tensor/tensor';

export interface ModelSummary {
  /** `llama`, `slm`, …; what its config says also where this engine does not know it. */
  readonly family?: string;
  /** Of the model, or of the adapter alone. */
  readonly parameters?: number;
  /** Longest context, in tokens. */
  readonly contextLength?: number;
  readonly vocabulary?: number;
  /** Of its tensors; those that take the most bytes first. */
  readonly dtypes: readonly string[];
  readonly tensors: number;
  /** Of all its tensors. */
  readonly bytes: number;
  /** The file of its weights, or the index of their shards. */
  readonly weights?: string;
  readonly adapter?: AdapterSummary;
  /** Why it cannot be opened, in words. */
  readonly problem?: string;
}

export interface AdapterSummary {
  /** Rank; 0 where it does not say. */
  readonly rank: number;
  /** As the adapter names its base. */
  readonly base: string;
  /** Where that base is, if it is here. */
  readonly baseDir?: string;
}

const typedConfig = z.object({ model_type: z.string() });
const adapterConfig = z.object({
  r: z.number().catch(0),
  base_model_name_or_path: z.string().catch(''),
});

/** @param cacheDir of the hub, where the base of an adapter may be */
export function modelSummary(dir: string, cacheDir: string, fs: FileSystem = disk): ModelSummary {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(error.problem.message);
      return undefined;
    }
  };
  const adapter = attempt(() => readAdapter(dir, cacheDir, fs));
  const baseDir = adapter ? adapter.baseDir : dir;
  if (baseDir === undefined && adapter)
    problems.push(`Its base model "${adapter.base}" is neither a folder here nor in the cache.`);
  const shape = baseDir === undefined ? undefined : attempt(() => readModelShape(baseDir, fs));
  const family = shape ? (shape.family ?? 'slm') : baseDir && familyNamed(baseDir, fs);
  const weights = attempt(() => readWeights(dir, fs));
  const parameters = adapter || !shape ? weights?.elements : parametersOf(shape);
  const [problem] = problems;
  return {
    ...(family !== undefined && { family }),
    ...(parameters !== undefined && { parameters }),
    ...(shape && { contextLength: shape.block_size, vocabulary: shape.vocab_size }),
    dtypes: weights?.dtypes ?? [],
    tensors: weights?.tensors ?? 0,
    bytes: weights?.bytes ?? 0,
    ...(weights && { weights: weights.path }),
    ...(adapter && { adapter }),
    ...(problem !== undefined && { problem }),
  };
}

function readAdapter(dir: string, cacheDir: string, fs: FileSystem): AdapterSummary | undefined {
  const path = join(dir, 'adapter_config.json');
  if (!exists(fs, path)) return undefined;
  const { r, base_model_name_or_path: base } = readJson(path, adapterConfig, fs);
  const baseDir = baseOf(dir, base, cacheDir, fs);
  return { rank: r, base, ...(baseDir !== undefined && { baseDir }) };
}

/** The base an adapter names: a folder from where it lies, or a model in the cache. */
export function baseOf(
  dir: string,
  base: string,
  cacheDir: string,
  fs: FileSystem = disk,
): string | undefined {
  if (base === '') return undefined;
  const folder = resolve(dir, base);
  if (exists(fs, join(folder, 'config.json'))) return folder;
  if (isAbsolute(base) || base.startsWith('.') || base.split('/').length > 2) return undefined;
  try {
    return findCachedModel(cacheDir, base, undefined, fs);
  } catch (error) {
    if (error instanceof ProblemError) return undefined; // it is no model's name
    throw error;
  }
}

/** What a config calls its family, whoever wrote it. */
function familyNamed(dir: string, fs: FileSystem): string | undefined {
  try {
    return readJson(join(dir, 'config.json'), typedConfig, fs).model_type;
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

const parametersOf = (base: BaseShape): number =>
  baseParameters({ base }).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

interface Weights {
  path: string;
  dtypes: string[];
  tensors: number;
  elements: number;
  bytes: number;
}

function readWeights(dir: string, fs: FileSystem): Weights {
  const path = weightsIn(dir, fs);
  const file = openWeights(path, fs);
  try {
    const entries = [...file.entries.values()].filter(({ sameAs }) => sameAs === undefined);
    return {
      path,
      dtypes: dtypesOf(entries),
      tensors: file.entries.size,
      elements: entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  } finally {
    file.close();
  }
}

function dtypesOf(entries: readonly TensorEntry[]): string[] {
  const bytes = new Map<string, number>();
  for (const entry of entries) bytes.set(entry.dtype, (bytes.get(entry.dtype) ?? 0) + entry.bytes);
  return [...bytes].sort(([, a], [, b]) => b - a).map(([dtype]) => dtype);
}
