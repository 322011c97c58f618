/**
 * An adapter merged into its base: a model folder that needs no adapter any more, in the form other
 * tools read. A weight at a time, so that no model is in memory as a whole.
 */
import { join } from 'node:path';
import type { Merged, MergedDtype, MergedOnto } from '../../protocol/merge';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, listFolder, readText } from '../files/readFile';
import { ensureFolders, writeFileDurably, writeTextDurably } from '../files/writeDurably';
import { encodeHeader } from '../formats/encodeSafetensors';
import { dtypeNames } from '../formats/safetensorsDtypes';
import { fail } from '../problem';
import { narrowFloats } from '../tensor/narrowFloats';
import { dtypeBytes, sizeOf, type Tensor } from '../tensor/tensor';
import { fusedWeight } from './lora';
import type { OpenedModel } from './modelFolder';
import { roundedToNf4 } from './nf4Program';
import { baseParameters } from './programs';
import type { ParameterSpec } from './slmParameters';

export interface MergeOptions {
  /**
   * Into the weights as they are (the default), or as NF4 holds them, which a QLoRA adapter was
   * trained over.
   */
  onto?: MergedOnto | undefined;
  /** Of all weights; without it each keeps the type it has in the base. */
  dtype?: MergedDtype | undefined;
  fs?: FileSystem;
  onProgress?: (weight: string, done: number, total: number) => void;
}

/** What says how a folder's tokens and texts are made. */
const COMPANIONS =
  /^(tokenizer.*|special_tokens_map\.json|generation_config\.json|chat_template\..*|vocab\..*|merges\.txt|weightroom\.json)$/;

/**
 * @param opened a base with an adapter
 * @param dir is made; must be empty
 * @throws `merge.no-adapter`, `merge.occupied`, `disk.…`
 */
export function mergeAdapter(opened: OpenedModel, dir: string, options: MergeOptions = {}): Merged {
  const { fs = disk, onProgress } = options;
  const { lora } = opened.model;
  if (!lora)
    return fail('merge.no-adapter', `${opened.baseDir} is a model without an adapter.`, {
      file: opened.baseDir,
    });
  if (exists(fs, dir) && listFolder(fs, dir).length > 0)
    fail('merge.occupied', `${dir} is not empty. Name a new folder.`, { file: dir });
  onDisk('write', dir, () => ensureFolders(fs, dir));

  const specs = baseParameters(opened.model);
  const dtypeOf = (name: string): MergedDtype => options.dtype ?? storedDtype(opened, name);
  const heads = specs.map(({ name, shape }) => {
    const dtype = dtypeOf(name);
    return { name, dtype: dtypeNames[dtype], shape, bytes: sizeOf(shape) * dtypeBytes[dtype] };
  });
  let adapted = 0;
  const pieces = function* () {
    yield encodeHeader(heads, new Map([['format', 'pt']]));
    for (const [i, { name, linear }] of specs.entries()) {
      onProgress?.(name, i, specs.length);
      const layer = name.replace(/\.weight$/, '');
      const a = adapterPart(opened, `${layer}.lora_A`);
      const b = adapterPart(opened, `${layer}.lora_B`);
      const base = baseWeight(opened, specs[i]!, options);
      if (a && b) adapted++;
      yield bytesOf(a && b ? fusedWeight(base, { a, b }, lora, linear) : base, dtypeOf(name));
    }
  };
  const path = join(dir, 'model.safetensors');
  writeFileDurably(fs, path, pieces());
  writeTextDurably(fs, join(dir, 'config.json'), configText(opened, options, fs));
  for (const name of listFolder(fs, opened.baseDir).filter(file => COMPANIONS.test(file)))
    writeTextDurably(fs, join(dir, name), readText(fs, join(opened.baseDir, name)));
  return {
    dir,
    bytes: fs.stat(path).bytes,
    adapted,
    dtypes: [...new Set(specs.map(({ name }) => dtypeOf(name)))],
  };
}

function baseWeight(
  opened: OpenedModel,
  spec: ParameterSpec,
  { onto }: MergeOptions,
): Tensor<'float32'> {
  const base = opened.read(spec.name);
  return onto === 'nf4' ? roundedToNf4(base, spec) : base;
}

function adapterPart({ reports, read }: OpenedModel, name: string): Float32Array | undefined {
  return reports.some(({ sources }) => sources.has(name)) ? read(name).data : undefined;
}

const storedDtype = ({ stored }: OpenedModel, name: string): MergedDtype => {
  const dtype = stored.get(name)?.dtype;
  return dtype === 'float16' || dtype === 'bfloat16' ? dtype : 'float32';
};

const bytesOf = ({ data }: Tensor<'float32'>, dtype: MergedDtype): Uint8Array => {
  const stored = dtype === 'float32' ? data : narrowFloats(data, dtype);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
};

/** The base's own, which says more than this engine reads. */
function configText({ baseDir }: OpenedModel, { dtype }: MergeOptions, fs: FileSystem): string {
  const config = JSON.parse(readText(fs, join(baseDir, 'config.json'))) as Record<string, unknown>;
  return `${JSON.stringify({ ...config, ...(dtype && { torch_dtype: dtype }) }, null, 2)}\n`;
}
