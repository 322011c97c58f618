/**
 * A tokenizer opened from a Hugging Face folder. `tokenizer.json` and its companions are read and
 * worked with in a thread of their own, because a file from anywhere decides how long its regular
 * expressions run and how much it takes: whatever it does, it costs no more than the thread. Tokens
 * come back as bytes, so decoding needs no thread.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readBytes } from '../files/readFile';
import { IsolatedThread, threadBeside, ThreadEnded } from '../isolate/isolatedThread';
import { fail, ProblemError } from '../problem';
import type { EncodeRequest, Encoding } from './huggingFace/compile';
import type { Companions } from './huggingFace/settings';
import type { OpenedTokenizer, TokenizerRequest } from './huggingFace/tokenizerWorker';
import { textOfBytes } from './tokenText';
import type { EncodeOptions, Tokenizer, TokenRole } from './tokenizer';

export interface HuggingFaceTokenizer extends Tokenizer {
  /** Jinja templates by name; a folder's only one is `default`. */
  readonly chatTemplates: ReadonlyMap<string, string>;
  /** Tokens of the roles as they are written, for templates. */
  readonly roleTexts: Readonly<Partial<Record<TokenRole, string>>>;
  dispose(): void;
}

export interface TokenizerLimits {
  /** Of `tokenizer.json`; its companions may have an eighth of it. */
  readonly bytes: number;
  /** To open it, in milliseconds. */
  readonly openMs: number;
  /** To encode a text: so long at least, and so long for each megabyte of it. */
  readonly encodeMs: number;
  readonly encodeMsPerMegabyte: number;
}

/** Above what any known tokenizer takes: Gemma's 256,000 tokens are 34 MB and open in seconds. */
export const TOKENIZER_LIMITS: TokenizerLimits = {
  bytes: 64e6,
  openMs: 60_000,
  encodeMs: 5_000,
  encodeMsPerMegabyte: 30_000,
};

const TOKENIZER = 'tokenizer.json';
const COMPANIONS: Record<keyof Companions, true> = {
  'tokenizer_config.json': true,
  'special_tokens_map.json': true,
  'generation_config.json': true,
  'config.json': true,
  'chat_template.jinja': true,
};

/** For a worker whose tokenizer nobody has any more. */
const forgotten = new FinalizationRegistry<IsolatedThread>(worker => worker.close());

/**
 * @param path a folder with `tokenizer.json`, or that file
 * @throws `tokenizer.missing`, `tokenizer.too-large`, `tokenizer.bad-json`, `tokenizer.bad-form`,
 *   `tokenizer.unsupported`, `tokenizer.too-slow`, `tokenizer.out-of-memory`, `disk.…`
 */
export async function openHuggingFaceTokenizer(
  path: string,
  { fs = disk, limits = TOKENIZER_LIMITS }: { fs?: FileSystem; limits?: TokenizerLimits } = {},
): Promise<HuggingFaceTokenizer> {
  const dir = basename(path) === TOKENIZER ? dirname(path) : path;
  const file = join(dir, TOKENIZER);
  const files = readFiles(dir, fs, limits);
  const worker = startTokenizerWorker(files.get(TOKENIZER)?.byteLength ?? 0);
  const asked: TokenizerRequest = { kind: 'open', files };
  try {
    const opened = await worker.ask<OpenedTokenizer>(asked, limits.openMs);
    return tokenizerOf({ opened, worker, file, limits, hash: hashOf(files) });
  } catch (error) {
    worker.close();
    throw problemOf(error, { file, dir, what: 'open' });
  }
}

export function startTokenizerWorker(fileBytes: number): IsolatedThread {
  const file = threadBeside(import.meta.url, './huggingFace/tokenizerWorker');
  return new IsolatedThread(file, { memoryMb: Math.ceil(192 + (16 * fileBytes) / 1e6) });
}

function readFiles(dir: string, fs: FileSystem, { bytes }: TokenizerLimits) {
  const files = new Map<string, Uint8Array>();
  for (const name of [TOKENIZER, ...Object.keys(COMPANIONS)]) {
    const file = join(dir, name);
    const most = name === TOKENIZER ? bytes : bytes / 8;
    if (!exists(fs, file)) continue;
    if (fs.stat(file).bytes > most)
      fail('tokenizer.too-large', `${file} is larger than the ${most / 1e6} MB that are read.`, {
        file,
      });
    files.set(name, readBytes(fs, file));
  }
  if (!files.has(TOKENIZER))
    fail(
      'tokenizer.missing',
      `${dir} has no ${TOKENIZER}. Name a folder that has one, or the file itself.`,
      { file: dir },
    );
  return files;
}

/** Of what decides the ids: templates and the model's own config do not. */
function hashOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256');
  for (const name of [TOKENIZER, 'tokenizer_config.json', 'special_tokens_map.json'])
    hash.update(`${name}:${files.get(name)?.byteLength ?? -1}\n`).update(files.get(name) ?? '');
  return hash.digest('hex');
}

interface Opened {
  readonly opened: OpenedTokenizer;
  readonly worker: IsolatedThread;
  readonly file: string;
  readonly limits: TokenizerLimits;
  readonly hash: string;
}

function tokenizerOf({ opened, worker, file, limits, hash }: Opened): HuggingFaceTokenizer {
  const { decoding, roles, roleTexts, endIds, chatTemplates } = opened;
  const special = new Set(opened.special);
  const ask = (text: string, options: EncodeOptions, wantsOffsets: boolean): Encoding => {
    const request: EncodeRequest = {
      text,
      readsSpecial: options.readSpecialTokens ?? false,
      addsSpecial: options.addSpecialTokens ?? false,
      wantsOffsets,
    };
    const limitMs = limits.encodeMs + (text.length / 1e6) * limits.encodeMsPerMegabyte;
    try {
      return worker.askNow<Encoding>({ kind: 'encode', ...request }, limitMs);
    } catch (error) {
      throw problemOf(error, { file, dir: dirname(file), what: 'encode with' });
    }
  };
  const bytesOf = (id: number): Uint8Array => {
    const { bytes, starts } = decoding;
    return id >= 0 && id + 1 < starts.length ? bytes.subarray(starts[id], starts[id + 1]) : UNKNOWN;
  };
  const tokenizer: HuggingFaceTokenizer = {
    name: basename(dirname(resolve(file))),
    vocabSize: decoding.starts.length - 1,
    endOfText: roles.eos,
    roles,
    endIds,
    hash,
    chatTemplates,
    roleTexts,
    encode: (text, options = {}) => Array.from(ask(text, options, false).ids),
    encodeWithOffsets(text, options = {}) {
      const { ids, offsets = new Int32Array() } = ask(text, options, true);
      return {
        ids: Array.from(ids),
        offsets: Array.from(ids, (_, i) => [offsets[2 * i]!, offsets[2 * i + 1]!]),
      };
    },
    decode(ids, { skipSpecialTokens = false } = {}) {
      const shown = Array.from(ids).filter(id => !skipSpecialTokens || !special.has(id));
      const text = decoder.decode(Buffer.concat(shown.map(bytesOf)));
      const start = decoding.trimsStart && text.startsWith(' ') ? 1 : 0;
      const end = decoding.trimsEnd && text.endsWith(' ') ? text.length - 1 : text.length;
      return text.slice(start, end);
    },
    bytesOf,
    tokenText: id => textOfBytes(bytesOf(id)),
    isSpecial: id => special.has(id),
    dispose: () => worker.close(),
  };
  forgotten.register(tokenizer, worker);
  return tokenizer;
}

const UNKNOWN = new TextEncoder().encode('\ufffd');
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What ended the thread, in words; problems that were found there get the whole path. */
function problemOf(
  error: unknown,
  { file, dir, what }: { file: string; dir: string; what: string },
): unknown {
  if (error instanceof ProblemError) {
    const { code, severity, message, where } = error.problem;
    const name = where.file ?? TOKENIZER;
    const path = join(dir, name);
    return new ProblemError({
      code,
      severity,
      message: message.replace(name, path),
      where: { ...where, file: path },
    });
  }
  if (!(error instanceof ThreadEnded))
    return new ProblemError({
      code: 'tokenizer.bad-form',
      severity: 'error',
      message: `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      where: { file },
    });
  const [code, words] = endings[error.why];
  const message = `It ${words} to ${what} ${file}. It may be damaged, or made to do harm.`;
  return new ProblemError({ code, severity: 'error', message, where: { file } });
}

const endings = {
  time: ['tokenizer.too-slow', 'takes too long'],
  memory: ['tokenizer.out-of-memory', 'takes too much memory'],
  crash: ['tokenizer.failed', 'was not possible'],
  closed: ['tokenizer.closed', 'is too late'],
} as const;
