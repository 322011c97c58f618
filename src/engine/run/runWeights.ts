/** Where a run's weights come from: the seed, or a model folder. */
import { join, resolve } from 'node:path';
import { tokenizerVocabulary } from '../config/configRules';
import type { RunConfig } from '../config/schema';
import type { FileSystem } from '../files/fileSystem';
import { ensureFolder, writeTextDurably } from '../files/writeDurably';
import { readSafetensors, writeSafetensors } from '../formats/safetensors';
import { initializeParameters } from '../model/initialize';
import type { BaseShape } from '../model/families';
import { modelConfigText, readModelShape } from '../model/modelConfig';
import { openModel, readModelFolder } from '../model/modelFolder';
import { baseParameters, type ModelShape } from '../model/programs';
import { QUANTISATION_ERRORS, quantisedModel } from '../model/quantisedModel';
import { fail } from '../problem';
import { collectGarbage } from '../session/collectGarbage';
import type { Tensor } from '../tensor/tensor';
import type { ExecuteInput } from './runProcess';
import { startAdapter } from './startAdapter';

/** Of the config, or of the folder the model starts from. The tokenizer decides an open vocabulary. */
export function modelSizes(
  { model, data }: RunConfig,
  configDir: string,
  fs: FileSystem,
): BaseShape {
  if ('from' in model) {
    const shape = readModelShape(resolve(configDir, model.from), fs);
    return { ...shape, dropout: model.dropout ?? shape.dropout };
  }
  const vocab_size = model.vocab_size ?? tokenizerVocabulary(data.tokenizer);
  if (vocab_size === undefined)
    fail(
      'model.no-vocabulary',
      'A token bin does not say how large its vocabulary is. Set model.vocab_size.',
      { key: 'model.vocab_size' },
    );
  return { ...model, vocab_size };
}

export interface StartWeights {
  /** Everything by name, the adapter's included. */
  weights: Map<string, Tensor>;
  baseWeights: ReadonlyMap<string, Tensor>;
  /** Folder of the base, which an adapter's config names. */
  baseDir: string;
  /** ‖W − quantised‖ / ‖W‖ of each layer that is held in few bits. */
  errors?: ReadonlyMap<string, number>;
}

export function startWeights(
  input: ExecuteInput,
  model: ModelShape,
  configDir: string,
): StartWeights {
  const { config, fs } = input;
  const seeded = 'from' in config.model ? undefined : fromSeed(input, model);
  const baseDir =
    seeded?.baseDir ?? resolve(configDir, 'from' in config.model ? config.model.from : '');
  const adapter = startAdapter(input, model, baseDir);
  if (model.quantization) {
    const { baseWeights, errors } = quantisedBase(baseDir, model, input);
    return { weights: new Map([...baseWeights, ...adapter]), baseWeights, baseDir, errors };
  }
  const baseWeights = seeded?.baseWeights ?? fromFolder(baseDir, fs);
  return { weights: new Map([...baseWeights, ...adapter]), baseWeights, baseDir };
}

function fromFolder(baseDir: string, fs: FileSystem): Map<string, Tensor> {
  const { weights, model } = readModelFolder(baseDir, { fs });
  refuseAdapter(model, baseDir);
  return weights;
}

function refuseAdapter({ lora }: ModelShape, baseDir: string): void {
  if (lora)
    fail(
      'model.from-adapter',
      `${baseDir} holds an adapter. Name the folder of its base model in model.from.`,
      { file: baseDir, key: 'model.from' },
    );
}

/** Linear layers in 4 bits; a layer at a time, so that the model is never in memory as a whole. */
function quantisedBase(baseDir: string, model: ModelShape, { fs }: ExecuteInput) {
  const opened = openModel(baseDir, { fs });
  try {
    refuseAdapter(opened.model, baseDir);
    const { path, errors } = quantisedModel(opened, {
      ...{ bits: 'nf4', fs },
      onProgress: collectGarbage,
    });
    const baseWeights = readSafetensors(path, fs);
    if (errors.size === 0)
      fail(
        'quantization.no-layer',
        `${baseDir} has no linear layer of whole blocks of 64 numbers. Remove adapter.quantization.`,
        { key: 'adapter.quantization' },
      );
    baseWeights.delete(QUANTISATION_ERRORS);
    for (const { name } of baseParameters(model))
      if (!errors.has(name)) baseWeights.set(name, opened.read(name));
    return { baseWeights, errors };
  } finally {
    opened.close();
  }
}

/** A fresh base under an adapter is kept in the run, or nobody could use the adapter later. */
function fromSeed({ config, runDir, fs, resumeFrom }: ExecuteInput, model: ModelShape) {
  const baseDir = join(runDir, 'base');
  const path = join(baseDir, 'model.safetensors');
  if (model.lora && resumeFrom) return { baseDir, baseWeights: readSafetensors(path, fs) };
  const baseWeights = initializeParameters(baseParameters(model), config.train.seed);
  if (model.lora) {
    ensureFolder(fs, baseDir);
    writeSafetensors(fs, path, baseWeights);
    writeTextDurably(fs, join(baseDir, 'config.json'), modelConfigText(model.base));
  }
  return { baseDir, baseWeights };
}
