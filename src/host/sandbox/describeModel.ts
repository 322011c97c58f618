/**
 * What can be said of a model from its folder, without opening its weights: family, size, adapter.
 * Never throws: what cannot be read is said when the model is opened.
 */
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import { amountText } from '../../curves/numberText';
import { disk, type FileSystem } from '../../engine/files/fileSystem';
import { exists } from '../../engine/files/readFile';
import { readJson, readModelShape } from '../../engine/model/modelConfig';
import { baseParameters } from '../../engine/model/programs';
import { sizeOf } from '../../engine/tensor/tensor';
import type { PickedAdapter, PickedModel } from '../../protocol/sandboxView';

export interface ModelPlace {
  /** A model folder, a checkpoint, or an adapter's folder. */
  readonly dir: string;
  /** "base, step 6 000" */
  readonly title: string;
  readonly short: string;
}

export interface PickOptions {
  /** What is known of the folder of an adapter's base. */
  readonly placeOf?: (dir: string) => ModelPlace;
  /** A path as a command line names it. */
  readonly labelOf: (path: string) => string;
  readonly fs?: FileSystem;
}

const families: Readonly<Record<string, string>> = {
  slm: 'SLM',
  gpt2: 'GPT-2',
  llama: 'Llama',
  qwen2: 'Qwen2',
  mistral: 'Mistral',
};

const adapterSchema = z.object({
  r: z.number(),
  lora_alpha: z.number(),
  base_model_name_or_path: z.string(),
});

export const isAdapterFolder = (dir: string, fs: FileSystem = disk): boolean =>
  exists(fs, join(dir, 'adapter_config.json'));

/** Whether `dir` can be opened as a model, as far as its files' names say. */
export const isModelFolder = (dir: string, fs: FileSystem = disk): boolean =>
  isAdapterFolder(dir, fs) ||
  (exists(fs, join(dir, 'config.json')) && weightFiles.some(name => exists(fs, join(dir, name))));

const weightFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/** @param place of an adapter's folder, its base is picked with the adapter on it, if it is there */
export function pickedModel(place: ModelPlace, options: PickOptions): PickedModel {
  const { labelOf, placeOf = named, fs = disk } = options;
  const adapter = readAdapter(place.dir, fs);
  const baseDir = adapter ? resolve(place.dir, adapter.base_model_name_or_path) : place.dir;
  const base = readBase(baseDir, fs);
  const size = base ? `${base.family} ${amountText(base.parameters)}` : basename(baseDir);
  if (adapter && base) {
    const over = placeOf(baseDir);
    const own = pickedAdapter(place, options);
    return { ...describe(over), adapters: [own], name: `${size} · ${over.title}` };
  }
  return {
    ...describe(place),
    adapters: [],
    name: `${size} ${adapter ? '+' : '·'} ${place.title}`,
  };

  function describe({ dir, short }: ModelPlace) {
    return { dir, short, path: labelOf(dir), contextLength: base?.contextLength ?? 0 };
  }
}

const named = (dir: string): ModelPlace => ({ dir, title: basename(dir), short: basename(dir) });

/** As it was trained, and on. */
export function pickedAdapter(
  { dir, short }: ModelPlace,
  { labelOf, fs = disk }: PickOptions,
): PickedAdapter {
  const config = readAdapter(dir, fs);
  const detail = config ? `r ${config.r}, α ${config.lora_alpha}` : '';
  return { dir, name: short, path: labelOf(dir), detail, weight: 1, isOn: true };
}

function readBase(dir: string, fs: FileSystem) {
  try {
    const shape = readModelShape(dir, fs);
    const parameters = baseParameters({ base: shape });
    return {
      family: families[shape.family ?? 'slm'] ?? String(shape.family),
      parameters: parameters.reduce((sum, p) => sum + sizeOf(p.shape), 0),
      contextLength: shape.block_size,
    };
  } catch {
    return undefined;
  }
}

function readAdapter(dir: string, fs: FileSystem) {
  try {
    return readJson(join(dir, 'adapter_config.json'), adapterSchema, fs);
  } catch {
    return undefined;
  }
}
