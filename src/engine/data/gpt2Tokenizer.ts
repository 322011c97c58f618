/**
 * GPT-2's tokenizer: js-tiktoken's vocabulary and splitting rule, encoded by our byte-pair core. The
 * vocabulary (1 MB) is loaded when the tokenizer is first opened.
 */
import { createHash } from 'node:crypto';
import { byteLevelTokenizer } from './byteLevelTokenizer';
import { BytePairs } from './bytePairs';
import type { Tokenizer } from './tokenizer';

let opened: Promise<Tokenizer> | undefined;

export const openGpt2 = (): Promise<Tokenizer> => (opened ??= load());

async function load(): Promise<Tokenizer> {
  const { default: gpt2 } = await import('js-tiktoken/ranks/gpt2');
  const tokens = readRanks(gpt2.bpe_ranks);
  const pairs = new BytePairs(tokens, new RegExp(gpt2.pat_str, 'gu'));
  return byteLevelTokenizer({
    name: 'gpt2',
    hash: createHash('sha256').update(gpt2.pat_str).update(gpt2.bpe_ranks).digest('hex'),
    tokens,
    encodeInto: (ids, text) => pairs.encodeInto(ids, text),
  });
}

/** Lines of `! <rank of the first> <base64> <base64> …`. */
function readRanks(text: string): string[] {
  const tokens: string[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [, first, ...encoded] = line.split(' ');
    encoded.forEach((token, i) => (tokens[Number(first) + i] = atob(token)));
  }
  return tokens;
}
