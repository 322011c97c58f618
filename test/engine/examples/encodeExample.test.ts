/** Marks of texts as marks of tokens. */
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../../../src/engine/data/byteTokenizer';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { encodeExample } from '../../../src/engine/examples/encodeExample';

describe('encodeExample', () => {
  it('marks the tokens of what is trained, and the end', () => {
    const example = { text: 'ab:cd', trained: [[3, 5]], end: 'trained' } as const;
    const { ids, trained } = encodeExample(byteTokenizer, example, false);
    expect(ids).toEqual([97, 98, 58, 99, 100, byteTokenizer.endOfText]);
    expect(trained).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('marks every byte of a character that is trained', () => {
    const example = { text: 'aờb', trained: [[1, 2]], end: 'none' } as const;
    expect(encodeExample(byteTokenizer, example, false).trained).toEqual([0, 1, 1, 1, 0]);
  });

  it('leaves out a token that began before what is trained', async () => {
    const gpt2 = await openTokenizer('gpt2');
    const text = 'Answer: 42';
    const { ids, trained } = encodeExample(gpt2, { text, trained: [[8, 10]], end: 'none' }, false);
    expect(ids.map(id => gpt2.tokenText(id))).toEqual(['Answer', ':', ' 42']);
    expect(trained).toEqual([0, 0, 0]);
  });

  it('marks several parts', () => {
    const example = { text: 'a1b2', trained: [[1, 2], [3, 4]], end: 'masked' } as const; // prettier-ignore
    expect(encodeExample(byteTokenizer, example, false).trained).toEqual([0, 1, 0, 1, 0]);
  });
});
