/**
 * Names that come from users and servers: models, revisions, files. A server's names decide where
 * files land, so each is checked before it is used. Pure.
 */
import { fail } from '../problem';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$/;

/**
 * `org/model`, or `model` as in the hub's first years.
 * @throws `hub.bad-name`
 */
export function checkModelId(id: string): string {
  const parts = id.split('/');
  const isGood = parts.length <= 2 && parts.every(part => NAME.test(part) && !/--|\.\./.test(part));
  if (isGood && !id.endsWith('.git')) return id;
  return fail(
    'hub.bad-name',
    `"${id.slice(0, 100)}" is no model's name. Write organization/model, with letters, digits, ".", "_" and "-".`,
  );
}

export const COMMIT = /^[0-9a-f]{40}$/;

/**
 * A branch, tag or commit; also a path below `refs/` in the cache.
 * @throws `hub.bad-revision`
 */
export function checkRevision(revision: string): string {
  const parts = revision.split('/');
  const isGood =
    revision.length <= 200 && parts.every(part => /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(part));
  if (isGood && !revision.includes('..') && parts.every(part => isSafePart(part))) return revision;
  return fail(
    'hub.bad-revision',
    `"${revision.slice(0, 100)}" is no name of a branch, tag or commit.`,
  );
}

const LONGEST_PATH = 1000;
const LONGEST_PART = 200;
/** Windows opens these whatever the folder. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/**
 * Whether a file of this name, with `/` between folders, stays below any folder of any system and is
 * nothing but a file there.
 */
export function isSafePath(path: string): boolean {
  return path.length <= LONGEST_PATH && path.split('/').every(isSafePart);
}

function isSafePart(part: string): boolean {
  return (
    part !== '' &&
    Buffer.byteLength(part) <= LONGEST_PART &&
    !/[\p{Cc}\p{Cf}\p{Cs}\\:*?"<>|]/u.test(part) &&
    !/^\.{1,2}$|[. ]$|^ |^~/.test(part) &&
    !DEVICE.test(part) &&
    part.toLowerCase() !== '.git'
  );
}

/** @throws `hub.unsafe-name` */
export function checkPath(path: string): string {
  if (isSafePath(path)) return path;
  const shown = JSON.stringify(path.slice(0, 100));
  return fail(
    'hub.unsafe-name',
    `The server names a file ${shown}, which could land outside of the cache; nothing was written.`,
  );
}

/** `models--org--name`: the folder of a model in the cache. */
export const folderOfModel = (id: string): string =>
  `models--${checkModelId(id).replace('/', '--')}`;

/** The inverse of `folderOfModel`; undefined for folders of anything else. */
export function modelOfFolder(name: string): string | undefined {
  const id = /^models--(.+)$/.exec(name)?.[1]?.split('--').join('/');
  return id !== undefined && id.split('/').length <= 2 && id.split('/').every(p => NAME.test(p))
    ? id
    : undefined;
}
