/**
 * A run's numbers over its whole length, from `series.bin` as far as that goes and from the log
 * beyond it. Reads as the log grows, in portions that leave the process room for other work; shows
 * what it has while it reads. Knows nothing of watching or drawing.
 */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type RunSeries, emptyRunSeries, foldIntoSeries } from '../../curves/runSeries';
import type { RunEvent } from '../../protocol/runEvent';
import { errnoOf } from '../files/diskProblem';
import { type FileSystem, disk } from '../files/fileSystem';
import { openSealedJson } from '../files/sealedJson';
import { temporaryFor } from '../files/temporary';
import { removeQuietly, writeAll } from '../files/writeDurably';
import { runPaths } from './runPaths';
import { type CoveredLog, decodeSeries, encodeSeries } from './seriesFile';
import { parseStepLine } from './stepLine';

const PORTION_BYTES = 1 << 20;
/** A longer line is no line of ours: it is skipped as damage. */
const LONGEST_LINE = 64 << 20;
const TAIL_BYTES = 4096;
/** Shorter logs are read faster than a cache is worth. */
const CACHE_FROM_BYTES = 8 << 20;
const NEWLINE = 0x0a;

/** Everything about a run that curves need. @throws `disk.*` */
export async function readSeries(runDir: string, fs: FileSystem = disk): Promise<RunSeries> {
  const reader = new SeriesReader(runDir, fs);
  await reader.update();
  return reader.series;
}

export class SeriesReader {
  /** Replaced when the log turns out to be another one; else folded in place. */
  series: RunSeries = emptyRunSeries();
  /** Lines that are not as they were written; they are left out. */
  damagedLines = 0;
  /** Bytes of the log that are in `series`, and those of the whole log at the last look. */
  readBytes = 0;
  logBytes = 0;
  #cachedBytes = 0;
  #isOpened = false;
  #updating: Promise<boolean> | undefined;

  constructor(
    readonly runDir: string,
    private readonly fs: FileSystem = disk,
  ) {}

  /** Path of the cache: derived, safe to delete. */
  get cachePath(): string {
    return join(this.runDir, 'series.bin');
  }

  /**
   * Reads what is new; true when anything was. `onPortion` is called between portions, when
   * `series` is whole up to there. Calls while one is under way share it. @throws `disk.*`
   */
  update(onPortion: () => void = () => {}): Promise<boolean> {
    this.#updating ??= this.#read(onPortion).finally(() => (this.#updating = undefined));
    return this.#updating;
  }

  /** Writes the cache when the log has grown enough to be worth it; false when it cannot. */
  async writeCache(): Promise<boolean> {
    if (this.readBytes - this.#cachedBytes < CACHE_FROM_BYTES) return true;
    const temporary = temporaryFor(this.cachePath);
    try {
      const covered = { bytes: this.readBytes, tail: this.#tailOf(this.readBytes) };
      // One turn of the event loop: nothing may be folded in between.
      const file = this.fs.open(temporary, 'wx');
      try {
        for (const chunk of encodeSeries(this.series, covered))
          writeAll(this.fs, file, chunk, temporary);
      } finally {
        this.fs.close(file);
      }
      this.fs.rename(temporary, this.cachePath);
      this.#cachedBytes = covered.bytes;
      await nextTurn();
      return true;
    } catch {
      // A cache that cannot be written (full disk, read-only folder) costs time, never data.
      removeQuietly(this.fs, temporary);
      return false;
    }
  }

  async #read(onPortion: () => void): Promise<boolean> {
    let file: number;
    try {
      file = this.fs.open(runPaths(this.runDir).events, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    try {
      this.logBytes = this.fs.size(file);
      if (!this.#isOpened) this.#openCache(file);
      const isAnother = this.logBytes < this.readBytes;
      if (isAnother) this.#forget();
      const before = this.readBytes;
      await this.#readLines(file, onPortion);
      return isAnother || this.readBytes > before;
    } finally {
      this.fs.close(file);
    }
  }

  async #readLines(file: number, onPortion: () => void): Promise<void> {
    // No larger than what is new: a live log is looked at ten times a second.
    let portion = Buffer.allocUnsafe(Math.min(PORTION_BYTES, this.logBytes - this.readBytes));
    while (this.readBytes < this.logBytes) {
      const count = this.fs.read(file, portion, this.readBytes);
      const end = portion.subarray(0, count).lastIndexOf(NEWLINE) + 1;
      if (end === 0) {
        // The last line is still being written, or this one is longer than a portion.
        if (count < portion.length || portion.length >= LONGEST_LINE) return;
        portion = Buffer.allocUnsafe(portion.length * 2);
        continue;
      }
      this.#foldLines(portion.subarray(0, end));
      this.readBytes += end;
      if (this.readBytes >= this.logBytes) return;
      onPortion();
      await nextTurn();
    }
  }

  #foldLines(bytes: Buffer): void {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, start);
      const event: RunEvent | undefined =
        parseStepLine(bytes, start, end) ??
        (openSealedJson(bytes.subarray(start, end)) as RunEvent | undefined);
      if (event) foldIntoSeries(this.series, event);
      else this.damagedLines++;
      start = end + 1;
    }
  }

  #openCache(log: number): void {
    this.#isOpened = true;
    const cached = this.#readCache();
    if (!cached || cached.covered.bytes > this.logBytes) return;
    if (this.#tailOf(cached.covered.bytes, log) !== cached.covered.tail) return;
    this.series = cached.series;
    this.readBytes = cached.covered.bytes;
    this.#cachedBytes = cached.covered.bytes;
  }

  #readCache(): { series: RunSeries; covered: CoveredLog } | undefined {
    try {
      const file = this.fs.open(this.cachePath, 'r');
      try {
        const bytes = new Uint8Array(this.fs.size(file));
        let done = 0;
        while (done < bytes.length) {
          const count = this.fs.read(file, bytes.subarray(done), done);
          if (count <= 0) return undefined;
          done += count;
        }
        return decodeSeries(bytes);
      } finally {
        this.fs.close(file);
      }
    } catch {
      return undefined; // no cache, or none that can be read: the log has it all
    }
  }

  /** CRC-32 of the log's last bytes before `end`. */
  #tailOf(end: number, opened?: number): number {
    const file = opened ?? this.fs.open(runPaths(this.runDir).events, 'r');
    try {
      const bytes = Buffer.alloc(Math.min(TAIL_BYTES, end));
      this.fs.read(file, bytes, end - bytes.length);
      return crc32(bytes);
    } finally {
      if (opened === undefined) this.fs.close(file);
    }
  }

  #forget(): void {
    const { revision } = this.series;
    this.series = { ...emptyRunSeries(), revision: revision + 1 };
    this.readBytes = 0;
    this.#cachedBytes = 0;
    this.damagedLines = 0;
  }
}
