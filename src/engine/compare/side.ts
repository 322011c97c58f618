/**
 * One side of a comparison: a folder, a file, shards, a checkpoint, an adapter over its base, or a
 * dump of a device, as one file of tensors with what is known of the model. Reads no elements.
 */
import { basename, dirname, join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import type { TensorEntry, TensorFile } from '../formats/tensorFile';
import { openWeights } from '../formats/weightFolder';
import type { BaseShape } from '../model/families';
import { fusedWeight } from '../model/lora';
import { readModelShape } from '../model/modelConfig';
import { openModel, type OpenedModel } from '../model/modelFolder';
import { baseParameters } from '../model/programs';
import { ProblemError } from '../problem';
import { sizeOf, type Tensor, tensor } from '../tensor/tensor';
import { ttmlNamingOf, type TtmlNaming } from '../devices/ttmlLayout';

export interface Side {
  readonly path: string;
  readonly name: string;
  /** What it is, in words. */
  readonly what: string;
  readonly file: TensorFile;
  /** Undefined where no `config.json` stands beside the weights that this engine reads. */
  readonly shape: BaseShape | undefined;
  /** Of a device's dump. */
  readonly naming: TtmlNaming | undefined;
  /** Of all tensors' elements. */
  readonly bytes: number;
}

export interface SidePaths {
  readonly left: string;
  readonly right: string;
  /** Of adapters, when it is not where they say. */
  readonly base?: string | undefined;
}

interface HowToOpen {
  /** An adapter is merged into its base; else its own tensors are looked at. */
  readonly merged: boolean;
  readonly base: string | undefined;
}

/** @throws what `openWeights` and `openModel` throw */
export function openSide(path: string, { merged, base }: HowToOpen, fs: FileSystem = disk): Side {
  const { isFolder } = onDisk('read', path, () => fs.stat(path));
  const folder = isFolder ? path : dirname(path);
  const file = isAdapter(path, fs) && merged ? mergedFile(path, base, fs) : openWeights(path, fs);
  const naming = ttmlNamingOf(file.entries.keys());
  return {
    path,
    name: basename(path),
    what: wordsOf(file, { path, naming, fs, merged }),
    file,
    shape: shapeBeside(folder, fs) ?? adapterShape(file),
    naming,
    bytes: [...file.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

export const isAdapter = (path: string, fs: FileSystem = disk): boolean =>
  exists(fs, join(path, 'adapter_config.json'));

/** Both sides; two adapters are compared as they are, one with a model as the model it makes. */
export function openSides(
  { left, right, base }: SidePaths,
  fs: FileSystem = disk,
): readonly [Side, Side] {
  const merged = !(isAdapter(left, fs) && isAdapter(right, fs));
  const first = openSide(left, { merged, base }, fs);
  try {
    return [first, openSide(right, { merged, base }, fs)];
  } catch (error) {
    first.file.close();
    throw error;
  }
}

/** An adapter's folder has no sizes; its base has. */
const adapterShape = (file: TensorFile): BaseShape | undefined =>
  file instanceof MergedFile ? file.shape : undefined;

function shapeBeside(folder: string, fs: FileSystem): BaseShape | undefined {
  if (!exists(fs, join(folder, 'config.json'))) return undefined;
  try {
    return readModelShape(folder, fs);
  } catch (error) {
    if (error instanceof ProblemError) return undefined; // of a model that this engine does not run
    throw error;
  }
}

interface About {
  path: string;
  naming: TtmlNaming | undefined;
  merged: boolean;
  fs: FileSystem;
}

function wordsOf(file: TensorFile, { path, naming, merged, fs }: About): string {
  const format = { torch: 'PyTorch', npz: 'NumPy', npy: 'NumPy', onnx: 'ONNX' };
  const kind = (format as Record<string, string>)[file.format] ?? file.format;
  if (naming) return `Tenstorrent layout, ${kind}`;
  if (isAdapter(path, fs)) return merged ? 'adapter merged into its base' : `adapter, ${kind}`;
  return kind;
}

/** The base's parameters with the adapter in them, each made when it is read. */
function mergedFile(dir: string, baseDir: string | undefined, fs: FileSystem): TensorFile {
  return new MergedFile(dir, openModel(dir, { fs, baseDir }));
}

class MergedFile implements TensorFile {
  readonly format = 'safetensors';
  readonly metadata = new Map<string, string>();
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Of the last tensor: it is read range after range. */
  #made: { name: string; weight: Tensor<'float32'> } | undefined;
  readonly #linear: ReadonlyMap<string, ReturnType<typeof baseParameters>[number]>;

  constructor(
    readonly path: string,
    private readonly opened: OpenedModel,
  ) {
    const specs = baseParameters(opened.model);
    this.#linear = new Map(specs.map(spec => [spec.name, spec]));
    this.entries = new Map(
      specs.map(({ name, shape }): [string, TensorEntry] => {
        const stored = this.#isAdapted(name) ? undefined : opened.stored.get(name);
        const bytes = sizeOf(shape) * (stored && stored.dtype !== 'float32' ? 2 : 4);
        const at = stored && { file: stored.file, offset: stored.offset };
        return [name, { dtype: stored?.dtype ?? 'float32', shape, bytes, ...(at && { at }) }];
      }),
    );
  }

  get shape(): BaseShape {
    return this.opened.model.base;
  }

  read(name: string): Tensor {
    if (this.#made?.name !== name) this.#made = { name, weight: this.#make(name) };
    return this.#made.weight;
  }

  readRange(name: string, from: number, to: number): Tensor {
    const { data } = this.read(name) as Tensor<'float32'>;
    return tensor('float32', [to - from], data.slice(from, to));
  }

  *readBytes(name: string): Generator<Uint8Array> {
    const { data } = this.read(name);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  verify(): void {
    // the files that it is made of were checked when they were opened
  }

  close(): void {
    this.opened.close();
  }

  #isAdapted(name: string): boolean {
    const layer = name.replace(/\.weight$/, '');
    return this.opened.reports.some(({ sources }) => sources.has(`${layer}.lora_A`));
  }

  #make(name: string): Tensor<'float32'> {
    const base = this.opened.read(name);
    const { lora } = this.opened.model;
    if (!lora || !this.#isAdapted(name)) return base;
    const layer = name.replace(/\.weight$/, '');
    const part = (which: string) => this.opened.read(`${layer}.${which}`).data;
    const parts = { a: part('lora_A'), b: part('lora_B') };
    return fusedWeight(base, parts, lora, this.#linear.get(name)?.linear);
  }
}
