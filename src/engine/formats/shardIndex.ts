/**
 * The index of weights in several files, as Hugging Face folders have it: which tensor lies in which
 * file beside it. Knows nothing of what the files hold.
 */
import { basename } from 'node:path';
import { disk, type FileSystem } from '../files/fileSystem';
import { onDisk } from '../files/diskProblem';
import { readBytes } from '../files/readFile';
import { fail } from '../problem';
import type { StrictJson, StrictMember } from './strictJson';
import { parseStrictJson, StrictJsonError } from './strictJson';

export interface ShardIndex {
  /** File name by tensor name. */
  readonly shardOf: ReadonlyMap<string, string>;
  /** In the order in which they are first named. */
  readonly shards: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

const MAX_INDEX_BYTES = 100_000_000;
const MAX_SHARDS = 10_000;

/** @throws `weights.bad-index`, `weights.unsafe-shard`, `weights.too-many-shards`, `disk.…` */
export function readShardIndex(path: string, fs: FileSystem = disk): ShardIndex {
  const { bytes: size } = onDisk('read', path, () => fs.stat(path));
  const bad: Bad = (what, byte) =>
    fail('weights.bad-index', `${path} is no index of weights: ${what}.`, { file: path, byte });
  if (size > MAX_INDEX_BYTES) return bad(`it has ${size} bytes`, 0);
  const top = membersOf(parse(readBytes(fs, path), bad), 'its top level', bad);
  const map = top.find(({ name }) => name === 'weight_map')?.value;
  if (map === undefined) return bad('it has no weight_map', 0);
  const shardOf = new Map<string, string>();
  for (const { name, at, value } of membersOf(map, 'its weight_map', bad)) {
    if (value.kind !== 'string') return bad(`the file of "${name}" is no text`, value.at);
    if (shardOf.has(name)) return bad(`"${name}" stands in it twice`, at);
    refuseUnsafe(path, value.text, value.at);
    shardOf.set(name, value.text);
  }
  const shards = [...new Set(shardOf.values())];
  if (shards.length > MAX_SHARDS)
    fail(
      'weights.too-many-shards',
      `${path} names ${shards.length} files, more than ${MAX_SHARDS}.`,
      {
        file: path,
      },
    );
  return { shardOf, shards, metadata: metadataOf(top) };
}

type Bad = (what: string, byte: number) => never;

function parse(bytes: Uint8Array, bad: Bad): StrictJson {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return bad(`it ${error.message}`, error.at);
  }
}

const membersOf = (json: StrictJson, what: string, bad: Bad): StrictMember[] =>
  json.kind === 'object' ? json.members : bad(`${what} is not an object`, json.at);

/** Names that lead out of the folder, or to another machine. */
function refuseUnsafe(path: string, name: string, byte: number): void {
  const isUnsafe =
    name === '' ||
    /^[/~]|\\|\0|:/.test(name) ||
    name.split('/').some(part => part === '..' || part === '.' || part === '');
  if (isUnsafe)
    fail('weights.unsafe-shard', `${path} names "${name}", which does not lie in its folder.`, {
      file: path,
      byte,
    });
  if (name === basename(path))
    fail('weights.unsafe-shard', `${path} names itself as a file of weights.`, {
      file: path,
      byte,
    });
}

function metadataOf(top: readonly StrictMember[]): Map<string, string> {
  const found = top.find(({ name }) => name === 'metadata')?.value;
  const texts = new Map<string, string>();
  for (const { name, value } of found?.kind === 'object' ? found.members : []) {
    if (value.kind === 'string') texts.set(name, value.text);
    if (value.kind === 'number') texts.set(name, value.literal);
  }
  return texts;
}
