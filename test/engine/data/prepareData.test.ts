import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tiktoken } from 'js-tiktoken/lite';
import gpt2 from 'js-tiktoken/ranks/gpt2';
import { describe, expect, it } from 'vitest';
import { dataSchema } from '../../../src/engine/config/schema';
import { makeDemoProblems } from '../../../src/engine/data/demoProblems';
import { formatGsm8k } from '../../../src/engine/data/gsm8k';
import { prepareData } from '../../../src/engine/data/prepareData';
import type { PrepareInput } from '../../../src/engine/data/prepareData';
import type { PrepareProgress } from '../../../src/engine/data/progress';
import { openTokenBin } from '../../../src/engine/data/tokenBin';
import type { TokenBin } from '../../../src/engine/data/tokenBin';
import { disk } from '../../../src/engine/files/fileSystem';
import { ProblemError } from '../../../src/engine/problem';
import { faultKinds, faultyFileSystem } from '../../durability/faultyFileSystem';
import { scratchFolder } from '../../durability/scratchFolder';
import { itWithData } from './publicData';
import { refusalOf } from './refusal';

const scratch = scratchFolder();
const newFolder = () => mkdtempSync(join(scratch, 'data-'));

const problems = makeDemoProblems(1, 60);
const jsonl = (records: readonly unknown[]) =>
  records.map(each => `${JSON.stringify(each)}\n`).join('');

/** A folder with these files. */
function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const demoFolder = () => folderWith({ 'x.jsonl': jsonl(problems) });

/** Prepares `x.jsonl` (GSM8K, held out 10 %) unless told otherwise. */
function prepare(
  baseDir: string,
  config: Record<string, unknown> = {},
  options: Partial<PrepareInput> = {},
) {
  const defaults = {
    train: 'x.jsonl',
    format: 'gsm8k',
    validation_fraction: 0.1,
    tokenizer: 'bpe:300',
  };
  const data = dataSchema.parse({ ...defaults, ...config });
  return prepareData({ data, baseDir, ...options });
}

/** The texts of a bin, without their end-of-text tokens. */
const textsOf = (bin: TokenBin | undefined, decode: (ids: ArrayLike<number>) => string) =>
  decode(bin?.tokens ?? [])
    .split('<|endoftext|>')
    .slice(0, -1);

const facts = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map(name => [name, readFileSync(join(folder, name), 'latin1')]);

describe('prepareData', () => {
  it.each(['gpt2', 'bytes', 'bpe:300'])(
    'writes every example and an end of text with %s',
    async tokenizer => {
      const prepared = await prepare(demoFolder(), { tokenizer });
      const decode = (ids: ArrayLike<number>) => prepared.tokenizer!.decode(ids);
      expect(textsOf(prepared.train, decode)).toEqual(problems.slice(0, 54).map(formatGsm8k));
      expect(textsOf(prepared.validation, decode)).toEqual(problems.slice(54).map(formatGsm8k));
      expect(prepared.train.sidecar?.examples).toBe(54);
      expect(prepared.hashes).toEqual({
        train: prepared.train.sha256,
        validation: prepared.validation?.sha256,
        tokenizer: prepared.tokenizer?.hash,
      });
    },
  );

  it('puts what it makes beside the data', async () => {
    const folder = demoFolder();
    await prepare(folder);
    const names = ['bin', 'bin.json', 'tokenizer.json', 'validation.bin', 'validation.bin.json'];
    expect(readdirSync(folder).sort()).toEqual([
      ...names.map(name => `x.bpe-300.${name}`),
      'x.jsonl',
    ]);
  });

  it('trains the tokenizer on the training examples alone', async () => {
    const folder = demoFolder();
    const { tokenizer } = await prepare(folder);
    writeFileSync(
      join(folder, 'x.jsonl'),
      jsonl([...problems.slice(0, 54), ...makeDemoProblems(9, 6)]),
    );
    expect((await prepare(folder)).tokenizer?.hash).toBe(tokenizer?.hash);
  });

  it('prepares a validation file whole, with the tokenizer of the training file', async () => {
    const folder = folderWith({
      'x.jsonl': jsonl(problems),
      'y.jsonl': jsonl(problems.slice(0, 3)),
    });
    const { train, validation, tokenizer } = await prepare(folder, { validation: 'y.jsonl' });
    expect([train, validation].map(bin => bin?.sidecar?.examples)).toEqual([60, 3]);
    expect(validation?.path).toBe(join(folder, 'y.bpe-300.bin'));
    expect(validation?.sidecar?.tokenizerHash).toBe(tokenizer?.hash);
  });

  it('holds nothing out when the fraction is 0', async () => {
    const { train, validation } = await prepare(demoFolder(), { validation_fraction: 0 });
    expect([train.sidecar?.examples, validation]).toEqual([60, undefined]);
  });

  it('takes plain text as one stream without end of text', async () => {
    const text = 'To be,\n\nor not\nto be.\n';
    const folder = folderWith({ 'x.txt': text });
    const config = {
      train: 'x.txt',
      format: undefined,
      tokenizer: 'bytes',
      validation_fraction: 0.25,
    };
    const { train, validation, tokenizer } = await prepare(folder, config);
    expect(tokenizer?.decode(train.tokens)).toBe('To be,\n\nor not\n');
    expect(tokenizer?.decode(validation?.tokens ?? [])).toBe('to be.\n');
    expect(train.sidecar).toMatchObject({ examples: 3, source: { format: 'text', part: [0, 3] } });
  });

  it('takes the named field of JSONL records', async () => {
    const folder = folderWith({ 'x.jsonl': jsonl([{ body: 'ab' }, { body: 'c' }]) });
    const config = {
      format: 'jsonl',
      text_field: 'body',
      tokenizer: 'bytes',
      validation_fraction: 0,
    };
    const { train } = await prepare(folder, config);
    expect([...train.tokens]).toEqual([97, 98, 256, 99, 256]);
  });
});

describe('a bin that is there', () => {
  const touched = async (change: (folder: string) => void, config = {}) => {
    const folder = demoFolder();
    const before = await prepare(folder);
    change(folder);
    const progress: PrepareProgress[] = [];
    const after = await prepare(folder, config, { onProgress: p => progress.push(p) });
    const redone = new Set(
      progress.filter(p => p.done === p.total).map(p => `${p.phase} ${p.total}`),
    );
    return { before, after, redone: [...redone] };
  };
  const inFolder = (name: string, change: (path: string) => void) => (folder: string) =>
    change(join(folder, name));
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    bytes[0]! ^= 1;
    writeFileSync(path, bytes);
  };
  const halve = (path: string) => {
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.length / 2));
  };
  const rewrite = (path: string) => {
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
  };

  it('is used again when nothing changed', async () => {
    const { before, after, redone } = await touched(() => undefined);
    expect(redone).toEqual([]);
    expect(after.hashes).toEqual(before.hashes);
    expect(after.train.tokens).toEqual(before.train.tokens);
  });

  const all = ['tokenizer 54', 'tokens 54', 'tokens 6'];
  it.each<[string, (folder: string) => void, object, string[]]>([
    ['data', inFolder('x.jsonl', rewrite), {}, all],
    ['vocabulary', inFolder('x.bpe-300.tokenizer.json', halve), {}, ['tokenizer 54']],
    ['split', () => undefined, { validation_fraction: 0 }, ['tokenizer 60', 'tokens 60']],
    ['tokens', inFolder('x.bpe-300.bin', flip), {}, ['tokens 54']],
    ['held-out tokens', inFolder('x.bpe-300.validation.bin', flip), {}, ['tokens 6']],
    ['sidecar', inFolder('x.bpe-300.bin.json', flip), {}, ['tokenizer 54', 'tokens 54']],
    ['presence', inFolder('x.bpe-300.validation.bin', path => disk.rm(path)), {}, ['tokens 6']],
  ])(
    'is made again, as far as needed, when its %s changed',
    async (_, change, config, expected) => {
      const { before, after, redone } = await touched(change, config);
      expect(redone).toEqual(expected);
      if (!('validation_fraction' in config))
        expect(after.train.tokens).toEqual(before.train.tokens);
    },
  );
});

describe('token bins as data', () => {
  const none = { train: 'x.bin', tokenizer: 'none', format: undefined };
  const bin = Uint8Array.of(1, 0, 2, 0, 255, 255);

  it('are used whole, as they are, without a tokenizer', async () => {
    const prepared = await prepare(folderWith({ 'x.bin': bin }), none);
    expect([...prepared.train.tokens]).toEqual([1, 2, 65535]);
    expect(prepared).toMatchObject({ validation: undefined, tokenizer: undefined });
  });

  it('validate on another bin', async () => {
    const folder = folderWith({ 'x.bin': bin, 'y.bin': bin.subarray(0, 2) });
    const { validation } = await prepare(folder, { ...none, validation: 'y.bin' });
    expect([...(validation?.tokens ?? [])]).toEqual([1]);
  });

  it('find the tokenizer that was trained for them', async () => {
    const folder = demoFolder();
    const { tokenizer } = await prepare(folder);
    const again = await prepare(folder, { train: 'x.bpe-300.bin', format: undefined });
    expect(again.tokenizer?.hash).toBe(tokenizer?.hash);
  });

  it('of another tokenizer are refused', async () => {
    const folder = demoFolder();
    await prepare(folder, { tokenizer: 'bytes' });
    const problem = await refusalOf(() =>
      prepare(folder, { train: 'x.bytes.bin', tokenizer: 'gpt2' }),
    );
    expect(problem.code).toBe('data.other-tokenizer');
  });

  it('with a token beyond the vocabulary are refused with its place', async () => {
    const folder = folderWith({ 'x.bin': bin });
    const problem = await refusalOf(() => prepare(folder, { ...none, tokenizer: 'gpt2' }));
    expect(problem).toMatchObject({ code: 'data.token-beyond-vocabulary', where: { byte: 4 } });
  });
});

describe('prepareData refuses', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    ['an empty file', '', {}, 'data.empty'],
    ['a file of blank lines', '\n \n', {}, 'data.empty'],
    ['too few examples to hold one out', jsonl([problems[0]]), {}, 'data.too-few'],
    ['text without a tokenizer', jsonl(problems), { tokenizer: 'none' }, 'data.no-tokenizer'],
    ['a missing file', '', { train: 'y.jsonl' }, 'disk.missing'],
    ['a missing validation file', jsonl(problems), { validation: 'y.jsonl' }, 'disk.missing'],
    ['a broken record', `${jsonl(problems)}{`, {}, 'data.bad-json'],
    [
      'text that is empty',
      '{"text":""}',
      { format: 'jsonl', validation_fraction: 0, tokenizer: 'gpt2' },
      'ok',
    ],
  ])('%s', async (_, content, config, code) => {
    const folder = folderWith({ 'x.jsonl': content });
    if (code === 'ok') expect([...(await prepare(folder, config)).train.tokens]).toEqual([50256]);
    else expect((await refusalOf(() => prepare(folder, config))).code).toBe(code);
  });

  it('to write into a folder that is none', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'x.jsonl'));
    expect((await refusalOf(() => prepare(folder))).code).toBe('disk.not-a-file');
  });
});

describe('cancelling', () => {
  it('before it starts leaves the folder as it was', async () => {
    const folder = demoFolder();
    const before = facts(folder);
    const problem = await refusalOf(() => prepare(folder, {}, { signal: AbortSignal.abort() }));
    expect(problem.code).toBe('data.cancelled');
    expect(facts(folder)).toEqual(before);
  });

  it('at any moment leaves only whole files, and the next preparation goes on from there', async () => {
    const whole = demoFolder();
    const wanted = await prepare(whole);
    for (const cancelAt of [1, 2, 3]) {
      const folder = demoFolder();
      const controller = new AbortController();
      let reports = 0;
      const onProgress = () => void (++reports === cancelAt && controller.abort());
      const problem = await refusalOf(() =>
        prepare(folder, {}, { onProgress, signal: controller.signal }),
      );
      expect(problem.code).toBe('data.cancelled');
      for (const name of readdirSync(folder))
        if (name.endsWith('.bin')) openTokenBin(join(folder, name));
      expect(readdirSync(folder).filter(name => name.includes('tmp'))).toEqual([]);
      expect((await prepare(folder)).hashes).toEqual(wanted.hashes);
    }
  });

  it('and other timers get their turn in between', async () => {
    const folder = folderWith({ 'x.jsonl': jsonl(makeDemoProblems(1, 3000)) });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await prepare(folder);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('progress', () => {
  it('counts examples up to the last, for the tokenizer and for each bin', async () => {
    const seen: PrepareProgress[] = [];
    const folder = demoFolder();
    await prepare(folder, {}, { onProgress: progress => seen.push(progress) });
    const last = seen.filter(({ done, total }) => done === total);
    expect(last.map(({ phase, total }) => [phase, total])).toEqual([
      ['tokenizer', 54],
      ['tokens', 54],
      ['tokens', 6],
    ]);
    for (const { file, examplesPerSecond } of seen) {
      expect(file).toBe(join(folder, 'x.jsonl'));
      expect(examplesPerSecond).toBeGreaterThan(0);
    }
  });
});

describe('a failing disk', () => {
  it('is reported, loses nothing and leaves no half-written file, whichever call fails', async () => {
    const few = { 'x.jsonl': jsonl(problems.slice(0, 5)) };
    const config = { tokenizer: 'bpe:260' };
    const counting = faultyFileSystem();
    const wanted = await prepare(folderWith(few), config, { fs: counting });
    let refused = 0;
    for (let call = 0; call < counting.calls.length; call++)
      for (const kind of faultKinds) {
        const folder = folderWith(few);
        const fs = faultyFileSystem({ call, kind });
        try {
          expect((await prepare(folder, config, { fs })).hashes).toEqual(wanted.hashes);
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          expect(error.problem.code).toMatch(/^disk\./);
          refused++;
        }
        expect((await prepare(folder, config)).hashes).toEqual(wanted.hashes);
        expect(readFileSync(join(folder, 'x.jsonl'), 'utf8')).toBe(few['x.jsonl']);
      }
    expect(refused).toBeGreaterThan(counting.calls.length);
  });
});

itWithData('gsm8k/test.jsonl', 'prepares GSM8K as plain js-tiktoken would', async path => {
  const content = readFileSync(path, 'utf8');
  const folder = folderWith({ 'x.jsonl': content });
  const { train } = await prepare(folder, { tokenizer: 'gpt2', validation_fraction: 0 });
  const plain = new Tiktoken(gpt2);
  const expected = content
    .trim()
    .split('\n')
    .flatMap(line => {
      const { question, answer } = JSON.parse(line) as { question: string; answer: string };
      const final = answer.split('####').at(-1)?.trim();
      const text = `### Question:\n${question.trim()}\n\n### Answer:\n${answer.trim()}\n\n### Final Answer:\n${final}`;
      return [...plain.encode(text), 50256];
    });
  expect(train.length).toBe(229_117);
  expect(train.tokens).toEqual(Uint16Array.from(expected));
});
