import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGsm8k, readPassages } from '../../../src/engine/data/examples';
import type { DataFormat, Part } from '../../../src/engine/data/examples';
import { readLines } from '../../../src/engine/data/lines';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { disk } from '../../../src/engine/files/fileSystem';
import type { FileSystem } from '../../../src/engine/files/fileSystem';
import { scratchFolder } from '../../durability/scratchFolder';
import { refusalOf } from './refusal';

const path = join(scratchFolder(), 'data');

/** The passages of a file with this content. */
function passages(content: string | Uint8Array, format: DataFormat, part: Part = [0, Infinity]) {
  writeFileSync(path, content);
  return [...readPassages(disk, { path, format, textField: 'text' }, part)];
}

const texts = (...given: Parameters<typeof passages>) => passages(...given).map(({ text }) => text);

/** With their line ends. */
const linesOf = (content: string): string[] => content.match(/[^\n]*\n|[^\n]+$/g) ?? [];

describe('readPassages', () => {
  const record = { question: 'q', answer: 'a #### 1' };
  const asked = '### Question:\nq\n\n### Answer:\na #### 1\n\n### Final Answer:\n1';

  it.each<[string, string, DataFormat, string[]]>([
    ['records of gsm8k', JSON.stringify(record), 'gsm8k', [asked]],
    ['records with a text', '{"text":" a "}\n{"text":"b","n":1}\n', 'jsonl', [' a ', 'b']],
    ['records after a byte order mark', '\ufeff{"text":"a"}', 'jsonl', ['a']],
    ['records with Windows line ends', '{"text":"a"}\r\n\r\n{"text":"b"}\r\n', 'jsonl', ['a', 'b']],
    ['records between blank lines', '\n{"text":"a"}\n \n\n{"text":"b"}\n\n', 'jsonl', ['a', 'b']],
    ['plain text as one stream', 'a\n\nb\n', 'text', ['a\n\nb\n']],
    ['no example of an empty file', '', 'jsonl', []],
  ])('reads %s', (_, content, format, expected) => {
    expect(texts(content, format)).toEqual(expected);
  });

  it('reads the examples of a part and no others', () => {
    const content = ['a', 'b', 'c', 'd'].map(text => JSON.stringify({ text })).join('\n\n');
    expect(texts(content, 'jsonl', [1, 3])).toEqual(['b', 'c']);
    expect(texts('a\nb\n\nd\n', 'text', [1, 3])).toEqual(['b\n\n']);
    expect(texts(`${content}\nno JSON`, 'jsonl', [0, 4])).toHaveLength(4);
  });

  it.each<[string, string | Uint8Array, DataFormat, string, number]>([
    ['a broken record', '{"text":"a"}\n\n{"text"', 'jsonl', 'data.bad-json', 3],
    ['a record that is a list', '["a"]', 'jsonl', 'data.bad-json', 1],
    ['a record that is null', 'null', 'jsonl', 'data.bad-json', 1],
    ['a record without the field', '{"text":"a"}\n{"txt":"a"}', 'jsonl', 'data.missing-field', 2],
    ['a field that is no text', '{"text":7}', 'jsonl', 'data.missing-field', 1],
    ['a missing question', '{"answer":"#### 1"}', 'gsm8k', 'data.missing-field', 1],
    ['a missing answer', '{"question":"q"}', 'gsm8k', 'data.missing-field', 1],
    ['no final answer', '{"question":"q","answer":"1"}', 'gsm8k', 'data.no-final-answer', 1],
    ['another encoding', Buffer.from('a\nb\xe9c', 'latin1'), 'text', 'data.not-utf8', 2],
  ])('names the line of %s', async (_, content, format, code, line) => {
    const problem = await refusalOf(() => passages(content, format));
    expect(problem).toMatchObject({ code, where: { file: path, line } });
    expect(problem.message).toContain(`${path}, line ${line}`);
  });

  it('advises the format gsm8k for its records', async () => {
    const problem = await refusalOf(() => passages(JSON.stringify(record), 'jsonl'));
    expect(problem.message).toContain('set data.format to gsm8k');
  });

  it('cuts plain text only where no token crosses', async () => {
    const line = fc.string({
      unit: fc.constantFrom('a', ' ', '\t', "'s", '1', '!', '\u00a0'),
      maxLength: 12,
    });
    const tokenizers = await Promise.all([
      openTokenizer('gpt2'),
      openTokenizer('bpe:400', { file: 'test/fixtures/data/bpe400.tokenizer.json' }),
    ]);
    const filler = `${'word '.repeat(20_000)}\n`; // longer than a passage
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), lines => {
        const content = lines.map(line => filler + line).join('\n');
        const parts = passages(content, 'text');
        expect(parts.map(({ text }) => text).join('')).toBe(content);
        expect(parts.reduce((sum, { examples }) => sum + examples, 0)).toBe(
          linesOf(content).length,
        );
        for (const tokenizer of tokenizers)
          expect(parts.flatMap(({ text }) => tokenizer.encode(text))).toEqual(
            tokenizer.encode(content),
          );
      }),
      { numRuns: 10 },
    );
  });
});

describe('readLines', () => {
  /** A disk that gives at most `most` bytes at a time. */
  const slow = (most: number): FileSystem => ({
    ...disk,
    read: (file, into, position) => disk.read(file, into.subarray(0, most), position),
  });

  it('gives all of the text, line by line, however the disk cuts it', () => {
    const content = fc.string({ unit: fc.constantFrom('\n', '\r', 'a', 'é', '🙂'), maxLength: 40 });
    fc.assert(
      fc.property(content, fc.integer({ min: 1, max: 9 }), (content, most) => {
        writeFileSync(path, content);
        const lines = [...readLines(slow(most), path)];
        expect(lines.map(({ text }) => text)).toEqual(linesOf(content));
        expect(lines.map(({ number }) => number)).toEqual(lines.map((_, i) => i + 1));
      }),
    );
  });

  it.each([
    ['a stray byte', [0x61, 0x0a, 0x62, 0xff, 0x63], 3],
    ['a sequence cut short by another', [0x61, 0xe2, 0x82, 0x61], 3],
    ['an overlong form', [0xc0, 0xaf], 0],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 2],
  ])('names the byte of %s', async (_, bytes, byte) => {
    writeFileSync(path, Uint8Array.from(bytes));
    const problem = await refusalOf(() => [...readLines(disk, path)]);
    expect(problem).toMatchObject({ code: 'data.not-utf8', where: { byte } });
  });

  it('closes the file when its reader stops early', () => {
    const closed: number[] = [];
    const fs: FileSystem = { ...disk, close: file => void closed.push(file) };
    writeFileSync(path, 'a\nb\n');
    for (const line of readLines(fs, path)) if (line.number === 1) break;
    closed.forEach(file => disk.close(file));
    expect(closed).toHaveLength(1);
  });

  it('says which file is missing', async () => {
    const problem = await refusalOf(() => [...readLines(disk, '/no/such/file')]);
    expect(problem).toMatchObject({ code: 'disk.missing', where: { file: '/no/such/file' } });
  });
});

it('readGsm8k gives the problems themselves', () => {
  writeFileSync(path, '{"question":"q","answer":"#### 1"}\n{"question":"r","answer":"#### 2"}\n');
  expect([...readGsm8k(disk, path)].map(({ question }) => question)).toEqual(['q', 'r']);
  expect([...readGsm8k(disk, path, [1, 2])]).toEqual([{ question: 'r', answer: '#### 2' }]);
});
