/** Final answers by GSM8K's two rules and by markers, and whether a model ran on after them. */
import { describe, expect, it } from 'vitest';
import {
  extractAnswers,
  flexibleAnswer,
  ranOn,
  referenceAnswer,
  sameAnswer,
  splitAtMarker,
  strictAnswer,
} from '../../../src/engine/metrics/extractAnswer';

describe('GSM8K extraction', () => {
  // [text, strict, flexible], by the expressions of lm-evaluation-harness
  it.each<[string, string | null, string | null]>([
    ['She makes 9 * 2 = $<<9*2=18>>18.\n#### 18', '18', '18'],
    ['#### 1,234', '1,234', '1,234'],
    ['#### -5', '-5', '-5'],
    ['#### 5\n#### 6', '5', '6'],
    ['####72', null, '72'],
    ['The answer is 72.', null, '72.'],
    ['It costs $1,200.50', null, '$1,200.50'],
    ['### 72', null, '72'],
    ['no number here', null, null],
    ['', null, null],
    ['#### 12\nQuestion: how many are 99?', '12', '12'],
    ['#### 12</s>13', '12', '12'],
    ['8 eggs', null, '8'],
  ])('of %j', (text, strict, flexible) => {
    expect(strictAnswer(text)).toBe(strict);
    expect(flexibleAnswer(text)).toBe(flexible);
  });

  it('judges both rules side by side', () => {
    const { exact, strict, flexible } = extractAnswers('#### 56.\nso 57', '57', 'gsm8k');
    expect(strict).toEqual({ answer: '56.', isRight: false });
    expect(flexible).toEqual({ answer: '57', isRight: true });
    expect(exact).toBe(strict);
  });

  it.each([
    ['1,000', '1000'],
    ['$18', '18'],
    ['72.', '72'],
    ['abc #### 9', '9'],
  ])('takes %j for %j', (a, b) => expect(sameAnswer(a, b)).toBe(true));

  it('never takes a missing answer for right', () => {
    expect(sameAnswer(null, null)).toBe(false);
  });
});

describe('markers', () => {
  it.each([
    ['Ta có 48 + 24 = 72.\n### 72', 'Ta có 48 + 24 = 72.', '72'],
    ['a\n#### 72', 'a', '72'],
    ['a ### 72\nand on', 'a', '72'],
    ['a', 'a', null],
    ['a ###', 'a', null],
  ])('part %j', (text, reasoning, answer) => {
    expect(splitAtMarker(text)).toEqual({ reasoning, answer });
  });
});

describe('a reference', () => {
  it.each([
    ['… so 1,234\n#### 1,234', 'gsm8k', '1234'],
    ['… \n#### 7 apples', 'gsm8k', '7'],
    ['no mark', 'gsm8k', null],
    ['x\n### 72', 'marker', '72'],
    [' whole text ', 'text', 'whole text'],
  ] as const)('%j by %s', (text, extract, answer) => {
    expect(referenceAnswer(text, extract)).toBe(answer);
  });
});

describe('running on', () => {
  it.each([
    ['…\n#### 18', false],
    ['…\n#### 18\n', false],
    ['…\n#### 18\n\n### Final Answer:\n18', false],
    ['…\n#### 18\n\n### Final Answer:\n18\n\n### Question:\nAnd', true],
    ['…\n#### 18\nBut then', true],
    ['no answer at all', false],
  ])('after %j: %s', (text, expected) => expect(ranOn(text, 'gsm8k')).toBe(expected));

  it('after a marker', () => {
    expect(ranOn('a\n### 72', 'marker')).toBe(false);
    expect(ranOn('a\n### 72\nHuman: next', 'marker')).toBe(true);
  });
});
