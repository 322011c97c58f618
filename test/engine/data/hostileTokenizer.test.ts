/** Tokenizers that are damaged or made to do harm: each is refused in words, and nothing hangs. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Encoding } from '../../../src/engine/data/huggingFace/compile';
import {
  openHuggingFaceTokenizer,
  startTokenizerWorker,
  TOKENIZER_LIMITS,
} from '../../../src/engine/data/huggingFaceTokenizer';
import type { IsolatedThread } from '../../../src/engine/isolate/isolatedThread';
import { ThreadEnded } from '../../../src/engine/isolate/isolatedThread';
import { ProblemError } from '../../../src/engine/problem';
import { randomNumbers } from '../../durability/randomNumbers';
import { scratchFolder } from '../../durability/scratchFolder';
import { mutantCount } from '../../mutants';
import { mutant } from './jsonMutants';
import { refusalOf } from './refusal';

const fixtures = join(import.meta.dirname, '../../fixtures/tokenizers');
const readTokenizer = (kind: string) =>
  JSON.parse(readFileSync(join(fixtures, kind, 'tokenizer.json'), 'utf8')) as Record<
    string,
    unknown
  > & { model: Record<string, unknown> };
const scratch = scratchFolder();
const HURRIED = { ...TOKENIZER_LIMITS, openMs: 20_000, encodeMs: 700, encodeMsPerMegabyte: 0 };

function folderWith(files: Record<string, string | Buffer>): string {
  const dir = mkdtempSync(join(scratch, 'tokenizer-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const open = (tokenizer: unknown, others: Record<string, string> = {}) =>
  openHuggingFaceTokenizer(folderWith({ 'tokenizer.json': JSON.stringify(tokenizer), ...others }), {
    limits: HURRIED,
  });

const gpt2 = readTokenizer('gpt2');
const withPattern = (Regex: string) => ({
  ...gpt2,
  pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated' },
});
const withModel = (change: object) => ({ ...gpt2, model: { ...gpt2.model, ...change } });
const endless = withPattern('^(a+)+$');
describe('a tokenizer.json is refused, with its place,', () => {
  it.each<[why: string, tokenizer: unknown, code: string, key: string]>([
    ['that is a list', [], 'tokenizer.bad-form', ''],
    ['without a model', { ...gpt2, model: null }, 'tokenizer.bad-form', 'model'],
    [
      'with two tokens of one id',
      withModel({ vocab: { a: 0, b: 0 } }),
      'tokenizer.bad-form',
      'model.vocab',
    ],
    [
      'with an id beyond all bounds',
      withModel({ vocab: { a: 2 ** 40 } }),
      'tokenizer.bad-form',
      'model.vocab',
    ],
    ['with a negative id', withModel({ vocab: { a: -1 } }), 'tokenizer.bad-form', 'model.vocab'],
    [
      'with a merge of unknown tokens',
      withModel({ merges: ['Q Z'] }),
      'tokenizer.bad-form',
      'model.merges[0]',
    ],
    [
      'with a merge of three',
      withModel({ merges: ['a b c'] }),
      'tokenizer.bad-form',
      'model.merges[0]',
    ],
    [
      'with a pattern that is none',
      withPattern('(['),
      'tokenizer.bad-form',
      'pre_tokenizer.pattern',
    ],
    [
      'with a pattern of a megabyte',
      withPattern('a'.repeat(1e6)),
      'tokenizer.bad-form',
      'pre_tokenizer.pattern',
    ],
    ['with random merges', withModel({ dropout: 0.1 }), 'tokenizer.unsupported', 'model'],
    ['with an unknown model', withModel({ type: 'Neural' }), 'tokenizer.unsupported', 'model'],
    [
      'with an unknown normalizer',
      { ...gpt2, normalizer: { type: 'Precompiled' } },
      'tokenizer.unsupported',
      'normalizer',
    ],
    [
      'with an unknown decoder',
      { ...gpt2, decoder: { type: 'CTC' } },
      'tokenizer.unsupported',
      'decoder',
    ],
    [
      'with an added token without an id',
      { ...gpt2, added_tokens: [{ content: 'x' }] },
      'tokenizer.bad-form',
      'added_tokens[0].id',
    ],
    [
      'that gives an id to a second token',
      { ...gpt2, added_tokens: [{ id: 5, content: 'x' }] },
      'tokenizer.bad-form',
      'added_tokens',
    ],
  ])('%s', async (_, tokenizer, code, key) => {
    const problem = await refusalOf(() => open(tokenizer));
    expect(problem.code).toBe(code);
    expect(problem.where.file).toMatch(/tokenizer\.json$/);
    expect(problem.message).toContain(problem.where.file);
    expect(problem.where.key).toBe(key);
  });

  it.each([
    ['not JSON', '{"model":'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['empty', ''],
  ])('that is %s', async (_, text) => {
    const dir = folderWith({ 'tokenizer.json': text });
    expect((await refusalOf(() => openHuggingFaceTokenizer(dir))).code).toBe('tokenizer.bad-json');
  });

  it('nested 50,000 deep', async () => {
    const deep = '{"type":"Sequence","normalizers":['.repeat(50_000);
    const text = `{"model":{},"normalizer":${deep}${']}'.repeat(50_000)}}`;
    const withModel = text.replace('"model":{}', `"model":${JSON.stringify(gpt2.model)}`);
    const dir = folderWith({ 'tokenizer.json': withModel });
    const problem = await refusalOf(() => openHuggingFaceTokenizer(dir, { limits: HURRIED }));
    expect(problem.code).toBe('tokenizer.bad-form');
  });

  it('whose companion is damaged', async () => {
    const problem = await refusalOf(() => open(gpt2, { 'tokenizer_config.json': '{' }));
    expect(problem).toMatchObject({ code: 'tokenizer.bad-json' });
    expect(problem.where.file).toMatch(/tokenizer_config\.json$/);
  });

  it('that is not there, and one that is too large', async () => {
    expect((await refusalOf(() => openHuggingFaceTokenizer(scratch))).code).toBe(
      'tokenizer.missing',
    );
    const limits = { ...HURRIED, bytes: 1000 };
    const dir = join(fixtures, 'gpt2');
    const problem = await refusalOf(() => openHuggingFaceTokenizer(dir, { limits }));
    expect(problem.code).toBe('tokenizer.too-large');
  });
});

describe('a tokenizer whose regular expression does not end', () => {
  const text = `${'a'.repeat(60)}!`;

  it('is given up, at once the second time, and others go on', async () => {
    const tokenizer = await open(endless);
    const other = await open(gpt2);
    expect(tokenizer.encode('short')).not.toEqual([]);
    for (let i = 0; i < 2; i++) {
      const problem = await refusalOf(() => tokenizer.encode(text));
      expect(problem.code).toBe('tokenizer.too-slow');
      expect(problem.where.file).toMatch(/tokenizer\.json$/);
    }
    expect(tokenizer.decode(other.encode(text))).toBe(text); // needs no thread
    other.dispose();
  });

  it('is given up while it is opened, too', async () => {
    const added = { id: 0, content: text.slice(1), normalized: true, special: false };
    const slow = { type: 'Replace', pattern: { Regex: '^(a+)+$' }, content: 'b' };
    const tokenizer = {
      ...gpt2,
      normalizer: slow,
      model: { ...gpt2.model, vocab: { [text.slice(1)]: 0 }, merges: [] },
      added_tokens: [added],
    };
    const limits = { ...HURRIED, openMs: 1500 };
    const dir = folderWith({ 'tokenizer.json': JSON.stringify(tokenizer) });
    const problem = await refusalOf(() => openHuggingFaceTokenizer(dir, { limits }));
    expect(problem.code).toBe('tokenizer.too-slow');
  });
});

it('a normalizer cannot make a text grow without end', async () => {
  const step = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(64) };
  const normalizer = { type: 'Sequence', normalizers: Array(20).fill(step) };
  const tokenizer = await open({ ...gpt2, normalizer });
  expect((await refusalOf(() => tokenizer.encode('a'.repeat(1e5)))).code).toBe(
    'tokenizer.too-long',
  );
  tokenizer.dispose();
});

it('a tokenizer that was disposed says so', async () => {
  const tokenizer = await open(gpt2);
  tokenizer.dispose();
  expect((await refusalOf(() => tokenizer.encode('x'))).code).toBe('tokenizer.closed');
});

describe('of mutants of every kind', () => {
  const kinds = readdirSync(fixtures).filter(name => /^[a-z0-9]+$/i.test(name));
  const sources = kinds.map(readTokenizer);
  const text = 'Hello <s>wörld</s> 123, dog\u0300 日本 🙂\n\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!';
  let worker: IsolatedThread | undefined;
  afterAll(() => worker?.close());

  const outcome = async (bytes: Buffer): Promise<string> => {
    if (!worker || worker.ending) worker = startTokenizerWorker(2e6);
    const files = new Map([['tokenizer.json', bytes]]);
    const request = { text, readsSpecial: true, addsSpecial: true, wantsOffsets: true };
    try {
      await worker.ask({ kind: 'open', files }, 5000);
      const { ids, offsets } = await worker.ask<Encoding>({ kind: 'encode', ...request }, 500);
      return offsets?.length === 2 * ids.length ? 'works' : 'broken';
    } catch (error) {
      if (error instanceof ProblemError) return error.problem.code;
      if (error instanceof ThreadEnded) return `ended: ${error.why}`;
      return `untyped: ${String(error)}`;
    }
  };

  it('each works or is refused by a code of its own', async () => {
    const random = randomNumbers(7);
    const outcomes = new Map<string, number>();
    for (let i = mutantCount(400); i > 0; i--) {
      const source = sources[i % sources.length];
      const found = await outcome(mutant(source, random));
      outcomes.set(found, (outcomes.get(found) ?? 0) + 1);
    }
    const expected = /^(works|ended: time|tokenizer\.(bad-form|bad-json|unsupported|too-long))$/;
    expect([...outcomes.keys()].filter(name => !expected.test(name))).toEqual([]);
    expect(outcomes.get('works')).toBeGreaterThan(0);
    expect(outcomes.get('tokenizer.bad-form')).toBeGreaterThan(0);
  });
});
