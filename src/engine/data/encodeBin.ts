/** One part of a data file as a token bin: the one that is there when it fits, else a new one. */
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileSystem } from '../files/fileSystem';
import { ProblemError } from '../problem';
import { readSidecar } from './binSidecar';
import type { DataFile } from './dataFile';
import { isRecords, readPassages } from './examples';
import type { Part } from './examples';
import { letOthersRun } from './letOthersRun';
import { progressOf } from './progress';
import type { OnProgress } from './progress';
import { TokenBuffer } from './tokenBuffer';
import { dtypeFor, openTokenBin, writeTokenBin } from './tokenBin';
import type { BinFacts, TokenBin } from './tokenBin';
import type { Tokenizer } from './tokenizer';

/** How the work is done, not what: where files lie, who watches, who may stop it. */
export interface Work {
  readonly fs: FileSystem;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BinRequest {
  /** Of the bin. */
  readonly path: string;
  readonly file: DataFile;
  readonly part: Part;
  readonly tokenizer: Tokenizer;
}

/** The bin of the request, verified; encoded anew unless it is there already, whole and the same. */
export async function openOrEncodeBin(request: BinRequest, work: Work): Promise<TokenBin> {
  const { path } = request;
  const known = isEncoded(request, work.fs) && unlessProblem(() => openTokenBin(path, work.fs));
  if (known) return known;
  writeTokenBin(work.fs, path, await encode(request, work), factsOf(request));
  return openTokenBin(path, work.fs);
}

/** Whether a bin stands at `path` whose sidecar describes just this request. */
export function isEncoded(request: BinRequest, fs: FileSystem): boolean {
  const sidecar = unlessProblem(() => readSidecar(request.path, fs));
  return sidecar !== undefined && isDeepStrictEqual({ ...sidecar, ...factsOf(request) }, sidecar);
}

/** What `attempt` gives; undefined when the user's files are at fault. */
export function unlessProblem<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

async function encode({ file, part, tokenizer }: BinRequest, { fs, onProgress, signal }: Work) {
  const pause = letOthersRun(`Preparing ${file.path}`, signal);
  const total = part[1] - part[0];
  const report = progressOf({ file: file.path, phase: 'tokens', total }, onProgress);
  const tokens = new TokenBuffer(dtypeFor(tokenizer.vocabSize));
  let done = 0;
  for (const { text, examples } of readPassages(fs, file, part)) {
    const ids = tokenizer.encode(text);
    if (isRecords(file.format) && tokenizer.endOfText !== undefined) ids.push(tokenizer.endOfText);
    tokens.append(ids);
    report((done += examples));
    await pause();
  }
  return tokens.all();
}

function factsOf({ file, part, tokenizer }: BinRequest): BinFacts {
  const { endOfText } = tokenizer;
  return {
    tokenizer: tokenizer.name,
    tokenizerHash: tokenizer.hash,
    vocabSize: tokenizer.vocabSize,
    ...(endOfText !== undefined && { endOfText }),
    examples: part[1] - part[0],
    source: {
      file: basename(file.path),
      sha256: file.sha256,
      bytes: file.bytes,
      format: file.format,
      ...(file.format === 'jsonl' && { textField: file.textField }),
      part: [...part],
    },
  };
}
