import { describe, expect, it } from 'vitest';
import { finalAnswer, formatGsm8k, gsm8kPrompt } from '../../../src/engine/data/gsm8k';
import { strip } from '../../../src/engine/data/pythonSpace';

describe('formatGsm8k', () => {
  it('writes question, answer and final answer under their headings', () => {
    const question = ' How many?\n';
    const answer = '\n2*3 = <<2*3=6>>6 pens.\n#### 6 ';
    expect(formatGsm8k({ question, answer })).toBe(
      '### Question:\nHow many?\n\n### Answer:\n2*3 = <<2*3=6>>6 pens.\n#### 6\n\n### Final Answer:\n6',
    );
  });

  it('takes what follows the last ####', () => {
    expect(formatGsm8k({ question: 'q', answer: '#### 1\n#### 2\n' })).toMatch(/:\n2$/);
  });

  it('begins with the prompt', () => {
    const problem = { question: ' q ', answer: 'a #### 1' };
    expect(formatGsm8k(problem).startsWith(gsm8kPrompt(problem.question))).toBe(true);
  });
});

describe('finalAnswer', () => {
  it.each([
    ['a record', '2+3 = <<2+3=5>>5\n#### 5', '5'],
    ['an answer with its final section', '#### 72\n\n### Final Answer:\n72', '72'],
    ['the last of several', '#### 1\n#### 2', '2'],
    ['thousands separators and a dollar sign', '#### $1,234', '1234'],
    ['a full stop', '#### 12.', '12'],
    ['a decimal', '#### 0.5', '0.5'],
    ['a negative number', '#### -3', '-3'],
    ['an answer that goes on with the next question', '#### 5\n### Question:\nq\n#### 6', '5'],
    ['an answer that goes on after the end of text', '#### 5<|endoftext|>#### 6', '5'],
    ['no mark', 'I do not know 5', undefined],
    ['a mark only after the answer', 'no\n\n### Final Answer:\n#### 5', undefined],
    ['nothing after the mark', '#### ', undefined],
  ])('of %s', (_, text, final) => {
    expect(finalAnswer(text)).toBe(final);
  });
});

describe('strip', () => {
  it.each([
    ['space, tab, line ends', ' \t\r\n\v\fa b\n ', 'a b'],
    ["Python's separators", '\x1c\x1d\x1e\x1f\x85a\x85', 'a'],
    ['spaces of Unicode', '\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000a', 'a'],
    ['but no byte order mark', '\ufeffa\ufeff', '\ufeffa\ufeff'],
    ['and no zero-width space', '\u200ba', '\u200ba'],
    ['all of it', ' \n ', ''],
  ])('takes away %s', (_, text, stripped) => {
    expect(strip(text)).toBe(stripped); // expected values from CPython 3.11
  });
});
