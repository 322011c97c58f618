/**
 * The weights of a model as one file of tensors, whether they lie in one file or in many: a Hugging
 * Face folder, the index of its shards, or a single file of any format. Knows nothing of models.
 */
import { dirname, join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { fail } from '../problem';
import { readShardIndex } from './shardIndex';
import type { ShardIndex } from './shardIndex';
import type { TensorEntry, TensorFile } from './tensorFile';
import { openTensorFile } from './tensorFile';

/** In the order in which transformers and PEFT look for them. */
const NAMES = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'adapter_model.safetensors',
  'adapter_model.bin',
];

const isIndex = (path: string): boolean => path.endsWith('.index.json');

/**
 * @param path of a folder, of the index of its shards, or of a file of tensors
 * @throws `weights.none`, `weights.missing-shard`, `weights.mismatch` and other `weights.…`; what
 *   `openTensorFile` throws
 */
export function openWeights(path: string, fs: FileSystem = disk): TensorFile {
  const { isFolder } = onDisk('read', path, () => fs.stat(path));
  const file = isFolder ? weightsIn(path, fs) : path;
  return isIndex(file) ? openShards(file, fs) : openTensorFile(file, fs);
}

/** The file or index that holds the weights of a folder. @throws `weights.none` */
export function weightsIn(folder: string, fs: FileSystem = disk): string {
  const found = NAMES.find(name => exists(fs, join(folder, name)));
  if (found !== undefined) return join(folder, found);
  return fail(
    'weights.none',
    `${folder} has no weights: none of ${NAMES.join(', ')}. Name the file itself if it is called otherwise.`,
    { file: folder },
  );
}

function openShards(indexPath: string, fs: FileSystem): TensorFile {
  const index = readShardIndex(indexPath, fs);
  const files = new Map<string, TensorFile>();
  try {
    for (const name of index.shards) files.set(name, openShard(indexPath, name, fs));
    return new ShardedFile(indexPath, index, files);
  } catch (error) {
    for (const file of files.values()) file.close();
    throw error;
  }
}

function openShard(indexPath: string, name: string, fs: FileSystem): TensorFile {
  const path = join(dirname(indexPath), name);
  if (exists(fs, path)) return openTensorFile(path, fs);
  return fail(
    'weights.missing-shard',
    `${path} is missing, which ${indexPath} names. Download it, too.`,
    { file: path },
  );
}

class ShardedFile implements TensorFile {
  readonly format: TensorFile['format'];
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, TensorEntry>;

  constructor(
    readonly path: string,
    private readonly index: ShardIndex,
    private readonly files: ReadonlyMap<string, TensorFile>,
  ) {
    const opened = [...files.values()];
    this.format = opened[0]?.format ?? 'safetensors';
    this.metadata = new Map([...opened.reverse(), index].flatMap(({ metadata }) => [...metadata]));
    this.entries = this.match();
  }

  read = (name: string) => this.fileOf(name).read(name);
  readRange = (name: string, from: number, to: number) =>
    this.fileOf(name).readRange(name, from, to);
  readBytes = (name: string, pieceBytes?: number) => this.fileOf(name).readBytes(name, pieceBytes);

  verify(): void {
    for (const file of this.files.values()) file.verify();
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }

  private fileOf(name: string): TensorFile {
    const file = this.files.get(this.index.shardOf.get(name) ?? '');
    if (file) return file;
    return fail(`${this.format}.tensor-not-found`, `${this.path} holds no tensor "${name}".`, {
      file: this.path,
    });
  }

  /** Index and files must speak of the same tensors. */
  private match(): Map<string, TensorEntry> {
    const { index, files } = this;
    const entries = new Map<string, TensorEntry>();
    for (const [shard, file] of files) {
      if (file.format !== this.format)
        this.mismatch(`${shard} is ${file.format} and others are ${this.format}`);
      for (const [name, entry] of file.entries) {
        if (index.shardOf.get(name) !== shard)
          this.mismatch(
            `${shard} holds "${name}", which should be in ${index.shardOf.get(name) ?? 'no file'}`,
          );
        entries.set(name, entry);
      }
    }
    for (const [name, shard] of index.shardOf)
      if (!entries.has(name)) this.mismatch(`"${name}" should be in ${shard} and is not`);
    return entries;
  }

  private mismatch(what: string): never {
    return fail('weights.mismatch', `${this.path} does not fit its files: ${what}.`, {
      file: this.path,
    });
  }
}
