/** Arithmetic in text: what it computes, what it refuses, and GSM8K's notes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compute, numberText } from '../../../src/engine/metrics/arithmetic';
import { checkArithmetic } from '../../../src/engine/metrics/arithmeticNotes';
import { itWithData } from '../data/publicData';

describe('an expression', () => {
  it.each([
    ['48/2', 24],
    ['1+2*3', 7],
    ['(1+2)*3', 9],
    ['2^3^2', 512],
    ['2**10', 1024],
    ['-3+5', 2],
    ['2*-3', -6],
    ['-2^2', -4],
    ['1,000*2', 2000],
    ['20%', 0.2],
    ['50*20%', 10],
    ['.5*4', 2],
    ['$3.50 × 2', 7],
    ['6 x 7', 42],
    ['7 ÷ 2', 3.5],
    ['180//7', 25],
    ['10 − 4', 6],
  ])('%s is %d', (text, value) => expect(compute(text)).toEqual({ value }));

  it.each([
    ['', 'ends too early'],
    ['1/0', 'divides by zero'],
    ['(1', 'not closed'],
    ['1)', 'cannot stand'],
    ['x+1', 'is no number'],
    ['process.exit(1)', 'is no number'],
    ['1;2', 'cannot stand'],
    ['9^9^9', 'not a finite'],
    ['('.repeat(5000), 'longer than'],
    ['('.repeat(900), 'nests more'],
    ['-'.repeat(900), 'nests more'],
  ])('%j is refused', (text, why) => {
    expect(compute(text)).toEqual({ problem: expect.stringContaining(why) as string });
  });

  it.each([
    [0.1 + 0.2, '0.3'],
    [1 / 3, '0.333333333333'],
    [1200000, '1200000'],
    [1e-9, '0.000000001'],
    [-5, '-5'],
  ])('has its result written as a person would', (value, text) =>
    expect(numberText(value)).toBe(text),
  );
});

describe('notes', () => {
  const told = (text: string) =>
    checkArithmetic(text).map(({ note, problem, expected, followsError }) => [
      note,
      problem,
      expected,
      followsError,
    ]);

  it('tell the error from what follows from it', () => {
    expect(told('<<14*12=168>>168 - 96 = <<168-96=82>>82, half <<82/2=41>>41')).toEqual([
      ['14*12=168', null, null, false],
      ['168-96=82', 'wrong', '72', false],
      ['82/2=41', null, null, true],
    ]);
  });

  it('may be rounded to the decimals they are written with, but not to whole numbers', () => {
    expect(told('<<10/3=3.33>> <<10/3=3.34>> <<10/3=3>>').map(([, problem]) => problem)).toEqual([
      null,
      'wrong',
      'wrong',
    ]);
  });

  it('may be chains, of which the last step counts', () => {
    expect(told('<<3+4=7=7>>')).toEqual([['3+4=7=7', null, null, false]]);
  });

  it.each(['<<x=5>>', '<<5>>', '<<=5>>', '<<5=>>', '<<1+=2>>'])('%s cannot be read', text => {
    expect(told(text)[0]?.[1]).toBe('unreadable');
  });

  it('say where they stand', () => {
    const text = 'so <<1+1=2>>2';
    const places = checkArithmetic(text).map(({ start, end }) => text.slice(start, end));
    expect(places).toEqual(['<<1+1=2>>']);
  });

  itWithData('gsm8k/test.jsonl', 'of GSM8K itself all hold', path => {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const checks = lines.flatMap(line =>
      checkArithmetic((JSON.parse(line) as { answer: string }).answer),
    );
    expect(checks.length).toBeGreaterThan(4000);
    expect(checks.filter(({ problem }) => problem !== null)).toEqual([]);
  });
});
