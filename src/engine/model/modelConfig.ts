/** `config.json` of a model folder: its sizes, read and written. */
import { join } from 'node:path';
import * as z from 'zod';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { fail } from '../problem';
import { type BaseShape, isSlm } from './families';
import { hfConfigOf, parseHfConfig } from './hfConfig';
import type { SlmShape } from './slmParameters';

const slmConfig = z.object({
  vocab_size: z.int().positive(),
  block_size: z.int().positive(),
  n_layer: z.int().positive(),
  n_head: z.int().positive(),
  n_embed: z.int().positive(),
  dropout: z.number().min(0).lt(1).default(0),
  bias: z.boolean().default(false),
});

const typed = z.object({ model_type: z.string() });

/** @throws `model.no-config`, `model.bad-config` with the key */
export function readModelShape(dir: string, fs: FileSystem = disk): BaseShape {
  const path = join(dir, 'config.json');
  if (!exists(fs, path))
    fail(
      'model.no-config',
      `${dir} has no config.json, so it is no model folder. Name a folder with config.json and model.safetensors.`,
      { file: path },
    );
  const { model_type } = readJson(path, typed, fs);
  if (model_type === 'slm') return checkedSlm(readJson(path, slmConfig, fs), path);
  return parseHfConfig(readJson(path, z.unknown(), fs), model_type, (key, why) =>
    fail('model.bad-config', `${path}: \`${key}\`: ${why}.`, { file: path, key }),
  );
}

function checkedSlm(shape: SlmShape, path: string): SlmShape {
  if (shape.n_embed % shape.n_head !== 0 || (shape.n_embed / shape.n_head) % 2 !== 0)
    fail(
      'model.bad-config',
      `n_embed ${shape.n_embed} does not divide into ${shape.n_head} heads of even size.`,
      { file: path },
    );
  return shape;
}

export function modelConfigText(shape: BaseShape): string {
  const json = isSlm(shape) ? slmConfigOf(shape) : hfConfigOf(shape);
  return `${JSON.stringify(json, null, 1)}\n`;
}

const slmConfigOf = (s: SlmShape) => ({
  model_type: 'slm',
  vocab_size: s.vocab_size,
  block_size: s.block_size,
  n_layer: s.n_layer,
  n_head: s.n_head,
  n_embed: s.n_embed,
  dropout: s.dropout,
  bias: s.bias,
});

/** @throws `model.bad-config` for text that is not JSON or does not fit */
export function readJson<T>(path: string, schema: z.ZodType<T>, fs: FileSystem): T {
  let json: unknown;
  try {
    json = JSON.parse(readText(fs, path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    fail('model.bad-config', `${path} is not JSON: ${error.message}.`, { file: path });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join('.') ?? '';
  return fail(
    'model.bad-config',
    `${path}: \`${key}\` does not fit: ${issue?.message ?? 'unknown'}.`,
    { file: path, key },
  );
}
