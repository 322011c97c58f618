/**
 * Gathers what planning needs and the config does not say: sizes of the model, tokens in the data,
 * what is free. Looks at files' sizes and sidecars; reads no tokens and no weights.
 */
import { dirname, resolve } from 'node:path';
import { tokenizerVocabulary } from '../config/configRules';
import { readDataFile } from '../config/dataFiles';
import type { DataFileFacts } from '../config/dataFiles';
import type { DataConfig, RunConfig } from '../config/schema';
import { disk } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { readModelShape } from '../model/modelConfig';
import type { BaseShape } from '../model/families';
import { fail } from '../problem';
import { freeMemory } from './freeMemory';

export interface PlanFacts {
  readonly model: BaseShape;
  readonly trainTokens: TokenCount;
  /** Undefined when nothing is held out. */
  readonly validationTokens: TokenCount | undefined;
  /** Bytes. */
  readonly freeMemory: number;
  readonly freeDisk: number;
}

export interface TokenCount {
  readonly count: number;
  /** Of text that is not tokenized yet: from its size. */
  readonly isEstimate: boolean;
}

export interface FactsInput {
  readonly config: RunConfig;
  /** Folder that the config's paths are relative to. */
  readonly baseDir: string;
  /** Where the run will be kept. */
  readonly runsDir: string;
  readonly fs?: FileSystem;
}

/** @throws ProblemError for files that are missing or empty, and a model that cannot be read */
export function planFacts({ config, baseDir, runsDir, fs = disk }: FactsInput): PlanFacts {
  const { data } = config;
  const train = readDataFile('train', data, baseDir, fs);
  const validation = readDataFile('validation', data, baseDir, fs);
  if (!train) throw new Error('a config without training data');
  return {
    model: modelShape(config, baseDir, fs),
    trainTokens: tokensOf(train, data),
    validationTokens: validation && tokensOf(validation, data),
    freeMemory: freeMemory(),
    freeDisk: fs.freeBytes(existingFolder(resolve(runsDir), fs)),
  };
}

function modelShape({ model, data }: RunConfig, baseDir: string, fs: FileSystem): BaseShape {
  if ('from' in model) {
    const shape = readModelShape(resolve(baseDir, model.from), fs);
    return { ...shape, dropout: model.dropout ?? shape.dropout };
  }
  const vocab_size = model.vocab_size ?? tokenizerVocabulary(data.tokenizer);
  if (vocab_size === undefined) {
    fail(
      'model.no-vocabulary',
      'Nothing says how large the vocabulary is. Set `model.vocab_size`.',
    );
  }
  return { ...model, vocab_size };
}

function tokensOf({ role, bytes, tokens }: DataFileFacts, data: DataConfig): TokenCount {
  if (tokens !== undefined) return { count: tokens, isEstimate: false };
  const held = data.validation === undefined ? data.validation_fraction : 0;
  const share = role === 'train' ? 1 - held : data.validation === undefined ? held : 1;
  const count = Math.round((bytes * share) / bytesPerToken(data.tokenizer));
  return { count, isEstimate: true };
}

/**
 * Measured on tinyshakespeare and GSM8K: gpt2 3.3 on both; BPE of 512, 1024, 4096 and 16384 tokens
 * 1.9, 2.3, 2.9 and 3.2 on average, which grows with the logarithm of the size.
 */
function bytesPerToken(tokenizer: string): number {
  // That of a model is rarely smaller than GPT-2's.
  if (tokenizer === 'gpt2' || tokenizer === 'model') return 3.3;
  if (tokenizer === 'bytes') return 1;
  return Math.max(1, 0.26 * Math.log2(tokenizerVocabulary(tokenizer) ?? 2) - 0.35);
}

function existingFolder(folder: string, fs: FileSystem): string {
  return exists(fs, folder) ? folder : existingFolder(dirname(folder), fs);
}
