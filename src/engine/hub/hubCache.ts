/**
 * The cache in the layout of Hugging Face's own tools, which share it with us:
 *
 *     models--org--name/blobs/<hash>                 contents, named by their hash
 *                       refs/main                    the commit that the branch was at
 *                       snapshots/<commit>/<path>    links to blobs
 *
 * Finds, lists, links and removes; knows nothing of the network.
 */
import { basename, dirname, join, relative, sep } from 'node:path';
import { errnoOf, isMissing, onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, listFolder, readText } from '../files/readFile';
import { isTemporary, temporaryFor } from '../files/temporary';
import { ensureFolder, removeQuietly, syncFolder, writeTextDurably } from '../files/writeDurably';
import { fail } from '../problem';
import { checkModelId, checkRevision, COMMIT, folderOfModel, modelOfFolder } from './hubNames';

export interface CachedModel {
  readonly id: string;
  readonly dir: string;
  /** Of its blobs, each once. */
  readonly bytes: number;
  /** Newest first. */
  readonly revisions: readonly CachedRevision[];
  /** Downloads that were cut off and can go on, in bytes. */
  readonly unfinished: number;
}

export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that point at it. */
  readonly refs: readonly string[];
  /** The folder to open the model from. */
  readonly dir: string;
  readonly files: readonly CachedFile[];
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modified: number;
}

export interface CachedFile {
  readonly path: string;
  readonly bytes: number;
  /** Where the contents are; the file itself where it is no link. */
  readonly blob: string;
}

export const modelDir = (cacheDir: string, id: string): string => join(cacheDir, folderOfModel(id));

/** The folder of a model at a revision, if any of it is there. @throws `hub.bad-name`, `hub.bad-revision` */
export function findCachedModel(
  cacheDir: string,
  id: string,
  revision = 'main',
  fs: FileSystem = disk,
): string | undefined {
  const dir = modelDir(cacheDir, id);
  checkRevision(revision);
  const commit = COMMIT.test(revision) ? revision : readRef(dir, revision, fs);
  const snapshot = commit === undefined ? undefined : join(dir, 'snapshots', commit);
  return snapshot !== undefined && exists(fs, snapshot) ? snapshot : undefined;
}

function readRef(dir: string, revision: string, fs: FileSystem): string | undefined {
  const path = join(dir, 'refs', ...revision.split('/'));
  if (!exists(fs, path) || fs.stat(path).isFolder) return undefined;
  const commit = readText(fs, path).trim();
  return COMMIT.test(commit) ? commit : undefined;
}

/** By name; folders that are no model's are left out. */
export const listCachedModels = (cacheDir: string, fs: FileSystem = disk): CachedModel[] =>
  listFolder(fs, cacheDir)
    .flatMap(name => {
      const id = modelOfFolder(name);
      return id === undefined ? [] : (readCachedModel(cacheDir, id, fs) ?? []);
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));

export function readCachedModel(
  cacheDir: string,
  id: string,
  fs: FileSystem = disk,
): CachedModel | undefined {
  const dir = modelDir(cacheDir, id);
  return onDisk('read', dir, () => readModel(dir, id, fs));
}

function readModel(dir: string, id: string, fs: FileSystem): CachedModel | undefined {
  if (!exists(fs, dir)) return undefined;
  const refs = readRefs(dir, fs);
  const revisions = listFolder(fs, join(dir, 'snapshots'))
    .filter(name => COMMIT.test(name))
    .map(commit => readRevision(join(dir, 'snapshots', commit), refs, fs))
    .sort((a, b) => b.modified - a.modified);
  const sizes = new Map(revisions.flatMap(r => r.files.map(f => [f.blob, f.bytes] as const)));
  return {
    id,
    dir,
    bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    revisions,
    unfinished: unfinishedBytes(join(dir, 'blobs'), fs),
  };
}

/** Ours, and those of Hugging Face's tools. */
function unfinishedBytes(blobs: string, fs: FileSystem): number {
  return listFolder(fs, blobs)
    .filter(name => isTemporary(name) || name.endsWith('.incomplete'))
    .reduce((sum, name) => sum + (factsOf(join(blobs, name), fs)?.bytes ?? 0), 0);
}

function readRefs(dir: string, fs: FileSystem): Map<string, string[]> {
  const refs = new Map<string, string[]>();
  const root = join(dir, 'refs');
  for (const path of filesBelow(root, fs)) {
    const name = path.split(sep).join('/');
    const commit = readText(fs, join(root, path)).trim();
    if (COMMIT.test(commit)) refs.set(commit, [...(refs.get(commit) ?? []), name]);
  }
  return refs;
}

function readRevision(dir: string, refs: Map<string, string[]>, fs: FileSystem): CachedRevision {
  const commit = basename(dir);
  let modified = fs.stat(dir).modified;
  const files = filesBelow(dir, fs).flatMap((path): CachedFile[] => {
    const file = join(dir, path);
    const facts = factsOf(file, fs); // of the blob; none where the link is broken
    if (!facts) return [];
    modified = Math.max(modified, facts.modified);
    const target = fs.linkTarget(file);
    const blob = target === undefined ? file : join(dirname(file), target);
    return [{ path: path.split(sep).join('/'), bytes: facts.bytes, blob }];
  });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { commit, refs: refs.get(commit) ?? [], dir, files, bytes, modified };
}

/** Relative to the folder; links to folders are not entered. */
function filesBelow(dir: string, fs: FileSystem, prefix = ''): string[] {
  return listFolder(fs, dir).flatMap(name => {
    const path = join(dir, name);
    const isFolder = fs.linkTarget(path) === undefined && factsOf(path, fs)?.isFolder === true;
    return isFolder ? filesBelow(path, fs, join(prefix, name)) : [join(prefix, name)];
  });
}

function factsOf(path: string, fs: FileSystem) {
  try {
    return fs.stat(path);
  } catch (error) {
    if (isMissing(error) || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Makes the folder and those above it. */
export function makeFolders(fs: FileSystem, path: string): void {
  if (exists(fs, path)) return;
  makeFolders(fs, dirname(path));
  ensureFolder(fs, path);
}

/** Says that a branch is at a commit. */
export function writeRef(fs: FileSystem, dir: string, revision: string, commit: string): void {
  if (COMMIT.test(revision) || readRef(dir, revision, fs) === commit) return;
  const path = join(dir, 'refs', ...checkRevision(revision).split('/'));
  makeFolders(fs, dirname(path));
  writeTextDurably(fs, path, commit);
}

/** Puts a blob into a snapshot under a path that was checked; by a link, or by a copy. */
export function linkBlob(fs: FileSystem, blob: string, path: string, copies: boolean): void {
  makeFolders(fs, dirname(path));
  const target = relative(dirname(path), blob);
  if (!copies && isLinkTo(fs, path, target)) return;
  const temporary = temporaryFor(path);
  onDisk('write', path, () => {
    try {
      fs.rm(temporary);
      if (copies || !linked(fs, target, temporary)) fs.copy(blob, temporary);
      fs.rename(temporary, path);
      syncFolder(fs, dirname(path));
    } catch (error) {
      removeQuietly(fs, temporary);
      throw error;
    }
  });
}

function isLinkTo(fs: FileSystem, path: string, target: string): boolean {
  try {
    return fs.linkTarget(path) === target;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Windows gives links only to those who may make them. */
function linked(fs: FileSystem, target: string, path: string): boolean {
  try {
    fs.symlink(target, path);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/**
 * Removes one revision with the blobs that no other has, or all of a model.
 * @returns the bytes that were freed
 * @throws `hub.not-cached`
 */
export function removeCached(
  cacheDir: string,
  id: string,
  revision?: string,
  fs: FileSystem = disk,
): number {
  const model = readCachedModel(cacheDir, checkModelId(id), fs);
  if (!model) return notCached(cacheDir, id);
  const going = revision === undefined ? model.revisions : [findRevision(model, revision)];
  const staying = model.revisions.filter(each => !going.includes(each));
  return onDisk('delete', model.dir, () => {
    if (staying.length === 0) {
      fs.rm(model.dir);
      fs.rm(join(cacheDir, '.locks', folderOfModel(id)));
      return model.bytes + model.unfinished;
    }
    return going.reduce((freed, each) => freed + removeRevision(model, each, staying, fs), 0);
  });
}

function findRevision(model: CachedModel, revision: string): CachedRevision {
  const found = model.revisions.filter(
    ({ commit, refs }) =>
      refs.includes(revision) || (revision.length >= 7 && commit.startsWith(revision)),
  );
  const [only] = found;
  return found.length === 1 && only
    ? only
    : fail(
        'hub.not-cached',
        `The cache has no single revision "${revision.slice(0, 100)}" of ${model.id}.`,
      );
}

function removeRevision(
  model: CachedModel,
  going: CachedRevision,
  staying: readonly CachedRevision[],
  fs: FileSystem,
): number {
  const kept = new Set(staying.flatMap(({ files }) => files.map(({ blob }) => blob)));
  const freed = new Map(
    going.files.filter(({ blob }) => !kept.has(blob)).map(({ blob, bytes }) => [blob, bytes]),
  );
  fs.rm(going.dir);
  for (const ref of going.refs) fs.rm(join(model.dir, 'refs', ...ref.split('/')));
  for (const blob of freed.keys()) if (isInside(blob, model.dir)) fs.rm(blob);
  return [...freed.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** A link may point anywhere; what is elsewhere is not ours to remove. */
const isInside = (path: string, dir: string): boolean => {
  const way = relative(dir, path);
  return way !== '' && !way.startsWith('..') && way !== path;
};

const notCached = (cacheDir: string, id: string): never =>
  fail(
    'hub.not-cached',
    `${id} is not in the cache ${cacheDir}. List it with: weightroom hub list`,
    {
      file: cacheDir,
    },
  );
