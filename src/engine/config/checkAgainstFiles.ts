/**
 * What only the files that a config names can tell: whether they are there, and whether block size
 * and vocabulary suit them. Reads sizes and sidecars, no tokens and no weights.
 */
import { resolve } from 'node:path';
import { disk } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { weightsIn } from '../formats/weightFolder';
import { readModelShape } from '../model/modelConfig';
import { ProblemError } from '../problem';
import type { Problem } from '../problem';
import { type BaseShape, familyParameters } from '../model/families';
import { loraTargets } from '../model/lora';
import type { PlaceOf } from './configPlaces';
import { tokenizerVocabulary } from './configRules';
import { hasExamples } from './dataKinds';
import { rowLength } from './rowLength';
import { readDataFile, statFile } from './dataFiles';
import type { DataFileFacts } from './dataFiles';
import type { DataConfig, RunConfig } from './schema';

export interface FileCheck {
  /** Of the config, for places in its text: `readConfig(…).placeOf`. */
  readonly placeOf?: PlaceOf;
  readonly fs?: FileSystem;
}

/** All of them; none when every file is there and fits. Never throws for what a user's file holds. */
export function checkAgainstFiles(
  config: RunConfig,
  baseDir: string,
  { placeOf = key => ({ key }), fs = disk }: FileCheck = {},
): Problem[] {
  const found = new Collector(placeOf);
  const { model, data, train } = config;
  const isFrom = 'from' in model;
  const sizeKey = (size: 'block_size' | 'vocab_size') => (isFrom ? 'model.from' : `model.${size}`);
  const shape = isFrom
    ? found.attempt('model.from', () => readModel(resolve(baseDir, model.from), fs))
    : model;
  if (isFrom && shape && (data.max_length ?? 0) > shape.block_size)
    found.add('data.max_length', {
      code: 'config.longer-than-context',
      message: `Rows of ${data.max_length} tokens do not fit the model in \`${model.from}\`, which takes ${shape.block_size}. Use at most that.`,
    });
  for (const role of ['train', 'validation'] as const) {
    const key = data[role] === undefined ? 'data.validation_fraction' : `data.${role}`;
    const facts = found.attempt(key, () => readDataFile(role, data, baseDir, fs));
    if (!facts || !shape) continue;
    found.add(key, otherTokenizer(facts, data));
    found.add(
      sizeKey('block_size'),
      rowBeyondData(facts, data, rowLength(config, shape.block_size)),
    );
    found.add(sizeKey('vocab_size'), vocabularyTooSmall(facts, data, shape.vocab_size));
  }
  if (isFrom && shape && config.adapter)
    for (const [i, target] of config.adapter.targets.entries())
      found.attempt(`adapter.targets.${i}`, () =>
        loraTargets(familyParameters(shape as BaseShape), {
          ...config.adapter!,
          targets: [target],
        }),
      );
  const order = train.batch_order;
  if (order !== undefined) found.attempt('train.batch_order', () => statFile(order, baseDir, fs));
  return found.problems;
}

function readModel(folder: string, fs: FileSystem): BaseShape {
  const shape = readModelShape(folder, fs);
  weightsIn(folder, fs);
  return shape;
}

type Finding = Pick<Problem, 'code' | 'message'> | undefined;

/** Collects problems with their places, each once. */
class Collector {
  readonly problems: Problem[] = [];

  constructor(private readonly placeOf: PlaceOf) {}

  add(key: string, finding: Finding): void {
    if (!finding || this.problems.some(({ message }) => message === finding.message)) return;
    const { code, message } = finding;
    this.problems.push({ code, message, severity: 'error', where: this.placeOf(key) });
  }

  /** What `read` gives; when the user's files are at fault, undefined and a problem at `key`. */
  attempt<T>(key: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.add(key, error.problem);
      return undefined;
    }
  }
}

function rowBeyondData(facts: DataFileFacts, data: DataConfig, block: number): Finding {
  const { file, role, tokens } = facts;
  if (hasExamples(data)) return undefined;
  const most = tokens ?? mostTokens(facts, data);
  if (most > block) return undefined;
  const what = role === 'train' ? 'training' : 'validation';
  const count = tokens === undefined ? `at most ${most}` : `${most}`;
  const remedy = most > 1 ? `Use a block size below ${most}, or more data.` : 'Use more data.';
  return {
    code: 'config.block-beyond-data',
    message: `The ${what} data of \`${file}\` has ${count} tokens, too few for one block of ${block} and its next token. ${remedy}`,
  };
}

/** No tokenizer makes more tokens than there are bytes; `gsm8k` adds words of its own. */
function mostTokens({ bytes }: DataFileFacts, { format }: DataConfig): number {
  return format === 'gsm8k' ? Infinity : bytes;
}

function vocabularyTooSmall(
  { file, sidecar }: DataFileFacts,
  { tokenizer }: DataConfig,
  vocabulary: number | undefined,
): Finding {
  const needed = sidecar?.vocabSize ?? tokenizerVocabulary(tokenizer);
  if (vocabulary === undefined || needed === undefined || needed <= vocabulary) return undefined;
  return {
    code: 'config.vocab-too-small',
    message: `The tokens of \`${file}\` come from a vocabulary of ${needed}, the model knows ${vocabulary}. Use \`vocab_size\` ${needed} or data made for this model.`,
  };
}

function otherTokenizer({ file, sidecar }: DataFileFacts, { tokenizer }: DataConfig): Finding {
  if (!sidecar || tokenizer === 'none' || tokenizer === 'model' || sidecar.tokenizer === tokenizer)
    return undefined;
  return {
    code: 'config.other-tokenizer',
    message: `\`${file}\` was made with the tokenizer \`${sidecar.tokenizer}\`, not \`${tokenizer}\`. Set \`data.tokenizer: ${sidecar.tokenizer}\`.`,
  };
}
