import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDemoProblems, writeDemo } from '../../../src/engine/data/demoProblems';
import { readGsm8k } from '../../../src/engine/data/examples';
import { finalAnswer, formatGsm8k, gsm8kPrompt } from '../../../src/engine/data/gsm8k';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { disk } from '../../../src/engine/files/fileSystem';
import { scratchFolder } from '../../durability/scratchFolder';

const problems = makeDemoProblems(1, 2000);
const questions = (of: Iterable<{ question: string }>) =>
  Array.from(of, ({ question }) => question);

/** The numbers of a calculator note and what it should come to. */
function check([, a, operator, b, result]: RegExpMatchArray) {
  const [x, y] = [Number(a), Number(b)];
  const expected = { '+': x + y, '-': x - y, '*': x * y, '/': x / y }[operator ?? ''];
  return { operands: [x, y], result: Number(result), expected };
}

describe('makeDemoProblems', () => {
  it('gives the same problems for the same seed, others for another', () => {
    expect(makeDemoProblems(1, 2000)).toEqual(problems);
    expect(makeDemoProblems(1, 10)).toEqual(problems.slice(0, 10));
    expect(makeDemoProblems(2, 10)).not.toEqual(problems.slice(0, 10));
  });

  it('calculates right, in every note, with numbers at hand', () => {
    for (const { question, answer } of problems) {
      const known = new Set((question.match(/\d+/g) ?? []).map(Number));
      const notes = [...answer.matchAll(/(\d+)([-+*/])(\d+) = <<\1\2\3=(\d+)>>\4(?!\d)/g)].map(
        check,
      );
      expect(notes.length).toBeGreaterThanOrEqual(1);
      expect(notes.length).toBe(answer.split('<<').length - 1);
      for (const { operands, result, expected } of notes) {
        expect(result).toBe(expected);
        for (const operand of operands) expect(known).toContain(operand);
        known.add(result);
      }
      expect(finalAnswer(answer)).toBe(String(notes.at(-1)?.result));
    }
  });

  it('stays small: at most 35 words, whole numbers from 2 to 108', () => {
    for (const { question, answer } of problems) {
      expect(question.split(' ').length).toBeLessThanOrEqual(35);
      for (const number of (`${question} ${answer}`.match(/\d+/g) ?? []).map(Number)) {
        expect(number).toBeGreaterThanOrEqual(2);
        expect(number).toBeLessThanOrEqual(108);
      }
    }
  });

  it('never asks the same question twice', () => {
    const many = questions(makeDemoProblems(3, 20_000));
    expect(new Set(many).size).toBe(many.length);
  });

  it.each(['gpt2', 'bpe:400', 'bytes'])(
    'has a prompt whose %s ids begin the example',
    async name => {
      const file = 'test/fixtures/data/bpe400.tokenizer.json';
      const tokenizer = await openTokenizer(name, { file });
      for (const problem of problems.slice(0, 100)) {
        const prompt = tokenizer.encode(gsm8kPrompt(problem.question));
        const example = tokenizer.encode(formatGsm8k(problem));
        expect(example.slice(0, prompt.length)).toEqual(prompt);
      }
    },
  );

  it('refuses more problems than there are', () => {
    expect(() => makeDemoProblems(1, 100_001)).toThrow(RangeError);
  });
});

describe('writeDemo', () => {
  it('writes GSM8K files without a common question, the same for the same seed', () => {
    const folder = scratchFolder();
    const sizes = { seed: 5, train: 300, validation: 50 };
    writeDemo(disk, folder, sizes);
    const [train, validation] = ['train.jsonl', 'validation.jsonl'].map(name => join(folder, name));
    const asked = questions(readGsm8k(disk, train!));
    const heldOut = questions(readGsm8k(disk, validation!));
    expect([asked.length, heldOut.length]).toEqual([300, 50]);
    expect(heldOut.filter(question => asked.includes(question))).toEqual([]);

    const first = readFileSync(train!);
    writeDemo(disk, folder, sizes);
    expect(readFileSync(train!)).toEqual(first);
  });
});
