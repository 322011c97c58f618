/** Turns the operating system's file errors into problems that say what to do about them. */
import { ProblemError } from '../problem';

interface Advice {
  code: string;
  words: string;
}

const full: Advice = { code: 'disk.full', words: 'the disk is full; free some space' };
const denied: Advice = {
  code: 'disk.permission',
  words: 'permission denied; check who owns the file and its folder',
};
const exhausted: Advice = {
  code: 'disk.too-many-files',
  words: 'too many open files; close some programs or raise the limit (ulimit -n)',
};

const adviceOf: Readonly<Record<string, Advice>> = {
  ENOSPC: full,
  EDQUOT: { code: 'disk.full', words: 'your disk quota is used up; free some space' },
  EROFS: { code: 'disk.read-only', words: 'the file system is read-only; choose another folder' },
  EACCES: denied,
  EPERM: denied,
  EMFILE: exhausted,
  ENFILE: exhausted,
  EIO: { code: 'disk.io', words: 'the disk reported an error; check its health' },
  ENOENT: { code: 'disk.missing', words: 'no such file or folder' },
  ENOTDIR: { code: 'disk.missing', words: 'a part of the path is not a folder' },
  EISDIR: { code: 'disk.not-a-file', words: 'it is a folder, not a file' },
  EEXIST: { code: 'disk.exists', words: 'it exists already' },
};

/**
 * Runs `action`; an error of the operating system leaves it as a problem about `path`.
 * @param doing what was attempted, e.g. "write"
 */
export function onDisk<T>(doing: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw diskProblem(doing, path, error);
  }
}

/** A problem for an error of the operating system; any other error comes back as it is. */
export function diskProblem(doing: string, path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const { code, words } = adviceOf[errno] ?? { code: 'disk.error', words: `error ${errno}` };
  const message = `Cannot ${doing} ${path}: ${words}.`;
  return new ProblemError({ code, severity: 'error', message, where: { file: path } });
}

/** Whether it says that a file or folder is not there. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ProblemError
    ? error.problem.code === 'disk.missing'
    : errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';

/** The `code` of Node's file errors, e.g. `ENOSPC`; undefined for anything else. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
