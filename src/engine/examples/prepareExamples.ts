/**
 * From the `data` part of a config to examples in memory: reads records, writes them as texts, cuts
 * these into tokens; reuses what it made before. Knows nothing of models or training.
 */
import { createHash } from 'node:crypto';
import { basename, extname, isAbsolute, join } from 'node:path';
import type { ChatTokenizer } from '../chat/chatTemplate';
import type { DataConfig } from '../config/schema';
import { openDataFile, splitExamples } from '../data/dataFile';
import type { Part } from '../data/examples';
import { letOthersRun } from '../data/letOthersRun';
import { progressOf } from '../data/progress';
import type { Work } from '../data/encodeBin';
import { dtypeFor } from '../data/tokenBin';
import type { Tokenizer } from '../data/tokenizer';
import { disk } from '../files/fileSystem';
import { readBytes } from '../files/readFile';
import { fail } from '../problem';
import { encodeExample } from './encodeExample';
import {
  type ExampleFacts,
  type ExampleSet,
  ExampleSetBuilder,
  readExampleSet,
} from './exampleSet';
import { exampleTexts, type TextSettings } from './exampleTexts';
import { isParquet, readRecords } from './records';

export interface PreparedExamples {
  readonly train: ExampleSet;
  /** Undefined when nothing is held out. */
  readonly validation: ExampleSet | undefined;
  readonly tokenizer: Tokenizer;
  /** SHA-256 in hex of the sets, and the tokenizer's hash. */
  readonly hashes: { train: string; validation?: string; tokenizer: string };
}

export interface PrepareExamples extends Partial<Work> {
  readonly data: DataConfig;
  /** Folder that the config's paths are relative to. */
  readonly baseDir: string;
  readonly tokenizer: Tokenizer;
}

/**
 * `data/x.jsonl` becomes `data/x.<tokenizer>-<format>.examples.safetensors` beside it, its held-out
 * part `….validation.examples.safetensors`.
 * @throws ProblemError `data.…`, `chat.…`, `tokenizer.…`, `disk.…`
 */
export async function prepareExamples(input: PrepareExamples): Promise<PreparedExamples> {
  const { data, baseDir, tokenizer, fs = disk, ...rest } = input;
  const work: Job = { fs, data, tokenizer, ...rest };
  const resolve = (path: string) => (isAbsolute(path) ? path : join(baseDir, path));
  const source = await openSource(resolve(data.train), work);
  const fraction = data.validation === undefined ? data.validation_fraction : 0;
  const [trainPart, heldOutPart] = splitExamples(source, fraction);
  const train = await openOrEncode(source, trainPart, 'examples', work);
  let validation =
    heldOutPart && (await openOrEncode(source, heldOutPart, 'validation.examples', work));
  if (data.validation !== undefined) {
    const other = await openSource(resolve(data.validation), work);
    validation = await openOrEncode(other, [0, other.examples], 'examples', work);
  }
  const hashes = {
    train: train.sha256,
    ...(validation && { validation: validation.sha256 }),
    tokenizer: tokenizer.hash,
  };
  return { train, validation, tokenizer, hashes };
}

interface Job extends Work {
  readonly data: DataConfig;
  readonly tokenizer: Tokenizer;
}

interface Source {
  readonly path: string;
  readonly sha256: string;
  readonly examples: number;
}

async function openSource(path: string, { fs, data, signal }: Job): Promise<Source> {
  if (!isParquet(path)) return openDataFile(fs, path, { ...data, format: 'jsonl' }, signal);
  const bytes = readBytes(fs, path);
  let examples = 0;
  for await (const _ of readRecords(fs, path)) examples++;
  if (examples === 0)
    fail('data.empty', `${path} holds no example. Check that it is the right file.`, {
      file: path,
    });
  return { path, sha256: createHash('sha256').update(bytes).digest('hex'), examples };
}

async function openOrEncode(
  source: Source,
  part: Part,
  ending: string,
  job: Job,
): Promise<ExampleSet> {
  const facts = factsOf(source, part, job);
  const stem = source.path.slice(0, source.path.length - extname(source.path).length);
  const path = `${stem}.${job.tokenizer.name.replace(':', '-')}-${facts.format.slice(0, 8)}.${ending}.safetensors`;
  const known = readExampleSet(job.fs, path, facts);
  if (known) return known;
  const builder = await encode(source, part, job);
  builder.write(job.fs, path, facts);
  const made = readExampleSet(job.fs, path, facts);
  if (!made) throw new Error(`${path} is not what was written`);
  return made;
}

async function encode(source: Source, part: Part, job: Job): Promise<ExampleSetBuilder> {
  const { fs, data, tokenizer, onProgress, signal } = job;
  const pause = letOthersRun(`Preparing ${source.path}`, signal);
  const report = progressOf(
    { file: source.path, phase: 'tokens', total: part[1] - part[0] },
    onProgress,
  );
  const toText = exampleTexts(data, chatTokenizer(tokenizer));
  const builder = new ExampleSetBuilder(dtypeFor(tokenizer.vocabSize));
  let index = 0;
  for await (const record of readRecords(fs, source.path)) {
    if (index >= part[1]) break;
    if (index++ < part[0]) continue;
    builder.add(encodeExample(tokenizer, await toText(record), data.format === 'chat'));
    report(index - part[0]);
    await pause();
  }
  return builder;
}

/** What a tokenizer knows of chats, if it is one of a Hugging Face folder. */
export const chatTokenizer = (tokenizer: Tokenizer): ChatTokenizer | undefined =>
  'chatTemplates' in tokenizer ? (tokenizer as Tokenizer & ChatTokenizer) : undefined;

function factsOf(
  { path, sha256, examples }: Source,
  part: Part,
  { data, tokenizer }: Job,
): ExampleFacts {
  const { format, system, prompt, completion, train_on, response_template }: TextSettings = data;
  const templates = [...(chatTokenizer(tokenizer)?.chatTemplates ?? [])];
  const decided = { format, system, prompt, completion, train_on, response_template, templates };
  return {
    tokenizer: tokenizer.name,
    tokenizerHash: tokenizer.hash,
    vocabSize: tokenizer.vocabSize,
    format: createHash('sha256')
      .update(JSON.stringify([decided, tokenizer.hash]))
      .digest('hex'),
    source: { file: basename(path), sha256, part: [part[0], Math.min(part[1], examples)] },
  };
}
