/**
 * One file of a model into the cache: in pieces if the connection is cut, also by the death of this
 * process, and under its name only when size and hash are right.
 */
import { createHash, type Hash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { diskProblem, isMissing, onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { listFolder } from '../files/readFile';
import { processStart } from '../files/processIdentity';
import { isTemporary, ownerOfTemporary, temporaryFor } from '../files/temporary';
import { removeQuietly, syncFolder, writeAll } from '../files/writeDurably';
import { ProblemError } from '../problem';
import type { HubClient } from './hubClient';
import { cancelled, hubProblem, networkProblem } from './hubProblems';
import type { FileHash, ModelFile } from './modelFiles';
import type { HttpAnswer } from './transport';

export interface BlobDownload {
  readonly client: HubClient;
  readonly fs: FileSystem;
  /** Where to get it. */
  readonly url: URL;
  readonly file: ModelFile;
  /** `blobs/<hash>` */
  readonly blob: string;
  /** Bytes there are now: what an earlier attempt left counts. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Cuts in a row without a byte in between. */
const MOST_FAILURES = 8;
const WAIT_MS = 250;
const READ_BYTES = 1 << 20;

/** Two downloads of one process must not write to one file. */
const running = new Map<string, Promise<void>>();

/** @throws `hub.wrong-size`, `hub.wrong-hash`, `hub.cancelled`, `disk.…` and those of `HubClient.request` */
export function downloadBlob(download: BlobDownload): Promise<void> {
  const { blob } = download;
  const found = running.get(blob);
  if (found) return found.then(() => downloadBlob(download));
  const started = fetchBlob(download).finally(() => running.delete(blob));
  running.set(
    blob,
    started.catch(() => undefined),
  );
  return started;
}

async function fetchBlob(download: BlobDownload): Promise<void> {
  const { fs, file, blob, onBytes } = download;
  await waitForOthers(download);
  if (hasSize(fs, blob, file.bytes)) {
    onBytes?.(file.bytes);
    return;
  }
  const temporary = temporaryFor(blob);
  const adopted = adopt(fs, blob, temporary);
  try {
    await fill(download, temporary);
  } catch (error) {
    if (!adopted || !isWrong(error)) throw error;
    await fill(download, temporary); // what another process left was wrong: once more from the start
  }
  onDisk('write', blob, () => {
    fs.rename(temporary, blob);
    syncFolder(fs, dirname(blob));
  });
}

const isWrong = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code.startsWith('hub.wrong-');

function hasSize(fs: FileSystem, path: string, bytes: number): boolean {
  try {
    return fs.stat(path).bytes === bytes;
  } catch (error) {
    if (isMissing(error)) return false;
    throw diskProblem('read', path, error);
  }
}

/** Another process that downloads the same is faster than to do it twice. */
async function waitForOthers({ fs, blob, client, signal }: BlobDownload): Promise<void> {
  const isOthers = (name: string) => {
    const owner = ownerOfTemporary(name);
    return (
      owner !== undefined && owner.pid !== process.pid && processStart(owner.pid) === owner.start
    );
  };
  while (attemptsAt(fs, blob).some(isOthers)) await client.wait(WAIT_MS, signal);
}

/** What processes have got of it, by the names of their files. */
const attemptsAt = (fs: FileSystem, blob: string): string[] =>
  listFolder(fs, dirname(blob)).filter(
    name => isTemporary(name) && name.startsWith(`${basename(blob)}.tmp-`),
  );

/** Takes over what a process that is gone has got. A rename succeeds for one taker only. */
function adopt(fs: FileSystem, blob: string, temporary: string): boolean {
  for (const name of attemptsAt(fs, blob)) {
    if (name === basename(temporary)) return true;
    try {
      fs.rename(join(dirname(blob), name), temporary);
      return true;
    } catch (error) {
      if (!isMissing(error)) throw diskProblem('write', blob, error);
    }
  }
  return false;
}

/** The file being written, with the hash of what is in it. */
interface Growing {
  readonly handle: number;
  readonly path: string;
  bytes: number;
  hash: Hash;
}

async function fill(download: BlobDownload, path: string): Promise<void> {
  const { fs, file, client, signal } = download;
  const growing = await openGrowing(download, path);
  let isWhole = false;
  try {
    let failures = 0;
    while (growing.bytes < file.bytes) {
      const before = growing.bytes;
      const cut = await receive(download, growing);
      if (signal?.aborted) throw cancelled();
      if (growing.bytes >= file.bytes) break;
      if (cut === undefined) continue; // a part of what was asked for
      failures = growing.bytes > before ? 1 : failures + 1;
      if (failures >= MOST_FAILURES) throw networkProblem(download.url, cut);
      await client.pause(failures, undefined, signal);
    }
    check(file, growing);
    onDisk('write', path, () => fs.fsync(growing.handle));
    isWhole = true;
  } catch (error) {
    if (isWrong(error)) removeQuietly(fs, path);
    throw error;
  } finally {
    if (isWhole) onDisk('write', path, () => fs.close(growing.handle));
    else closeQuietly(fs, growing.handle);
  }
}

async function openGrowing({ fs, file, onBytes }: BlobDownload, path: string): Promise<Growing> {
  const handle = onDisk('write', path, () => fs.open(path, 'a'));
  const growing = { handle, path, bytes: 0, hash: startHash(file) };
  const reader = onDisk('read', path, () => fs.open(path, 'r'));
  try {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const count = onDisk('read', path, () => fs.read(reader, chunk, growing.bytes));
      if (count <= 0) break;
      growing.hash.update(chunk.subarray(0, count));
      growing.bytes += count;
      if (growing.bytes > file.bytes) {
        restart(fs, file, growing);
        break;
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  } finally {
    fs.close(reader);
  }
  onBytes?.(growing.bytes);
  return growing;
}

function restart(fs: FileSystem, file: ModelFile, growing: Growing): void {
  onDisk('write', growing.path, () => fs.truncate(growing.handle, 0));
  growing.bytes = 0;
  growing.hash = startHash(file);
}

/** Git hashes a small text of kind and size before the contents. */
function startHash({ bytes, hash }: ModelFile): Hash {
  return hash.kind === 'sha256'
    ? createHash('sha256')
    : createHash('sha1').update(`blob ${bytes}\0`);
}

/** Takes what one connection gives. @returns what cut it; undefined when it ended in order */
async function receive(download: BlobDownload, growing: Growing): Promise<unknown> {
  const { client, fs, file, url, signal, onBytes } = download;
  const from = growing.bytes;
  const answer = await client.request(url, {
    ...(from > 0 && { headers: { range: `bytes=${from}-` } }),
    accepts: [416],
    ...(signal && { signal }),
  });
  if (answer.status === 416) {
    answer.body.destroy();
    throw tooShort(file, from);
  }
  if (from > 0 && !goesOnAt(answer, from)) restart(fs, file, growing);
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (growing.bytes + chunk.byteLength > file.bytes) throw tooLong(file);
      onDisk('write', growing.path, () => writeAll(fs, growing.handle, chunk, growing.path));
      growing.hash.update(chunk);
      growing.bytes += chunk.byteLength;
      onBytes?.(growing.bytes);
    }
  } catch (error) {
    answer.body.destroy();
    if (error instanceof ProblemError) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
  if (growing.bytes < file.bytes && !isPart(answer, growing.bytes - from))
    throw tooShort(file, growing.bytes);
  return undefined;
}

/** Some servers give no more than so much at a time. */
const isPart = ({ status }: HttpAnswer, received: number): boolean =>
  status === 206 && received > 0;

/** A server may answer with the whole file, or with another part. */
function goesOnAt({ status, headers }: HttpAnswer, from: number): boolean {
  const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  return status === 206 && Number(start) === from;
}

const tooLong = ({ path, bytes }: ModelFile) =>
  hubProblem('hub.wrong-size', `${path} is longer than the ${bytes} bytes that the hub promised.`);

const tooShort = ({ path, bytes }: ModelFile, found: number) =>
  hubProblem(
    'hub.wrong-size',
    `${path} ends after ${found} of the ${bytes} bytes that the hub promised.`,
  );

function check({ path, hash }: ModelFile, growing: Growing): void {
  const found = growing.hash.digest('hex');
  if (found !== hash.hex)
    throw hubProblem(
      'hub.wrong-hash',
      `${path} came damaged: its ${nameOf(hash)} is ${found}, and the hub promised ${hash.hex}. It was removed.`,
    );
}

const nameOf = ({ kind }: FileHash): string => (kind === 'sha256' ? 'SHA-256' : 'git SHA-1');

function closeQuietly(fs: FileSystem, handle: number): void {
  try {
    fs.close(handle);
  } catch {
    // the first failure is the one to tell
  }
}
