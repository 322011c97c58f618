/** The tokens of a study: its prefix, what follows it, and where greedy texts begin. */
import { resolve } from 'node:path';
import { openModelTokenizer } from '../data/modelTokenizer';
import type { Tokenizer } from '../data/tokenizer';
import type { CacheStudyConfig } from '../config/schema';
import { disk } from '../files/fileSystem';
import { readText } from '../files/readFile';
import { openSafetensors } from '../formats/safetensors';
import type { BaseShape } from '../model/families';
import { fail } from '../problem';

export interface StudyText {
  /** Read once and cached: at least one token. */
  readonly prefix: readonly number[];
  /** Read after the prefix, before greedy texts begin: at least one token. */
  readonly start: readonly number[];
  /** What distributions are compared on, from `start` on; undefined = each adapter's own greedy text. */
  readonly continuation: readonly number[] | undefined;
  readonly tokenizer: Tokenizer | undefined;
}

export interface StudyTextOf {
  study: CacheStudyConfig;
  baseDir: string;
  modelDir: string;
  base: BaseShape;
}

type Key = 'prefix' | 'question' | 'continuation';

/**
 * @throws `cache.no-prefix`, `cache.no-tokenizer`, `cache.bad-ids`, `cache.token`, `cache.too-long`,
 *   `disk.…`, `safetensors.…`
 */
export async function readStudyText(of: StudyTextOf): Promise<StudyText> {
  const { study, modelDir, base } = of;
  const tokenizer = await openModelTokenizer(modelDir);
  const ids = (key: Key) => idsOf(of, key, tokenizer);
  const [prefix, question, continuation] = [ids('prefix'), ids('question'), ids('continuation')];
  if (!prefix || prefix.length === 0)
    return fail(
      'cache.no-prefix',
      'The prefix has no tokens. Give `prefix`, `prefix_file` or `prefix_ids`.',
      { key: 'cache_study.prefix' },
    );
  const split = splitText(prefix, question, continuation);
  const { start } = split;
  const after = Math.max(
    start.length + study.tokens,
    start.length + (split.continuation?.length ?? 0),
  );
  if (split.prefix.length + after > base.block_size)
    fail(
      'cache.too-long',
      `A prefix of ${split.prefix.length} tokens and ${after} behind it are more than the model's context of ${base.block_size}. Shorten the prefix, or use fewer \`tokens\`.`,
      { key: 'cache_study.prefix' },
    );
  return { ...split, tokenizer };
}

/**
 * A cache does not hold what its last token predicts, so one token has to be read behind it: the
 * question, or the continuation's first token, or the prefix's last one, which is then not cached.
 */
function splitText(
  prefix: readonly number[],
  question: readonly number[] | undefined,
  continuation: readonly number[] | undefined,
): Omit<StudyText, 'tokenizer'> {
  if (question?.length) return { prefix, start: question, continuation };
  if (continuation?.length)
    return { prefix, start: continuation.slice(0, 1), continuation: continuation.slice(1) };
  if (prefix.length < 2)
    fail('cache.no-prefix', 'A prefix of one token leaves nothing to cache. Give a longer one.', {
      key: 'cache_study.prefix',
    });
  return { prefix: prefix.slice(0, -1), start: prefix.slice(-1), continuation: undefined };
}

function idsOf(
  { study, baseDir, modelDir, base }: StudyTextOf,
  key: Key,
  tokenizer: Tokenizer | undefined,
): number[] | undefined {
  const found = source(study, key, baseDir);
  if (!found) return undefined;
  const where = { key: `cache_study.${found.key}` };
  const given = found.ids;
  if (given) {
    const outside = given.find(id => id < 0 || id >= base.vocab_size);
    if (outside !== undefined)
      fail(
        'cache.token',
        `Token ${outside} is outside the model's vocabulary of ${base.vocab_size}.`,
        where,
      );
    return [...given];
  }
  if (!tokenizer)
    return fail(
      'cache.no-tokenizer',
      `${modelDir} does not say which tokenizer it was trained with, so \`${found.key}\` cannot be text. Use \`${key}_ids\`.`,
      where,
    );
  const options = { readSpecialTokens: true, addSpecialTokens: key === 'prefix' };
  return tokenizer.encode(found.text ?? '', options);
}

interface Source {
  key: string;
  text?: string;
  ids?: readonly number[];
}

/** Whichever of a text, a file and ids is given. */
function source(study: CacheStudyConfig, key: Key, baseDir: string): Source | undefined {
  const ids = study[`${key}_ids`];
  if (ids !== undefined)
    return { key: `${key}_ids`, ids: typeof ids === 'string' ? storedIds(ids, baseDir, key) : ids };
  const file = study[`${key}_file`];
  if (file !== undefined)
    return { key: `${key}_file`, text: readText(disk, resolve(baseDir, file)) };
  const text = study[key];
  if (text === undefined) return undefined;
  if (typeof text !== 'string') return { key, ids: text };
  return STORED.test(text) ? { key, ids: storedIds(text, baseDir, key) } : { key, text };
}

const STORED = /\.safetensors#[^#\s]+$/;

/** The ids of `FILE.safetensors#name`. */
function storedIds(written: string, baseDir: string, key: Key): number[] {
  const at = written.lastIndexOf('#');
  const [path, name] = [resolve(baseDir, written.slice(0, at)), written.slice(at + 1)];
  const where = { file: path, key: `cache_study.${key}_ids` };
  if (at < 0)
    fail(
      'cache.bad-ids',
      `\`${written}\` does not say which tensor: write FILE.safetensors#name.`,
      where,
    );
  const file = openSafetensors(path);
  try {
    const entry = file.entries.get(name);
    if (!entry)
      fail(
        'cache.bad-ids',
        `${path} has no tensor "${name}"; it has ${[...file.entries.keys()].slice(0, 8).join(', ')}.`,
        where,
      );
    const { data } = file.read(name);
    const ids = Array.from(data as ArrayLike<number | bigint>, Number);
    if (!ids.every(id => Number.isInteger(id)))
      fail('cache.bad-ids', `${name} in ${path} holds numbers that are no token ids.`, where);
    return ids;
  } finally {
    file.close();
  }
}
