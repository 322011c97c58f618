/**
 * Finds the runs in some folders and follows them: what the operating system reports is looked at
 * within a tenth of a second, and because it does not report everywhere, a slow round looks at the
 * rest. Knows nothing of VS Code.
 */
import { type FSWatcher, existsSync, readdirSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { isTemporary } from '../../engine/files/temporary';
import { runPaths } from '../../engine/run/runPaths';
import { RunReader } from './runReader';

/** Shortest time between two looks, and so between two changes told. */
const COALESCE_MS = 100;
/** Live runs are looked at every second, all others and the folders every fifth. */
const ROUND_MS = 1000;
const ROUNDS_PER_SWEEP = 5;

export class RunFollower {
  private readers = new Map<string, RunReader>();
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly dirty = new Set<RunReader>();
  private foldersAreDirty = true;
  private round = 0;
  private isDisposed = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly rounds: NodeJS.Timeout;
  private looking: Promise<void> = Promise.resolve();

  /**
   * @param folders absolute paths, each a folder of runs or one run
   * @param changed called after a look that found something new
   */
  constructor(
    private readonly folders: () => readonly string[],
    private readonly changed: () => void,
  ) {
    this.rounds = setInterval(() => this.nextRound(), ROUND_MS);
    this.lookSoon();
  }

  /** Newest first. */
  get runs(): readonly RunReader[] {
    return [...this.readers.values()];
  }

  /** Looks at everything; settles when that is done, also when a look was under way. */
  async refresh(): Promise<void> {
    this.foldersAreDirty = true;
    return this.lookInTurn();
  }

  dispose(): void {
    this.isDisposed = true;
    clearInterval(this.rounds);
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
    this.readers.clear();
  }

  private nextRound(): void {
    this.round++;
    if (this.round % ROUNDS_PER_SWEEP === 0) this.foldersAreDirty = true;
    for (const reader of this.readers.values()) if (reader.live) this.dirty.add(reader);
    if (this.foldersAreDirty || this.dirty.size > 0) this.lookSoon();
  }

  private lookSoon(): void {
    if (this.isDisposed) return;
    this.timer ??= setTimeout(() => {
      const next = () => {
        this.timer = undefined;
        if (this.foldersAreDirty || this.dirty.size > 0) this.lookSoon();
      };
      void this.lookInTurn().then(next, next);
    }, COALESCE_MS);
  }

  /** After the looks that are under way. One that fails is the last of none: others follow it. */
  private lookInTurn(): Promise<void> {
    const looked = this.looking.then(() => this.look());
    this.looking = looked.catch(() => undefined);
    return looked;
  }

  private async look(): Promise<void> {
    let isNews = false;
    let toldAt = performance.now();
    if (this.foldersAreDirty) {
      this.foldersAreDirty = false;
      isNews = this.findRuns();
      for (const reader of this.readers.values()) this.dirty.add(reader);
    }
    for (const reader of [...this.dirty]) {
      if (this.isDisposed) return;
      this.dirty.delete(reader);
      isNews = (await reader.update()) || isNews;
      if (isNews && performance.now() - toldAt >= COALESCE_MS) {
        this.changed();
        isNews = false;
        toldAt = performance.now();
      }
    }
    this.watchLive();
    if (isNews) this.changed();
  }

  /** True when runs came or went. */
  private findRuns(): boolean {
    const dirs = [...new Set(this.folders().flatMap(runsIn))];
    const known = new Map([...this.readers.values()].map(reader => [reader.dir, reader]));
    const isNews = dirs.length !== known.size || dirs.some(dir => !known.has(dir));
    if (!isNews) return false;
    this.readers = new Map();
    for (const dir of dirs.sort((a, b) => compareNames(basename(b), basename(a)))) {
      const id = freeId(basename(dir), this.readers);
      const reader = known.get(dir);
      this.readers.set(id, reader?.id === id ? reader : new RunReader(id, dir));
    }
    return true;
  }

  private watchLive(): void {
    if (this.isDisposed) return;
    const live = [...this.readers.values()].filter(reader => reader.live);
    const wanted = new Map<string, () => void>();
    for (const folder of this.folders()) {
      wanted.set(folder, () => (this.foldersAreDirty = true));
    }
    for (const reader of live) wanted.set(reader.dir, () => this.dirty.add(reader));
    for (const [path, watcher] of this.watchers) {
      if (wanted.has(path)) continue;
      watcher.close();
      this.watchers.delete(path);
    }
    for (const [path, note] of wanted) if (!this.watchers.has(path)) this.watch(path, note);
  }

  private watch(path: string, note: () => void): void {
    try {
      const watcher = watch(path, { persistent: false }, () => {
        note();
        this.lookSoon();
      });
      watcher.on('error', () => this.unwatch(path));
      this.watchers.set(path, watcher);
    } catch {
      // not there yet, or no watches left: the rounds see it all the same
    }
  }

  private unwatch(path: string): void {
    this.watchers.get(path)?.close();
    this.watchers.delete(path);
  }
}

/** Folders of runs below `folder`, or itself when it is one. */
function runsIn(folder: string): string[] {
  if (isRun(folder)) return [folder];
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !isTemporary(entry.name))
      .map(entry => join(folder, entry.name))
      .filter(isRun);
  } catch {
    return [];
  }
}

const isRun = (dir: string): boolean => existsSync(runPaths(dir).config);

function freeId(name: string, taken: ReadonlyMap<string, unknown>): string {
  let id = name;
  for (let n = 2; taken.has(id); n++) id = `${name}~${n}`;
  return id;
}

const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
