/**
 * How a model folder says which tokenizer its ids are of: a checkpoint by `weightroom.json`, with
 * `tokenizer.json` where it was trained; anybody else's folder by its `tokenizer.json`.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { openHuggingFaceTokenizer } from './huggingFaceTokenizer';
import { openTokenizer, type Tokenizer } from './tokenizer';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { fail } from '../problem';

const FACTS = 'weightroom.json';
const VOCABULARY = 'tokenizer.json';
const schema = z.object({ tokenizer: z.string().optional() });

/** What a checkpoint keeps to say its tokenizer, by file name. */
export function tokenizerFiles(
  tokenizer: Tokenizer | undefined,
  /** The folder that it is of, when it is that of a model. */
  modelDir: string | undefined,
  fs: FileSystem,
): [string, string][] {
  if (!tokenizer) return [[FACTS, '{}\n']];
  if (modelDir !== undefined && !exists(fs, join(modelDir, FACTS)))
    return MODEL_FILES.filter(name => exists(fs, join(modelDir, name))).map(name => [
      name,
      readText(fs, join(modelDir, name)),
    ]);
  const vocabulary = tokenizer.toJson?.();
  return [
    [FACTS, `${JSON.stringify({ tokenizer: tokenizer.name })}\n`],
    ...(vocabulary === undefined ? [] : [[VOCABULARY, vocabulary] as [string, string]]),
  ];
}

/** Of a Hugging Face folder. */
const MODEL_FILES = [
  VOCABULARY,
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'chat_template.jinja',
];

/** The tokenizer of a model folder; undefined when the folder does not say. */
export async function openModelTokenizer(
  dir: string,
  fs: FileSystem = disk,
): Promise<Tokenizer | undefined> {
  const path = join(dir, FACTS);
  const file = join(dir, VOCABULARY);
  if (!exists(fs, path))
    return exists(fs, file) ? openHuggingFaceTokenizer(dir, { fs }) : undefined;
  const parsed = schema.safeParse(parseJson(readText(fs, path), path));
  if (!parsed.success)
    return fail('model.bad-config', `${path} does not name a tokenizer.`, { file: path });
  const { tokenizer } = parsed.data;
  if (tokenizer === undefined) return undefined;
  return openTokenizer(tokenizer, exists(fs, file) ? { file, fs } : {});
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail('model.bad-config', `${file} is not JSON.`, { file });
  }
}
