import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BinSidecar } from '../../../src/engine/data/binSidecar';
import { checkAgainstFiles } from '../../../src/engine/config/checkAgainstFiles';
import { readConfig } from '../../../src/engine/config/readConfig';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach(folder => rmSync(folder, { recursive: true })));

type Files = Record<string, string | Uint16Array>;

function folderWith(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'weightroom-config-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Each problem of a config among files as `code "marked text"`. */
function problemsOf(text: string, files: Files): string[] {
  const whole = ['weightroom: 1', text].join('\n');
  const { config, problems, placeOf } = readConfig(whole);
  if (!config) throw new Error(JSON.stringify(problems));
  return checkAgainstFiles(config, folderWith(files), { placeOf }).map(
    ({ code, where }) => `${code} ${JSON.stringify(whole.slice(...(where.range ?? [0, 0])))}`,
  );
}

const tokens = (count: number) => new Uint16Array(count);
const sidecar = (
  changes: Partial<BinSidecar>,
  source: Partial<BinSidecar['source']> = {},
): string =>
  JSON.stringify({
    version: 1,
    tokenizer: 'gpt2',
    tokenizerHash: 'a',
    vocabSize: 50257,
    dtype: 'uint16',
    tokens: 1000,
    examples: 1,
    sha256: 'b',
    source: { file: 'a.txt', sha256: 'c', bytes: 9000, format: 'text', part: [0, 1], ...source },
    created: '2026-01-01T00:00:00Z',
    ...changes,
  } satisfies BinSidecar);

const slm = (changes: object = {}) =>
  JSON.stringify({
    model_type: 'slm',
    ...{ vocab_size: 512, block_size: 32, n_layer: 2, n_head: 4, n_embed: 64 },
    ...{ dropout: 0, bias: false },
    ...changes,
  });

const SLM = 'model: { family: slm, vocab_size: 50257, block_size: 256 }';
const FROM = 'model: { from: base }';
const BIN = 'data: { train: a.bin, tokenizer: none }';
const TEXT = 'data: { train: a.txt, validation_fraction: 0 }';
const REPLAY = 'train: { batch_order: o.json }';

describe('checkAgainstFiles', () => {
  it.each<[claim: string, text: string, files: Files, problems: string[]]>([
    ['a text of enough bytes', `${SLM}\n${TEXT}`, { 'a.txt': 'x'.repeat(300) }, []],
    ['a missing file', `${SLM}\n${TEXT}`, {}, ['data.missing "a.txt"']],
    ['a folder', `${SLM}\n${TEXT}`, { 'a.txt/b': '' }, ['data.folder "a.txt"']],
    ['an empty file', `${SLM}\n${TEXT}`, { 'a.txt': '' }, ['data.empty "a.txt"']],
    [
      'a missing validation file',
      `${SLM}\ndata: { train: a.txt, validation: b.txt }`,
      { 'a.txt': 'x'.repeat(300) },
      ['data.missing "b.txt"'],
    ],
    [
      'a text shorter than a block',
      `${SLM}\n${TEXT}`,
      { 'a.txt': 'x'.repeat(256) },
      ['config.block-beyond-data "256"'],
    ],
    ['a bin of a block and a token', `${SLM}\n${BIN}`, { 'a.bin': tokens(257) }, []],
    [
      'a bin of one block',
      `${SLM}\n${BIN}`,
      { 'a.bin': tokens(256) },
      ['config.block-beyond-data "256"'],
    ],
    [
      'a block size by default beyond a bin',
      `model: { family: slm, vocab_size: 9 }\n${BIN}`,
      { 'a.bin': tokens(200) },
      ['config.block-beyond-data "model"'],
    ],
    [
      'a validation bin shorter than a block',
      `${SLM}\ndata: { train: a.bin, validation: b.bin, tokenizer: none }`,
      { 'a.bin': tokens(900), 'b.bin': tokens(9) },
      ['config.block-beyond-data "256"'],
    ],
    [
      'a prepared bin shorter than a block',
      `${SLM}\n${TEXT}`,
      { 'a.txt': 'x'.repeat(900), 'a.gpt2.bin.json': sidecar({ tokens: 90 }, { bytes: 900 }) },
      ['config.block-beyond-data "256"'],
    ],
    [
      'a held-out part shorter than a block',
      `${SLM}\ndata: { train: a.txt, validation_fraction: 0.1 }`,
      {
        'a.txt': 'x'.repeat(900),
        'a.gpt2.bin.json': sidecar({ tokens: 800 }, { bytes: 900 }),
        'a.gpt2.validation.bin.json': sidecar({ tokens: 80 }, { bytes: 900 }),
      },
      ['config.block-beyond-data "256"'],
    ],
    [
      'a bin prepared from other text',
      `${SLM}\n${TEXT}`,
      { 'a.txt': 'x'.repeat(900), 'a.gpt2.bin.json': sidecar({ tokens: 90 }, { bytes: 899 }) },
      [],
    ],
    [
      'a bin of a larger vocabulary',
      `model: { family: slm, vocab_size: 300 }\n${BIN}`,
      { 'a.bin': tokens(900), 'a.bin.json': sidecar({}) },
      ['config.vocab-too-small "300"'],
    ],
    [
      'a bin of another tokenizer',
      `${SLM}\ndata: { train: a.bin, tokenizer: bytes }`,
      { 'a.bin': tokens(1000), 'a.bin.json': sidecar({}) },
      ['config.other-tokenizer "a.bin"'],
    ],
    [
      'a sidecar that is none',
      `${SLM}\n${BIN}`,
      { 'a.bin': tokens(900), 'a.bin.json': '[]' },
      ['data.bad-sidecar "a.bin"'],
    ],
    [
      'a whole model folder',
      `${FROM}\n${BIN}`,
      { 'a.bin': tokens(33), 'base/config.json': slm(), 'base/model.safetensors': 'x' },
      [],
    ],
    ['no model folder', `${FROM}\n${BIN}`, { 'a.bin': tokens(33) }, ['model.no-config "base"']],
    [
      'a model folder without weights',
      `${FROM}\n${BIN}`,
      { 'a.bin': tokens(33), 'base/config.json': slm() },
      ['weights.none "base"'],
    ],
    [
      'a model of another kind',
      `${FROM}\n${BIN}`,
      {
        'a.bin': tokens(33),
        'base/config.json': slm({ model_type: 'llama' }),
        'base/model.safetensors': 'x',
      },
      ['model.bad-config "base"'],
    ],
    [
      'a model smaller than its tokenizer',
      `${FROM}\ndata: { train: a.txt, validation_fraction: 0, tokenizer: gpt2 }`,
      { 'a.txt': 'x'.repeat(99), 'base/config.json': slm(), 'base/model.safetensors': 'x' },
      ['config.vocab-too-small "base"'],
    ],
    [
      'a missing batch order',
      `${SLM}\n${BIN}\n${REPLAY}`,
      { 'a.bin': tokens(900) },
      ['data.missing "o.json"'],
    ],
    [
      'several mistakes at once',
      `${FROM}\n${TEXT}\n${REPLAY}`,
      {},
      ['model.no-config "base"', 'data.missing "a.txt"', 'data.missing "o.json"'],
    ],
  ])('judges %s', (_, text, files, expected) => {
    expect(problemsOf(text, files)).toEqual(expected);
  });
});
