/**
 * The one door through which the engine touches the disk: the few calls it needs, each of which may
 * fail, so that a test can make any of them fail. Knows nothing of what is written.
 */
import {
  closeSync,
  copyFileSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { errnoOf } from './diskProblem';

/** `r` reads, `r+` reads and writes, `w` truncates, `wx` fails when the file exists, `a` appends. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx' | 'a';

export interface FileFacts {
  readonly bytes: number;
  readonly isFolder: boolean;
  /** Unix milliseconds of the last write or `touch`. */
  readonly modified: number;
}

/** Calls are synchronous and throw Node's errors with their `code`. */
export interface FileSystem {
  open(path: string, flags: OpenFlags): number;
  /** Bytes read at `position`: fewer than asked is no error, 0 is the end of the file. */
  read(file: number, into: Uint8Array, position: number): number;
  /** Bytes written: fewer than given is no error and must be looked at. */
  write(file: number, bytes: Uint8Array): number;
  truncate(file: number, bytes: number): void;
  size(file: number): number;
  fsync(file: number): void;
  /** As `fsync`, without times and other facts about the file. */
  fdatasync(file: number): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  /** One folder; fails with EEXIST when the path is taken. */
  mkdir(path: string): void;
  /** A file, link or whole folder; nothing when there is none. */
  rm(path: string): void;
  /** Makes `path` a symbolic link to a file; `target` is relative to the link's folder. */
  symlink(target: string, path: string): void;
  /** What a symbolic link says; undefined when `path` is no link. */
  linkTarget(path: string): string | undefined;
  /** The contents of one file, which may be links on both ends. */
  copy(from: string, to: string): void;
  readdir(path: string): string[];
  stat(path: string): FileFacts;
  /** Sets the time of last modification to now. */
  touch(path: string): void;
  /** Bytes an ordinary user may still write on the disk that holds `path`. */
  freeBytes(path: string): number;
}

/** Larger requests are split: the operating system takes at most 2 GiB at a time. */
const CALL_BYTES = 1 << 30;

export const disk: FileSystem = {
  open: (path, flags) => openSync(path, flags, 0o644),
  read: (file, into, position) =>
    readSync(file, into, 0, Math.min(into.byteLength, CALL_BYTES), position),
  write: (file, bytes) => writeSync(file, bytes, 0, Math.min(bytes.byteLength, CALL_BYTES)),
  truncate: (file, bytes) => ftruncateSync(file, bytes),
  size: file => fstatSync(file).size,
  fsync: file => fsyncSync(file),
  fdatasync: file => fdatasyncSync(file),
  close: file => closeSync(file),
  rename: (from, to) => renameSync(from, to),
  mkdir: path => void mkdirSync(path),
  rm: path => rmSync(path, { recursive: true, force: true }),
  symlink: (target, path) => symlinkSync(target, path, 'file'),
  linkTarget: path => {
    try {
      return readlinkSync(path);
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') return undefined;
      throw error;
    }
  },
  copy: (from, to) => copyFileSync(from, to),
  readdir: path => readdirSync(path),
  stat: path => {
    const facts = statSync(path);
    return { bytes: facts.size, isFolder: facts.isDirectory(), modified: facts.mtimeMs };
  },
  touch: path => utimesSync(path, new Date(), new Date()),
  freeBytes: path => {
    const facts = statfsSync(path);
    return facts.bavail * facts.bsize;
  },
};

export { writeFileDurably } from './writeDurably';
