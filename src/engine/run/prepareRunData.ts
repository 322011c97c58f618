/** The data of a run's config, prepared: a stream of tokens, or examples with answers. */
import { dirname, resolve } from 'node:path';
import { hasExamples } from '../config/dataKinds';
import type { RunConfig } from '../config/schema';
import type { Work } from '../data/encodeBin';
import { openModelTokenizer } from '../data/modelTokenizer';
import { failNoModelTokenizer, prepareData, type PreparedData } from '../data/prepareData';
import { openTokenizer, type Tokenizer } from '../data/tokenizer';
import { disk } from '../files/fileSystem';
import { type PreparedExamples, prepareExamples } from '../examples/prepareExamples';

export type RunData =
  | ({ readonly kind: 'windows' } & PreparedData)
  | ({ readonly kind: 'examples' } & PreparedExamples);

export interface RunDataInput extends Partial<Work> {
  readonly config: RunConfig;
  /** Paths in the config are relative to the folder of this file. */
  readonly configPath: string;
}

/** @throws ProblemError `data.…`, `chat.…`, `tokenizer.…`, `disk.…` */
export async function prepareRunData(input: RunDataInput): Promise<RunData> {
  const { config, configPath, fs = disk, signal, onProgress } = input;
  const { data } = config;
  const common = { data, baseDir: dirname(configPath), fs, signal, onProgress };
  if (hasExamples(data)) {
    const tokenizer = await exampleTokenizer(input);
    return { kind: 'examples', ...(await prepareExamples({ ...common, tokenizer })) };
  }
  const modelTokenizer = data.tokenizer === 'model' ? await modelTokenizerOf(input) : undefined;
  return { kind: 'windows', ...(await prepareData({ ...common, modelTokenizer })) };
}

/** @throws `data.no-model-tokenizer` and what opening it throws */
export async function exampleTokenizer(input: RunDataInput): Promise<Tokenizer> {
  const { tokenizer } = input.config.data;
  if (tokenizer === 'model') return (await modelTokenizerOf(input)) ?? failNoModelTokenizer();
  return openTokenizer(tokenizer);
}

/** Of the folder that the run starts from, if it has one. */
const modelTokenizerOf = async ({
  config: { model },
  configPath,
  fs = disk,
}: RunDataInput): Promise<Tokenizer | undefined> =>
  'from' in model ? openModelTokenizer(resolve(dirname(configPath), model.from), fs) : undefined;
