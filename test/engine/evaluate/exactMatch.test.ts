/** What counts as the right answer. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/engine/evaluate/exactMatch';

const problem = { question: 'How many?', answer: 'There are 3*4 = <<3*4=12>>12.\n#### 12' };

describe('judge', () => {
  it.each([
    ['There are 12.\n#### 12\n\n### Final Answer:\n12', '12', true],
    ['There are 13.\n#### 13', '13', false],
    ['There are 12.', undefined, false],
    ['', undefined, false],
  ])('%j', (text, answer, isRight) => {
    expect(judge(problem, text)).toMatchObject({ answer, isRight, expected: '12' });
  });
});
