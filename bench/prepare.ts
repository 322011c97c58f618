/**
 * Preparing GSM8K's training set for GPT-2, ours against plain js-tiktoken, in alternating rounds of
 * one run: `npx tsx bench/prepare.ts`. Both go from the JSONL file to a bin on disk, with the tokens
 * compared; ours also hashes source and bin and syncs. Its first round has a cold cache.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tiktoken } from 'js-tiktoken/lite';
import gpt2 from 'js-tiktoken/ranks/gpt2';
import { dataSchema } from '../src/engine/config/schema';
import { readGsm8k } from '../src/engine/data/examples';
import { formatGsm8k } from '../src/engine/data/gsm8k';
import { prepareData } from '../src/engine/data/prepareData';
import { openTokenizer } from '../src/engine/data/tokenizer';
import { disk } from '../src/engine/files/fileSystem';

const ROUNDS = 3;
const source = join(process.env.WEIGHTROOM_DATA ?? '../shared/data', 'gsm8k/train.jsonl');

async function prepareOurs(folder: string): Promise<Uint16Array> {
  const train = 'train.jsonl';
  cpSync(source, join(folder, train));
  const data = dataSchema.parse({ train, format: 'gsm8k', validation_fraction: 0 });
  const prepared = await prepareData({ data, baseDir: folder });
  return Uint16Array.from(prepared.train.tokens);
}

function preparePlain(folder: string, plain: Tiktoken): Uint16Array {
  const ids: number[] = [];
  for (const problem of readGsm8k(disk, source))
    ids.push(...plain.encode(formatGsm8k(problem), [], []), 50256);
  const tokens = Uint16Array.from(ids);
  writeFileSync(join(folder, 'plain.bin'), tokens);
  return tokens;
}

async function measure<T>(action: () => T | Promise<T>): Promise<{ result: T; seconds: number }> {
  const started = performance.now();
  const result = await action();
  return { result, seconds: (performance.now() - started) / 1000 };
}

async function main(): Promise<void> {
  const examples = readFileSync(source, 'utf8').trim().split('\n').length;
  const opening = await measure(() => openTokenizer('gpt2'));
  const openingPlain = await measure(() => new Tiktoken(gpt2));
  console.log(
    `${examples} examples; vocabulary opened in ${opening.seconds.toFixed(3)} s (ours), ${openingPlain.seconds.toFixed(3)} s (plain)`,
  );
  console.log('round   plain js-tiktoken             ours    ratio');
  for (let round = 1; round <= ROUNDS; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-prepare-'));
    const plain = await measure(() => preparePlain(folder, openingPlain.result));
    const ours = await measure(() => prepareOurs(folder));
    rmSync(folder, { recursive: true });
    if (Buffer.compare(Buffer.from(plain.result.buffer), Buffer.from(ours.result.buffer)) !== 0)
      throw new Error('the tokens differ');
    const speed = (seconds: number) => `${Math.round(examples / seconds)} examples/s`.padStart(17);
    const ratio = (plain.seconds / ours.seconds).toFixed(1);
    console.log(
      `${round}      ${speed(plain.seconds)} ${speed(ours.seconds)}   ${ratio.padStart(5)}×`,
    );
  }
}

void main();
