/**
 * What an adapter says of itself: PEFT's `adapter_config.json` in its folder, or, for a file that holds
 * nothing else (`lora_state` of the small-model notebook), what its tensors tell.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { openTensorFile } from '../formats/tensorFile';
import { weightsIn } from '../formats/weightFolder';
import { fail } from '../problem';
import type { LoraShape } from './lora';
import { readJson } from './modelConfig';

export interface AdapterFacts {
  readonly lora: LoraShape;
  /** Its base, as it names it: a folder, or a name of the hub. */
  readonly base: string | undefined;
  /** The file with its tensors. */
  readonly weights: string;
  /** The file that says so. */
  readonly path: string;
}

const adapterSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()).min(1),
  use_rslora: z.boolean().default(false),
  base_model_name_or_path: z.string(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  use_dora: z.boolean().nullish(),
});

/** Options of PEFT that would make another model of it, and what they do. */
const unsupported = {
  alpha_pattern: 'gives layers an alpha of their own',
  rank_pattern: 'gives layers a rank of their own',
  use_dora: 'scales the columns of each weight (DoRA)',
} as const;

/** @throws `adapter.unsupported` */
function refuseOptions(path: string, adapter: z.infer<typeof adapterSchema>): void {
  for (const [option, does] of Object.entries(unsupported)) {
    const value = adapter[option as keyof typeof unsupported];
    const isSet = typeof value === 'object' ? Object.keys(value ?? {}).length > 0 : value === true;
    if (isSet)
      fail(
        'adapter.unsupported',
        `${path}: ${option} ${does}, which is not supported here. Merge the adapter with PEFT and open the merged model.`,
        { file: path, key: option },
      );
  }
}

/** Undefined for what is no adapter. @throws `model.bad-config`, `adapter.unsupported`, `adapter.no-tensors`, … */
export function readAdapterFacts(dir: string, fs: FileSystem): AdapterFacts | undefined {
  if (isFile(dir, fs)) return factsOfFile(dir, fs);
  const path = join(dir, 'adapter_config.json');
  if (!exists(fs, path)) return undefined;
  const adapter = readJson(path, adapterSchema, fs);
  refuseOptions(path, adapter);
  const lora: LoraShape = {
    r: adapter.r,
    alpha: adapter.lora_alpha,
    targets: adapter.target_modules,
    ...(adapter.use_rslora && { rslora: true }),
  };
  return { lora, base: adapter.base_model_name_or_path, weights: weightsIn(dir, fs), path };
}

const isFile = (path: string, fs: FileSystem): boolean =>
  exists(fs, path) && !onDisk('read', path, () => fs.stat(path)).isFolder;

/** Such a file does not say its alpha. The notebook's, and most people's, is twice the rank. */
const USUAL_ALPHA = 2;

function factsOfFile(path: string, fs: FileSystem): AdapterFacts {
  const file = openTensorFile(path, fs);
  try {
    const downs = [...file.entries].flatMap(([name, { shape }]) => {
      const layer = /^(.*)\.lora_A(\.weight)?$/.exec(adapterName(name))?.[1];
      return layer === undefined ? [] : [{ layer, r: shape[0] ?? 0 }];
    });
    const [first] = downs;
    if (!first || downs.some(({ r }) => r !== first.r))
      fail(
        'adapter.no-tensors',
        first
          ? `${path} holds adapters of several ranks, and does not say what belongs together.`
          : `${path} holds no lora_A and lora_B. Name the file or folder of an adapter.`,
        { file: path },
      );
    const targets = downs.map(({ layer }) => layer);
    return {
      lora: { r: first.r, alpha: USUAL_ALPHA * first.r, targets },
      base: file.metadata.get('base_ckpt'),
      weights: path,
      path,
    };
  } finally {
    file.close();
  }
}

/** PEFT writes `base_model.model.….lora_A.weight`, the notebook `lora_state.….lora_A`, this engine `….lora_A`. */
export const adapterName = (name: string): string =>
  name
    .replace(/^(base_model\.model|lora_state)\./, '')
    .replace(/\.(default\.)?weight$/, '')
    .replace(/\.linear\.lora_/, '.lora_');
