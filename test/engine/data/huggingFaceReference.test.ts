/** Equality with Hugging Face's own tokenizers, on small tokenizers of every kind and on real ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openHuggingFaceTokenizer } from '../../../src/engine/data/huggingFaceTokenizer';
import type { HuggingFaceTokenizer } from '../../../src/engine/data/huggingFaceTokenizer';
import type { EncodeOptions } from '../../../src/engine/data/tokenizer';
import { textStream } from '../../../src/engine/generate/textStream';
import { itWithData } from './publicData';

interface Case {
  text: string;
  ids: number[];
  offsets: [number, number][];
  /** Where special tokens are read as any other text, when that differs. */
  plain: number[] | null;
  framed: number[] | null;
  decoded: string;
  skipped: string;
}

const fixtures = join(import.meta.dirname, '../../fixtures/tokenizers');
const kinds = readdirSync(fixtures).filter(name =>
  existsSync(join(fixtures, name, 'expected.json')),
);
const opened: HuggingFaceTokenizer[] = [];
const open = async (path: string) => {
  const tokenizer = await openHuggingFaceTokenizer(path);
  opened.push(tokenizer);
  return tokenizer;
};
afterAll(() => opened.forEach(tokenizer => tokenizer.dispose()));

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/**
 * The reference says of "é" made of two characters that it stands for the first, of many spaces made
 * one that it stands for the last, and of a space put before the text that it stands for its first
 * letter. Ours stand for all of them, and for nothing.
 */
const agrees = (ours: [number, number], theirs: [number, number]) =>
  (ours[0] <= theirs[0] && ours[1] >= theirs[1]) || (ours[0] === ours[1] && ours[0] === theirs[0]);

/** Without normalizers and prefixes there is nothing to disagree about. */
const hasExactPlaces = (kind: string) => /^(gpt2|llama3|split\w+|whitespaceWords)$/.test(kind);

describe.each(kinds)('a tokenizer.json of the kind "%s" gives', async kind => {
  const tokenizer = await open(join(fixtures, kind));
  const cases = readJson(join(fixtures, kind, 'expected.json')) as Case[];

  it.each(cases)('what the reference gives for $text', expected => {
    const { text, ids } = expected;
    expect(tokenizer.encode(text, { readSpecialTokens: true })).toEqual(ids);
    expect(tokenizer.encode(text)).toEqual(expected.plain ?? ids);
    const framed = { readSpecialTokens: true, addSpecialTokens: true };
    expect(tokenizer.encode(text, framed)).toEqual(expected.framed ?? ids);
    expect(tokenizer.decode(ids)).toBe(expected.decoded);
    expect(tokenizer.decode(expected.framed ?? ids, { skipSpecialTokens: true })).toBe(
      expected.skipped,
    );
  });

  it.each(cases)('the places of the reference for $text', ({ text, ids, offsets }) => {
    const places = tokenizer.encodeWithOffsets(text, { readSpecialTokens: true });
    expect(places.ids).toEqual(ids);
    if (hasExactPlaces(kind)) expect(places.offsets).toEqual(offsets);
    const wrong = places.offsets.filter((place, i) => !agrees(place, offsets[i]!));
    expect(wrong).toEqual([]);
  });
});

interface Golden {
  texts: string[];
  ids: number[][];
}

const golden = (name: string) => readJson(join(fixtures, `${name}.golden.json`)) as Golden;

/** Ids of tiktoken, SentencePiece in C++ and Qwen's tokenizer in Python. */
const real: [folder: string, name: string, options: EncodeOptions][] = [
  ['tokenizers/gpt2', 'gpt2', { readSpecialTokens: true }],
  ['tokenizers/llama2_real', 'llama2', {}],
  ['tokenizers/qwen25', 'qwen25', { readSpecialTokens: true }],
  ['models/stories260K', 'stories260K', {}],
];

describe('a real tokenizer', () => {
  for (const [folder, name, options] of real)
    itWithData(folder, `${name} gives the reference's ids and takes them back`, async path => {
      const tokenizer = await open(path);
      const { texts, ids } = golden(name);
      expect(texts.map(text => tokenizer.encode(text, options))).toEqual(ids);
      for (const [i, text] of texts.entries())
        expect(tokenizer.decode(ids[i]!)).toBe(name === 'qwen25' ? text.normalize('NFC') : text);
    });

  for (const [folder, name] of real)
    itWithData(folder, `${name} can be read as a stream without half a character`, async path => {
      const tokenizer = await open(path);
      const { ids } = golden(name);
      for (const each of ids) {
        const stream = textStream(tokenizer);
        const pieces = each.map(id => stream.push(id));
        expect(pieces.join('')).not.toContain('\ufffd');
        const space = tokenizer.decode([each[0] ?? 0]).length < (pieces[0]?.length ?? 0) ? ' ' : '';
        expect(pieces.join('')).toBe(space + tokenizer.decode(each));
        expect(stream.end()).toBe('');
      }
    });

  itWithData('models/gpt2-shakespeare', 'trained elsewhere gives its golden ids', async path => {
    const tokenizer = await open(path);
    const cases = readJson(join(path, 'tokenizer_golden.json')) as {
      text: string;
      ids: number[];
    }[];
    for (const { text, ids } of cases) expect(tokenizer.encode(text)).toEqual(ids);
  });
});
