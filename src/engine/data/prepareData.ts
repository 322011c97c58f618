/**
 * From the `data` part of a config to token bins in memory: reads, tokenizes and writes what is not
 * there yet, and reuses what is. Knows nothing of models or training.
 */
import { isAbsolute, join } from 'node:path';
import type { DataConfig } from '../config/schema';
import { disk } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { writeTextDurably } from '../files/writeDurably';
import { fail } from '../problem';
import { isBin, openDataFile, splitExamples } from './dataFile';
import { isEncoded, openOrEncodeBin, unlessProblem } from './encodeBin';
import type { BinRequest, Work } from './encodeBin';
import { readPassages } from './examples';
import { loadBpe } from './bpeTokenizer';
import { heldOutBin, preparedStem, tokenizerFile, trainBin } from './preparedFiles';
import { progressOf } from './progress';
import type { OnProgress } from './progress';
import { checkVocabulary, openTokenBin } from './tokenBin';
import type { TokenBin } from './tokenBin';
import { openTokenizer } from './tokenizer';
import type { Tokenizer } from './tokenizer';

export interface PrepareInput extends Partial<Work> {
  readonly data: DataConfig;
  /** Folder that the config's paths are relative to. */
  readonly baseDir: string;
  /** Of the model, which `tokenizer: model` names. */
  readonly modelTokenizer?: Tokenizer | undefined;
}

export interface PreparedData {
  readonly train: TokenBin;
  /** Undefined when nothing is held out: a bin without a validation file, or a fraction of 0. */
  readonly validation: TokenBin | undefined;
  /** Undefined for `none`. */
  readonly tokenizer: Tokenizer | undefined;
  /** SHA-256 in hex of the bins, and the tokenizer's hash. */
  readonly hashes: { train: string; validation?: string; tokenizer?: string };
}

type Opened = Omit<PreparedData, 'hashes'>;

interface Job extends Work {
  readonly modelTokenizer: Tokenizer | undefined;
}

/**
 * Text becomes a bin beside it: `data/x.jsonl` → `data/x.gpt2.bin`, its held-out examples
 * `data/x.gpt2.validation.bin`, a trained vocabulary `data/x.bpe-512.tokenizer.json`. Bins are used
 * whole, as they are. Yields to the event loop; each file is written whole or not at all.
 * @throws ProblemError `data.…` (`data.cancelled` once `signal` is aborted) and `disk.…`
 */
export async function prepareData(input: PrepareInput): Promise<PreparedData> {
  const { data, baseDir, fs = disk, onProgress, signal } = input;
  const work: Job = { fs, onProgress, signal, modelTokenizer: input.modelTokenizer };
  const resolve = (path: string) => (isAbsolute(path) ? path : join(baseDir, path));

  const trainPath = resolve(data.train);
  const opened = isBin(trainPath)
    ? await openBin(trainPath, data, work)
    : await openText(trainPath, data, work);
  const { train, tokenizer } = opened;
  const validation =
    data.validation === undefined
      ? opened.validation
      : await openWhole(resolve(data.validation), data, tokenizer, work);

  const hashes = {
    train: train.sha256,
    ...(validation && { validation: validation.sha256 }),
    ...(tokenizer && { tokenizer: tokenizer.hash }),
  };
  return { train, validation, tokenizer, hashes };
}

async function openBin(path: string, data: DataConfig, work: Job): Promise<Opened> {
  const file = tokenizerFile(path);
  const tokenizer =
    data.tokenizer === 'none'
      ? undefined
      : data.tokenizer === 'model'
        ? work.modelTokenizer
        : await openTokenizer(data.tokenizer, { file, fs: work.fs });
  return { train: await openWhole(path, data, tokenizer, work), validation: undefined, tokenizer };
}

async function openText(path: string, data: DataConfig, work: Job): Promise<Opened> {
  if (data.tokenizer === 'none') failNoTokenizer(path);
  const file = await openDataFile(work.fs, path, data, work.signal);
  const fraction = data.validation === undefined ? data.validation_fraction : 0;
  const [trainPart, heldOutPart] = splitExamples(file, fraction);
  const stem = preparedStem(path, data.tokenizer);
  const wanted = { path: trainBin(stem), file, part: trainPart };
  const tokenizer = await openTokenizerFor(wanted, data.tokenizer, work);
  const train = await openOrEncodeBin({ ...wanted, tokenizer }, work);
  const heldOut = heldOutPart && {
    path: heldOutBin(stem),
    file,
    part: heldOutPart,
    tokenizer,
  };
  return { train, validation: heldOut && (await openOrEncodeBin(heldOut, work)), tokenizer };
}

/** A file as one bin: the bin it is, or all its examples encoded. */
async function openWhole(
  path: string,
  data: DataConfig,
  tokenizer: Tokenizer | undefined,
  work: Work,
): Promise<TokenBin> {
  if (isBin(path)) {
    const bin = openTokenBin(path, work.fs);
    if (tokenizer !== undefined) checkTokenizer(bin, tokenizer);
    return bin;
  }
  if (tokenizer === undefined) failNoTokenizer(path);
  const file = await openDataFile(work.fs, path, data, work.signal);
  const bin = trainBin(preparedStem(path, data.tokenizer));
  return openOrEncodeBin({ path: bin, file, part: [0, file.examples], tokenizer }, work);
}

/** The vocabulary that made the wanted bin when it is there already, else one learnt from its texts. */
async function openTokenizerFor(
  wanted: Omit<BinRequest, 'tokenizer'>,
  name: string,
  { fs, onProgress, signal, modelTokenizer }: Job,
): Promise<Tokenizer> {
  if (name === 'model') return modelTokenizer ?? failNoModelTokenizer();
  if (!name.startsWith('bpe:')) return openTokenizer(name);
  const saved = tokenizerFile(wanted.path);
  const known = unlessProblem(() => loadBpe(name, saved, fs));
  if (known !== undefined && isEncoded({ ...wanted, tokenizer: known }, fs)) return known;

  const trainOn = textsOf(wanted, fs, onProgress);
  const tokenizer = await openTokenizer(name, { trainOn, ...(signal && { signal }) });
  if (tokenizer.toJson) writeTextDurably(fs, saved, tokenizer.toJson());
  return tokenizer;
}

function* textsOf(
  { file, part }: Omit<BinRequest, 'tokenizer'>,
  fs: FileSystem,
  onProgress: OnProgress | undefined,
): Generator<string> {
  const report = progressOf(
    { file: file.path, phase: 'tokenizer', total: part[1] - part[0] },
    onProgress,
  );
  let done = 0;
  for (const { text, examples } of readPassages(fs, file, part)) {
    yield text;
    report((done += examples));
  }
}

function checkTokenizer(bin: TokenBin, tokenizer: Tokenizer): void {
  const madeBy = bin.sidecar;
  if (madeBy !== undefined && madeBy.tokenizerHash !== tokenizer.hash)
    fail(
      'data.other-tokenizer',
      `${bin.path} was made by another tokenizer (${madeBy.tokenizer}) than ${tokenizer.name}. ` +
        'Name that one in data.tokenizer, or prepare the data again.',
      { file: bin.path, key: 'data.tokenizer' },
    );
  checkVocabulary(bin, tokenizer.vocabSize);
}

export function failNoModelTokenizer(): never {
  fail(
    'data.no-model-tokenizer',
    'The folder of model.from has no tokenizer.json. Name the tokenizer of its tokens in data.tokenizer: gpt2, bytes or none.',
    { key: 'data.tokenizer' },
  );
}

function failNoTokenizer(path: string): never {
  fail(
    'data.no-tokenizer',
    `${path} is text and data.tokenizer is none: name gpt2, bytes or bpe:<size>, or a token bin.`,
    { file: path, key: 'data.tokenizer' },
  );
}
