/** Pages of a token bin as text. Reads only the page, so the size of the bin does not matter. */
import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSidecar } from '../../engine/data/binSidecar';
import type { TokenDtype } from '../../engine/data/binSidecar';
import { type Tokenizer, openTokenizer } from '../../engine/data/tokenizer';
import { ProblemError, fail } from '../../engine/problem';

export const PAGE_TOKENS = 8192;

/** `numbers` shows the ids themselves. */
export type Reading = 'numbers' | (string & {});

export interface TokenPage {
  readonly text: string;
  readonly page: number;
  readonly pages: number;
  readonly firstToken: number;
  readonly tokens: number;
  readonly tokensInBin: number;
  readonly reading: Reading;
}

/**
 * @param page from 0; beyond the end is the last one
 * @param reading a tokenizer's name or `numbers`; by default what the sidecar names
 * @throws `data.empty`, `data.bad-sidecar`, `data.unknown-tokenizer` and `disk.…`
 */
export async function readTokenPage(
  path: string,
  page: number,
  reading?: Reading,
): Promise<TokenPage> {
  const sidecar = readSidecar(path);
  const dtype = sidecar?.dtype ?? 'uint16';
  const width = dtype === 'uint16' ? 2 : 4;
  const tokensInBin = Math.floor(statSync(path).size / width);
  if (tokensInBin === 0) fail('data.empty', `${path} holds no tokens.`, { file: path });
  const pages = Math.ceil(tokensInBin / PAGE_TOKENS);
  const shown = Math.min(Math.max(0, page), pages - 1);
  const firstToken = shown * PAGE_TOKENS;
  const tokens = Math.min(PAGE_TOKENS, tokensInBin - firstToken);
  const ids = readIds(path, dtype, firstToken * width, tokens * width);
  const name = reading ?? sidecar?.tokenizer ?? 'numbers';
  const text =
    name === 'numbers'
      ? numbersIn(ids)
      : textOf(ids, await openFor(path, name, sidecar?.tokenizerHash));
  return { text, page: shown, pages, firstToken, tokens, tokensInBin, reading: name };
}

function readIds(path: string, dtype: TokenDtype, byte: number, bytes: number) {
  const buffer = new Uint8Array(bytes);
  const file = openSync(path, 'r');
  try {
    readSync(file, buffer, 0, bytes, byte);
  } finally {
    closeSync(file);
  }
  return dtype === 'uint16' ? new Uint16Array(buffer.buffer) : new Uint32Array(buffer.buffer);
}

const IDS_PER_LINE = 16;

function numbersIn(ids: ArrayLike<number>): string {
  const lines: string[] = [];
  for (let at = 0; at < ids.length; at += IDS_PER_LINE) {
    lines.push(
      Array.from(ids)
        .slice(at, at + IDS_PER_LINE)
        .join(' '),
    );
  }
  return lines.join('\n');
}

/** Examples apart, each with the mark of its end. */
function textOf(ids: ArrayLike<number>, tokenizer: Tokenizer): string {
  const all = Array.from(ids);
  const { endOfText } = tokenizer;
  if (endOfText === undefined) return tokenizer.decode(all);
  const parts: string[] = [];
  for (let from = 0; from < all.length;) {
    const end = all.indexOf(endOfText, from);
    const until = end < 0 ? all.length : end;
    parts.push(tokenizer.decode(all.slice(from, until)) + (end < 0 ? '' : '<|endoftext|>\n\n'));
    from = until + 1;
  }
  return parts.join('');
}

/** A trained tokenizer lies beside the bin of its training data. */
async function openFor(path: string, name: string, hash?: string): Promise<Tokenizer> {
  if (!name.startsWith('bpe:')) return openTokenizer(name);
  const folder = dirname(path);
  const ending = `.${name.replace(':', '-')}.tokenizer.json`;
  for (const file of readdirSync(folder).filter(entry => entry.endsWith(ending))) {
    const tokenizer = await openTokenizer(name, { file: join(folder, file) }).catch(skipDamaged);
    if (tokenizer && (hash === undefined || tokenizer.hash === hash)) return tokenizer;
  }
  return fail(
    'data.untrained-tokenizer',
    `The vocabulary of ${name} that made ${path} is not beside it.`,
    { file: path },
  );
}

function skipDamaged(error: unknown): undefined {
  if (!(error instanceof ProblemError)) throw error;
}
