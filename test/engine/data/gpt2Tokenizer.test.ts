import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Tiktoken } from 'js-tiktoken/lite';
import gpt2 from 'js-tiktoken/ranks/gpt2';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { readCases } from '../../fixtures/data/ids';
import { itWithData } from './publicData';

const golden = readCases('gpt2Ids.json');
const tokenizer = await openTokenizer('gpt2');
const plain = new Tiktoken(gpt2);
const plainIds = (text: string) => plain.encode(text, [], []);

const sha256 = (ids: number[]) =>
  createHash('sha256')
    .update(new Uint8Array(Uint16Array.from(ids).buffer))
    .digest('hex');

/** Text with what splitting rules care about: spaces, quotes, digits, letters and signs of all scripts. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\t',
        "'s",
        "'",
        "'LL",
        '12',
        'ab',
        'é',
        'ß',
        '<<',
        '½',
        '日本',
        '🙂',
        '\u00a0',
        '\ufeff',
      ),
    )
    .map(parts => parts.join('')),
);

describe('gpt2', () => {
  it.each(golden)('gives the ids of tiktoken for $text', ({ text, ids }) => {
    expect(tokenizer.encode(text, { readSpecialTokens: true })).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it('gives the ids of plain js-tiktoken for any text', () => {
    fc.assert(
      fc.property(text, text => {
        expect(tokenizer.encode(text)).toEqual(plainIds(text));
      }),
      { numRuns: 500 },
    );
  });

  it('gives the ids of plain js-tiktoken for long pieces', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 't', 'h', 'e', 'A', 'é'),
      minLength: 50,
      maxLength: 150,
    });
    fc.assert(
      fc.property(letters, text => {
        expect(tokenizer.encode(text)).toEqual(plainIds(text));
      }),
      { numRuns: 100 },
    );
  });

  it('encodes half a megabyte without a space', () => {
    expect(tokenizer.encode('a'.repeat(1 << 19))).toEqual(Array(1 << 17).fill(24794)); // "aaaa"
  });

  it('has 50,257 tokens and ends a text with the last one', () => {
    expect(tokenizer).toMatchObject({ name: 'gpt2', vocabSize: 50257, endOfText: 50256 });
    expect(tokenizer.decode([50256])).toBe('<|endoftext|>');
  });

  it('reads <|endoftext|> as text unless it is asked to', () => {
    const text = 'a<|endoftext|>';
    expect(tokenizer.encode(text)).toEqual(plainIds(text));
    expect(tokenizer.encode(text, { readSpecialTokens: true })).toEqual(plain.encode(text, 'all'));
  });

  it('decodes ids beyond the vocabulary as replacement characters', () => {
    expect(tokenizer.decode([64, 50257, 65])).toBe('a\uFFFDb');
  });

  itWithData(
    'tinyshakespeare/input.txt',
    'gives the token bins of nanoGPT for tinyshakespeare',
    path => {
      const plays = readFileSync(path, 'utf8');
      const cut = Math.floor(plays.length * 0.9);
      const train = tokenizer.encode(plays.slice(0, cut));
      const validation = tokenizer.encode(plays.slice(cut));
      expect([train.length, validation.length]).toEqual([301966, 36059]);
      // of golden memmap/gpt2_train.bin and gpt2_val.bin, written by NumPy
      expect(sha256(train)).toBe(
        '502a2bdc8210d1ac5d5674867cb74467dd31db575d25cf6dbb08c8bdbea8680f',
      );
      expect(sha256(validation)).toBe(
        '68a53422394c26a655ebe641f5c6f49888e8f4e45fe5d6f02abda63ba3ebd65b',
      );
    },
  );
});
