/**
 * Run folders: making, finding, listing and deleting them. The folder is the interface: whoever
 * wants to know something about a run reads it. Knows nothing of training.
 */
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { RunState } from '../../protocol/runState';
import { emptyRunState, foldRunEvent } from '../../protocol/runState';
import { errnoOf, onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { exists, listFolder, readText } from '../files/readFile';
import { isTemporary, sweepTemporaries, temporaryFor } from '../files/temporary';
import { ensureFolders, removeQuietly, syncFolder, writeTextDurably } from '../files/writeDurably';
import { fail } from '../problem';
import { environmentFacts } from './environment';
import type { LeaseFacts } from './lease';
import { readLease, requireFree } from './lease';
import { readRunLog } from './runLog';
import { runPaths } from './runPaths';

export interface NewRun {
  /** As the user wrote it. */
  configText: string;
  /** The file it is from: paths in the config are relative to its folder. */
  configPath: string;
  name: string;
  /** The config with every default filled in and what else is to be remembered: plain JSON. */
  resolved: object;
}

/** `resolved.json` */
export interface ResolvedRun {
  name: string;
  /** Absolute. */
  configPath: string;
  /** ISO 8601. */
  created: string;
  /** The config with every default filled in, and the facts of `environmentFacts`. */
  [fact: string]: unknown;
}

/** `interrupted`: its process is gone without a word; it can be resumed. */
export type RunStatus = RunState['status'] | 'interrupted';

export interface RunSummary {
  id: string;
  dir: string;
  name: string;
  status: RunStatus;
  state: RunState;
  lease: LeaseFacts;
  /** 1-based line of `events.jsonl` that is damaged. */
  damagedLine?: number;
}

/** A process that was started writes its first event long before. */
const STARTING_SECONDS = 15;

/**
 * Makes `runs/YYYYMMDD-HHMMSS-<name>` and returns its path. `config.yaml` is written last: a folder
 * without it is not a run.
 */
export function createRunFolder(runsDir: string, run: NewRun, fs: FileSystem = disk): string {
  return onDisk('create a run in', runsDir, () => {
    ensureFolders(fs, runsDir);
    const created = new Date();
    const dir = newFolder(runsDir, run.name, fs, created);
    const { config, resolved } = runPaths(dir);
    const facts: ResolvedRun = {
      name: run.name,
      configPath: resolve(run.configPath),
      created: created.toISOString(),
      ...environmentFacts(dirname(resolve(run.configPath))),
      ...run.resolved,
    };
    try {
      writeTextDurably(fs, resolved, `${JSON.stringify(facts, null, 2)}\n`);
      writeTextDurably(fs, config, run.configText);
      syncFolder(fs, runsDir);
    } catch (error) {
      removeQuietly(fs, dir);
      throw error;
    }
    return dir;
  });
}

/** Makes `runsDir/YYYYMMDD-HHMMSS-<name>`, with a number behind it when that is taken. */
export function newFolder(
  runsDir: string,
  name: string,
  fs: FileSystem = disk,
  created = new Date(),
): string {
  const wanted = join(runsDir, `${timestamp(created)}-${name}`);
  for (let count = 1; ; count++) {
    const dir = count === 1 ? wanted : `${wanted}-${count}`;
    try {
      fs.mkdir(dir);
      return dir;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function timestamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** Every run in the folder, oldest first; none when there is no such folder. */
export function listRuns(runsDir: string, fs: FileSystem = disk): RunSummary[] {
  return runIds(runsDir, fs).map(id => readRun(join(runsDir, id), fs));
}

function runIds(runsDir: string, fs: FileSystem): string[] {
  const names = listFolder(fs, runsDir);
  return names
    .filter(name => !isTemporary(name) && exists(fs, runPaths(join(runsDir, name)).config))
    .sort();
}

/** What there is to say about one run now. */
export function readRun(dir: string, fs: FileSystem = disk): RunSummary {
  const { config } = runPaths(dir);
  const lease = readLease(dir, fs);
  const log = readRunLog(dir, 0, fs);
  const state = log.events.reduce(foldRunEvent, emptyRunState());
  const age = (Date.now() - fs.stat(config).modified) / 1000;
  const starting = log.events.length === 0 && lease.state === 'none' && age < STARTING_SECONDS;
  return {
    id: basename(dir),
    dir,
    name: state.name || basename(dir).replace(/^\d{8}-\d{6}-/, ''),
    status: statusOf(state, lease.state === 'live' || starting),
    state,
    lease,
    ...(log.damage ? { damagedLine: log.damage.line } : {}),
  };
}

/** What a run is doing, from its own last words and from whether its process lives. */
export function statusOf(state: RunState, live: boolean): RunStatus {
  const working = state.status === 'preparing' || state.status === 'training';
  return working && !live ? 'interrupted' : state.status;
}

/**
 * A run folder by its id, the end or beginning of it, its path, or `latest`.
 * @throws `run.unknown`, `run.ambiguous`
 */
export function findRun(runsDir: string, wanted: string, fs: FileSystem = disk): string {
  if (wanted.includes('/') || wanted.includes(sep)) {
    if (exists(fs, runPaths(wanted).config)) return resolve(wanted);
    return fail('run.unknown', `${wanted} is not a run folder.`, { file: wanted });
  }
  const ids = runIds(runsDir, fs);
  const exact = ids.filter(id => id === wanted || (wanted === 'latest' && id === ids.at(-1)));
  const alike = ids.filter(id => id.startsWith(wanted) || id.endsWith(`-${wanted}`));
  const [found, another] = exact.length > 0 ? exact : alike;
  if (found === undefined)
    return fail(
      'run.unknown',
      `There is no run "${wanted}" in ${runsDir}. List them with: weightroom runs`,
      { file: runsDir },
    );
  if (another !== undefined)
    return fail('run.ambiguous', `"${wanted}" may be ${alike.join(' or ')}: name one in full.`, {
      file: runsDir,
    });
  return join(runsDir, found);
}

/** Adds what only a run's start could tell, such as the hashes of its data. */
export function rememberResolved(runDir: string, facts: object, fs: FileSystem = disk): void {
  const text = JSON.stringify({ ...readResolved(runDir, fs), ...facts }, null, 2);
  writeTextDurably(fs, runPaths(runDir).resolved, `${text}\n`);
}

export const readResolved = (runDir: string, fs: FileSystem = disk): ResolvedRun =>
  JSON.parse(readText(fs, runPaths(runDir).resolved)) as ResolvedRun;

/** @throws `run.owned` while its process lives */
export function deleteRun(runDir: string, fs: FileSystem = disk): void {
  requireFree(runDir, fs);
  onDisk('delete', runDir, () => {
    const temporary = temporaryFor(runDir);
    fs.rename(runDir, temporary);
    fs.rm(temporary);
    sweepTemporaries(fs, dirname(runDir));
  });
}
