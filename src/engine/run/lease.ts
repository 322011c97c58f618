/**
 * Who owns a run folder: at most one process at a time. The owner writes its id and start time into
 * `lease.json` and touches that file every few seconds. Knows nothing of what the owner does.
 */
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { diskProblem, errnoOf, isMissing, onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { readText } from '../files/readFile';
import { writeAll } from '../files/writeDurably';
import { fail } from '../problem';
import { ownStart, processStart } from '../files/processIdentity';
import { runPaths } from './runPaths';

export interface Lease {
  /** Tells readers that the owner is alive. @throws `run.lease-lost` when it is not ours any more */
  renew(): void;
  release(): void;
}

export type LeaseState = 'live' | 'stale' | 'none';

export interface LeaseFacts {
  state: LeaseState;
  /** 0 when there is no lease or its owner did not come to write itself in. */
  pid: number;
  /** Since the owner last gave a sign of life. */
  ageSeconds: number;
}

interface Owner {
  pid: number;
  /** Of `processStart`. */
  start: string;
  host: string;
}

interface Held extends LeaseFacts {
  /** Names the one process that holds it. */
  identity: string;
}

/** How often an owner renews its lease. */
export const HEARTBEAT_MS = 5_000;
/** Where a process cannot be looked at, as on another machine, it is dead after this silence. */
const SILENCE_SECONDS = 120;
/** Between creating the file and writing itself in, an owner needs microseconds. */
const UNWRITTEN_SECONDS = 10;

/** @throws `run.owned` while another process lives that holds the lease */
export function takeLease(runDir: string, fs: FileSystem = disk): Lease {
  const path = runPaths(runDir).lease;
  onDisk('write', path, () => {
    claim(fs, path);
    removeGraves(fs, runDir);
  });
  const renew = () => {
    if (look(fs, path)?.identity !== identityOf(self()))
      fail('run.lease-lost', `${runDir} was taken from this process; it stops.`, { file: path });
    onDisk('write', path, () => fs.touch(path));
  };
  const release = () => {
    if (look(fs, path)?.identity === identityOf(self())) onDisk('delete', path, () => fs.rm(path));
  };
  return { renew, release };
}

export function readLease(runDir: string, fs: FileSystem = disk): LeaseFacts {
  const held = look(fs, runPaths(runDir).lease);
  if (held === undefined) return { state: 'none', pid: 0, ageSeconds: 0 };
  const { state, pid, ageSeconds } = held;
  return { state, pid, ageSeconds };
}

/**
 * Creates `path` with our name in it, which only one process can. When its owner is dead, exactly
 * one of those who see that may remove the file: the one that holds the claim on that owner's
 * grave, a file named after the dead process. So nobody ever removes the lease of the living.
 */
function claim(fs: FileSystem, path: string): void {
  while (!create(fs, path)) {
    const held = look(fs, path);
    if (held === undefined) continue;
    if (held.state === 'live') refuse(path, held);
    const grave = `${path}.dead-${held.identity}`;
    claim(fs, grave);
    const now = look(fs, path);
    if (now?.state === 'stale' && now.identity === held.identity) fs.rm(path);
    fs.rm(grave);
  }
}

/** Once somebody owns the run again, graves that killed processes left are of no use. */
function removeGraves(fs: FileSystem, runDir: string): void {
  for (const name of fs.readdir(runDir))
    if (name.startsWith('lease.json.dead-')) fs.rm(join(runDir, name));
}

function create(fs: FileSystem, path: string): boolean {
  let file: number;
  try {
    file = fs.open(path, 'wx');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fs, file, Buffer.from(`${JSON.stringify(self())}\n`), path);
  } catch (error) {
    fs.rm(path);
    throw error;
  } finally {
    fs.close(file);
  }
  return true;
}

/** Undefined when there is no such file. */
function look(fs: FileSystem, path: string): Held | undefined {
  try {
    const ageSeconds = Math.max(0, (Date.now() - fs.stat(path).modified) / 1000);
    const owner = parseOwner(readText(fs, path));
    if (owner !== undefined) {
      const state = isDead(owner, ageSeconds) ? 'stale' : 'live';
      return { state, pid: owner.pid, ageSeconds, identity: identityOf(owner) };
    }
    const state = ageSeconds > UNWRITTEN_SECONDS ? 'stale' : 'live';
    return { state, pid: 0, ageSeconds, identity: 'unknown' };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw diskProblem('read', path, error);
  }
}

function isDead({ pid, start, host }: Owner, ageSeconds: number): boolean {
  const here = host === hostname();
  if (here && start !== '') return processStart(pid) !== start;
  return ageSeconds > SILENCE_SECONDS || (here && processStart(pid) === undefined);
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    const { pid, start, host } = owner ?? {};
    if (typeof pid !== 'number' || typeof start !== 'string' || typeof host !== 'string')
      return undefined;
    return { pid, start, host };
  } catch {
    return undefined;
  }
}

const self = (): Owner => ({ pid: process.pid, start: ownStart(), host: hostname() });

const identityOf = ({ pid, start, host }: Owner): string =>
  `${pid}-${start}-${host.replace(/[^A-Za-z0-9.-]/g, '_')}`;

/** @throws `run.owned` while a process lives that works on the run */
export function requireFree(runDir: string, fs: FileSystem = disk): void {
  const path = runPaths(runDir).lease;
  const held = look(fs, path);
  if (held?.state === 'live') refuse(path, held);
}

function refuse(path: string, { pid, ageSeconds }: Held): never {
  const run = basename(dirname(path));
  return fail(
    'run.owned',
    `${run} is being worked on by process ${pid}, last heard of ${ageSeconds.toFixed(0)} s ago. Stop it first: weightroom stop ${run}`,
    { file: path },
  );
}
