/**
 * `events.jsonl`: one event a line, one write a line, each line with its number, time and CRC-32.
 * A torn last line is cut off, a damaged inner one is named. Knows nothing of what events mean.
 */
import type { RunEvent, RunEventBody } from '../../protocol/runEvent';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { openSealedJson, sealJson } from '../files/sealedJson';
import { syncFolder, writeAll } from '../files/writeDurably';
import { runPaths } from './runPaths';

export interface RunLog {
  /** @throws `disk.*`; a line that cannot be written whole leaves no part of itself in the log */
  append(body: RunEventBody): RunEvent;
  /** As `append`, with space that was set aside for it: the last words fit on a full disk. */
  appendLast(body: RunEventBody): RunEvent;
  /** Everything appended is on the disk, not only with the operating system. */
  sync(): void;
  close(): void;
  /** Bytes of a torn last line which were cut off when the log was opened. */
  readonly cut: number;
}

export interface RunLogPart {
  events: RunEvent[];
  /** Where to go on reading. A last line without its end is not counted: it is still being written. */
  nextByte: number;
  /** The first line that is not as it was written, 1-based; it is left out of `events`. */
  damage?: { line: number; byte: number };
}

const SYNC_EVERY_MS = 1000;
const RESERVE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** The line of an event in the log, without its end. */
export const encodeRunEvent = (event: RunEvent): string => sealJson(event);

/**
 * Events from `fromByte` on, which is 0 or the `nextByte` of an earlier call; none while there is no
 * log yet.
 */
export function readRunLog(runDir: string, fromByte = 0, fs: FileSystem = disk): RunLogPart {
  const path = runPaths(runDir).events;
  return onDisk('read', path, () => {
    if (!exists(fs, path)) return { events: [], nextByte: fromByte };
    const file = fs.open(path, 'r');
    try {
      return readPart(fs, file, fromByte);
    } finally {
      fs.close(file);
    }
  });
}

function readPart(fs: FileSystem, file: number, fromByte: number): RunLogPart {
  const bytes = readAvailable(fs, file, fromByte);
  const part: RunLogPart = { events: [], nextByte: fromByte };
  for (let start = 0; ;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) return part;
    const event = openSealedJson(bytes.subarray(start, end)) as RunEvent | undefined;
    const byte = fromByte + start;
    if (event !== undefined) part.events.push(event);
    else part.damage ??= { line: 1 + countLines(fs, file, byte), byte };
    start = end + 1;
    part.nextByte = fromByte + start;
  }
}

/** To the end of the file as it is now, which another process may move either way. */
function readAvailable(fs: FileSystem, file: number, from: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, fs.size(file) - from));
  let done = 0;
  while (done < bytes.length) {
    const count = fs.read(file, bytes.subarray(done), from + done);
    if (count <= 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function countLines(fs: FileSystem, file: number, toByte: number): number {
  const bytes = readAvailable(fs, file, 0).subarray(0, toByte);
  let lines = 0;
  for (const byte of bytes) if (byte === NEWLINE) lines++;
  return lines;
}

/** Opens the log of a run for its one owner, creates it when it is not there. */
export function openRunLog(fs: FileSystem, runDir: string): RunLog {
  const path = runPaths(runDir).events;
  return onDisk('write', path, () => {
    const file = fs.open(path, 'a');
    try {
      syncFolder(fs, runDir);
      return new OpenRunLog(fs, file, path, runDir);
    } catch (error) {
      fs.close(file);
      throw error;
    }
  });
}

class OpenRunLog implements RunLog {
  readonly cut: number;
  private seq: number;
  /** Length of the file up to the end of its last whole line. */
  private bytes: number;
  private torn = false;
  private syncedAt = Date.now();
  private readonly reserve: string;

  constructor(
    private readonly fs: FileSystem,
    private readonly file: number,
    private readonly path: string,
    runDir: string,
  ) {
    const { events, bytes } = soundPart(fs, runDir);
    this.seq = (events.at(-1)?.seq ?? -1) + 1;
    this.bytes = bytes;
    this.cut = fs.size(file) - bytes;
    if (this.cut > 0) fs.truncate(file, bytes);
    this.reserve = `${path}.reserve`;
    fs.rm(this.reserve);
    const reserve = fs.open(this.reserve, 'wx');
    try {
      writeAll(fs, reserve, new Uint8Array(RESERVE_BYTES), this.reserve);
    } finally {
      fs.close(reserve);
    }
  }

  append(body: RunEventBody): RunEvent {
    const event: RunEvent = { ...body, seq: this.seq, time: Date.now() };
    this.writeLine(Buffer.from(`${encodeRunEvent(event)}\n`));
    this.seq++;
    if (event.time - this.syncedAt >= SYNC_EVERY_MS) this.sync();
    return event;
  }

  /** A part of a line, which a full disk may leave, is taken back: at once or before the next. */
  private writeLine(line: Buffer): void {
    const { fs, file, path } = this;
    onDisk('write', path, () => {
      if (this.torn) fs.truncate(file, this.bytes);
      this.torn = true;
      try {
        writeAll(fs, file, line, path);
      } catch (error) {
        fs.truncate(file, this.bytes);
        this.torn = false;
        throw error;
      }
      this.torn = false;
      this.bytes += line.byteLength;
    });
  }

  appendLast(body: RunEventBody): RunEvent {
    this.fs.rm(this.reserve);
    return this.append(body);
  }

  sync(): void {
    onDisk('write', this.path, () => this.fs.fdatasync(this.file));
    this.syncedAt = Date.now();
  }

  close(): void {
    onDisk('write', this.path, () => {
      this.fs.rm(this.reserve);
      this.fs.fdatasync(this.file);
      this.fs.close(this.file);
    });
  }
}

/** The log without what a crash tore off: its last line, when that has no end or is not sound. */
function soundPart(fs: FileSystem, runDir: string): { events: RunEvent[]; bytes: number } {
  const { events, nextByte, damage } = readRunLog(runDir, 0, fs);
  if (damage === undefined) return { events, bytes: nextByte };
  const lastLine = readRunLog(runDir, damage.byte, fs).events.length === 0;
  return { events, bytes: lastLine ? damage.byte : nextByte };
}
