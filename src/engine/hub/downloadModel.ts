/**
 * A model from the hub into the cache, several files at a time: pinned to one commit, each file
 * checked, the branch noted only when all are there.
 */
import { join } from 'node:path';
import { diskProblem } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { requireSpace } from '../files/requireSpace';
import { ProblemError } from '../problem';
import { type Choice, chooseFiles } from './choosePatterns';
import { downloadBlob } from './downloadBlob';
import { findCachedModel, linkBlob, makeFolders, modelDir, writeRef } from './hubCache';
import type { HubClient } from './hubClient';
import { hubProblem } from './hubProblems';
import { listModelFiles, type ModelFile, type ModelFiles } from './modelFiles';

export interface ModelDownload extends Choice {
  readonly id: string;
  readonly revision?: string;
  /** Files at the same time. */
  readonly parallel?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface DownloadProgress {
  readonly id: string;
  readonly commit: string;
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  /** What an earlier download left counts. */
  readonly bytesDone: number;
  /** 0 until it is known. */
  readonly bytesPerSecond: number;
  readonly secondsLeft?: number;
}

export interface DownloadedModel {
  readonly id: string;
  readonly revision: string;
  readonly commit: string;
  /** The folder to open the model from. */
  readonly dir: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

const SPARE_BYTES = 64e6;

/**
 * What is in the cache is not fetched again; what was cut off goes on.
 * @throws `hub.no-files`, `hub.not-cached` when offline, `disk.…`, those of `listModelFiles` and `downloadBlob`
 */
export async function downloadModel(
  client: HubClient,
  download: ModelDownload,
  fs: FileSystem = disk,
): Promise<DownloadedModel> {
  const { id, revision = 'main' } = download;
  const { cacheDir, offline } = client.settings;
  if (offline) return cachedModel(cacheDir, { id, revision }, fs);
  const listed = await listModelFiles(client, id, revision);
  const files = chooseFiles(listed.files, download);
  if (files.length === 0) throw noFiles(listed, download);
  refuseCollisions(files);
  try {
    return await intoCache({ client, fs, listed, files, download });
  } catch (error) {
    throw diskProblem('use the cache', cacheDir, error);
  }
}

async function intoCache(all: Omit<Downloads, 'blobs'>): Promise<DownloadedModel> {
  const { client, fs, listed, files } = all;
  const { id, revision } = listed;
  const { cacheDir, copies } = client.settings;
  const dir = modelDir(cacheDir, id);
  const blobs = join(dir, 'blobs');
  const snapshot = join(dir, 'snapshots', listed.commit);
  makeFolders(fs, blobs);
  makeFolders(fs, snapshot);
  await downloadAll({ ...all, blobs });
  for (const { path, hash } of files)
    linkBlob(fs, join(blobs, hash.hex), join(snapshot, ...path.split('/')), copies);
  writeRef(fs, dir, revision, listed.commit);
  return {
    id,
    revision,
    commit: listed.commit,
    dir: snapshot,
    files: files.map(({ path }) => path),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function cachedModel(
  cacheDir: string,
  { id, revision }: { id: string; revision: string },
  fs: FileSystem,
): DownloadedModel {
  const dir = findCachedModel(cacheDir, id, revision, fs);
  if (dir === undefined)
    throw hubProblem(
      'hub.offline',
      `HF_HUB_OFFLINE is set, and ${id} is not in the cache ${cacheDir}.`,
    );
  return { id, revision, commit: dir.slice(-40), dir, files: [], bytes: 0 };
}

const noFiles = ({ id, files }: ModelFiles, { include = [] }: Choice) =>
  hubProblem(
    'hub.no-files',
    include.length > 0
      ? `None of the ${files.length} files of ${id} is like ${include.join(' or ')}. See them with: weightroom hub files ${id}`
      : `${id} has no weights in safetensors or PyTorch's format. See its files with: weightroom hub files ${id}`,
  );

/** Two names, one file: on systems that do not tell A from a. A file where another needs a folder. */
function refuseCollisions(files: readonly ModelFile[]): void {
  const isBlind = process.platform === 'win32' || process.platform === 'darwin';
  const keyOf = (path: string) => (isBlind ? path.normalize('NFC').toLowerCase() : path);
  const names = new Set(files.map(({ path }) => keyOf(path)));
  const isInFile = (path: string) => {
    const parts = keyOf(path).split('/');
    return parts.some((_, i) => i > 0 && names.has(parts.slice(0, i).join('/')));
  };
  const wrong = names.size < files.length || files.some(({ path }) => isInFile(path));
  if (wrong)
    throw hubProblem('hub.unsafe-name', 'The server lists two files that would be one here.');
}

/** Bytes of these files that are not in the cache yet, or not to their end. */
export function missingBytes(
  cacheDir: string,
  id: string,
  files: readonly ModelFile[],
  fs: FileSystem = disk,
): number {
  const blobs = join(modelDir(cacheDir, id), 'blobs');
  const unique = new Map(files.map(file => [file.hash.hex, file.bytes]));
  const missing = [...unique].filter(([hex, bytes]) => !isThere(fs, join(blobs, hex), bytes));
  return missing.reduce((sum, [, bytes]) => sum + bytes, 0);
}

interface Downloads {
  readonly client: HubClient;
  readonly fs: FileSystem;
  readonly blobs: string;
  readonly listed: ModelFiles;
  readonly files: readonly ModelFile[];
  readonly download: ModelDownload;
}

/** Equal files are fetched once. The first failure ends the others. */
async function downloadAll(all: Downloads): Promise<void> {
  const { client, fs, blobs, listed, files, download } = all;
  const { parallel = 4, signal } = download;
  const unique = [...new Map(files.map(file => [file.hash.hex, file])).values()];
  const meter = new Meter(unique, listed, download.onProgress);
  const missing = unique.filter(({ hash, bytes }) => !isThere(fs, join(blobs, hash.hex), bytes));
  const needed = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  if (needed > 0) requireSpace(fs, blobs, needed + SPARE_BYTES);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  // Large ones first, so that the last minutes are not one file's.
  const queue = [...unique].sort((a, b) => b.bytes - a.bytes);
  const work = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const next = file;
      await downloadBlob({
        client,
        fs,
        url: urlOf(client, listed, next),
        file: next,
        blob: join(blobs, next.hash.hex),
        onBytes: bytes => meter.update(next, bytes),
        signal: stopping.signal,
      });
      meter.finish(next);
    }
  };
  try {
    const workers = Array.from({ length: Math.max(1, parallel) }, () =>
      work().catch((error: unknown) => {
        queue.length = 0;
        stop();
        throw error;
      }),
    );
    const ended = await Promise.allSettled(workers);
    // What stopped the others comes first; they only say that they were stopped.
    const failures = ended.flatMap(end => (end.status === 'rejected' ? [end.reason as Error] : []));
    const first = failures.find(error => !isCancellation(error)) ?? failures[0];
    if (first !== undefined) throw first;
  } finally {
    meter.close();
    signal?.removeEventListener('abort', stop);
  }
}

const isCancellation = (error: Error): boolean =>
  error instanceof ProblemError && error.problem.code === 'hub.cancelled';

function isThere(fs: FileSystem, path: string, bytes: number): boolean {
  try {
    return fs.stat(path).bytes === bytes;
  } catch {
    return false; // found out, and told, when it is fetched
  }
}

const urlOf = (client: HubClient, { id, commit }: ModelFiles, { path }: ModelFile): URL =>
  client.url(`/${id}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`);

const TELL_MS = 100;

/** Adds up what the files have come to and tells it ten times a second. */
class Meter {
  private readonly done = new Map<ModelFile, number>();
  private readonly finished = new Set<ModelFile>();
  private readonly bytes: number;
  /** Where the speed is measured from. */
  private since: { at: number; bytes: number } | undefined;
  private told = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly files: readonly ModelFile[],
    private readonly listed: ModelFiles,
    private readonly tell: ((progress: DownloadProgress) => void) | undefined,
  ) {
    this.bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  }

  update(file: ModelFile, bytes: number): void {
    this.done.set(file, bytes);
    const wait = this.told + TELL_MS - performance.now();
    if (wait <= 0) this.say();
    else this.timer ??= setTimeout(() => this.say(), wait); // also what comes before a silence
  }

  finish(file: ModelFile): void {
    this.done.set(file, file.bytes);
    this.finished.add(file);
    this.say();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private say(): void {
    this.close();
    this.timer = undefined;
    const now = performance.now();
    this.told = now;
    const bytesDone = [...this.done.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.since ??= { at: now, bytes: bytesDone };
    const seconds = (now - this.since.at) / 1000;
    const speed = seconds > 0.5 ? (bytesDone - this.since.bytes) / seconds : 0;
    this.tell?.({
      id: this.listed.id,
      commit: this.listed.commit,
      files: this.files.length,
      filesDone: this.finished.size,
      bytes: this.bytes,
      bytesDone,
      bytesPerSecond: speed,
      ...(speed > 0 && { secondsLeft: (this.bytes - bytesDone) / speed }),
    });
  }
}
