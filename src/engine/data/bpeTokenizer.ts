/** The tokenizer `bpe:<size>`, from merges just learnt or from its `tokenizer.json`. */
import { createHash } from 'node:crypto';
import { disk } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { readText } from '../files/readFile';
import { fail } from '../problem';
import { byteLevelTokenizer } from './byteLevelTokenizer';
import { BytePairs } from './bytePairs';
import type { Tokenizer } from './tokenizer';
import { readTokenizerJson, toTokenizerJson } from './tokenizerJson';
import { BPE_PIECES, tokensOf } from './trainBpe';
import type { Merge } from './trainBpe';

export function bpeTokenizer(name: string, merges: readonly Merge[]): Tokenizer {
  const tokens = tokensOf(merges);
  const json = toTokenizerJson(merges);
  const pairs = new BytePairs(tokens, new RegExp(BPE_PIECES, 'gu'));
  return byteLevelTokenizer({
    name,
    hash: createHash('sha256').update(json).digest('hex'),
    tokens,
    encodeInto: (ids, text) => pairs.encodeInto(ids, text),
    toJson: () => json,
  });
}

/** @throws `data.bad-tokenizer` for a file that Weightroom did not write */
export function loadBpe(name: string, file: string, fs: FileSystem = disk): Tokenizer {
  const merges = readTokenizerJson(readText(fs, file));
  if (merges === undefined)
    fail(
      'data.bad-tokenizer',
      `${file} is no tokenizer trained here, or it was changed; delete it and prepare the data again.`,
      { file },
    );
  return bpeTokenizer(name, merges);
}
