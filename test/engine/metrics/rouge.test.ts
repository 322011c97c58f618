/** ROUGE against the Python package rouge_score, to the last bits. */
import { describe, expect, it } from 'vitest';
import { porterStem } from '../../../src/engine/metrics/porterStemmer';
import {
  longestCommon,
  rouge,
  rougeN,
  rougeOfSeveral,
  rougeWords,
} from '../../../src/engine/metrics/rouge';
import { rougeLsum } from '../../../src/engine/metrics/rougeLsum';
import { below, randomStream } from '../../../src/engine/tensor/random';
import { rougeNames } from '../../../src/protocol/evaluation';
import { corpus, pairs, stems, tokenized } from './fixtures';

const kinds = [
  ['without stems', false, 'rouge_nostem', 'nostem'],
  ['with stems', true, 'rouge_stem', 'stem'],
] as const;

describe.each(kinds)('ROUGE %s', (_name, stem, golden, mean) => {
  it('equals rouge_score within 1e-12 on every pair', () => {
    let most = 0;
    for (const pair of pairs) {
      const { prediction, target } = pair;
      const words = [prediction, target].map(text => rougeWords(text, { stem }));
      const scores = {
        ...rouge(prediction, target, { stem }),
        rouge3: rougeN(words[0]!, words[1]!, 3),
        rougeLsum: rougeLsum(prediction, target, { stem }),
      };
      for (const [kind, { precision, recall, fmeasure }] of Object.entries(scores)) {
        const wanted = pair[golden][kind as keyof typeof scores];
        for (const [i, value] of [precision, recall, fmeasure].entries())
          most = Math.max(most, Math.abs(value - wanted[i]!));
      }
    }
    expect(pairs.length).toBe(90);
    expect(most).toBeLessThan(1e-12);
  });

  it('has the same mean F over the corpus', () => {
    for (const name of rougeNames) {
      const sum = corpus.hyps.reduce(
        (total, hyp, i) => total + rouge(hyp, corpus.refs[i]!, { stem })[name].fmeasure,
        0,
      );
      expect(sum / corpus.hyps.length).toBeCloseTo(corpus.rouge_mean_f[mean][name], 12);
    }
  });
});

describe('words', () => {
  it('are those of rouge_score, stems included', () => {
    for (const [text, words, stemmed] of tokenized.rouge) {
      expect(rougeWords(text)).toEqual(words);
      expect(rougeWords(text, { stem: true })).toEqual(stemmed);
    }
  });

  it('have the stems of NLTK', () => {
    const wrong = Object.entries(stems).filter(([word, stem]) => porterStem(word) !== stem);
    expect(wrong).toEqual([]);
    expect(Object.keys(stems).length).toBe(762);
  });

  it('of Vietnamese fall apart as in rouge_score, and stay whole where Unicode is asked for', () => {
    expect(rougeWords('Đáp số: 72 cái')).toEqual(['p', 's', '72', 'c', 'i']);
    expect(rougeWords('Đáp số: 72 cái', { words: 'unicode' })).toEqual(['đáp', 'số', '72', 'cái']);
  });

  it('of Unicode are the same composed and decomposed', () => {
    const composed = 'số trứng';
    expect(rouge(composed.normalize('NFD'), composed, { words: 'unicode' }).rouge1.fmeasure).toBe(
      1,
    );
    expect(rouge(composed.normalize('NFD'), composed).rouge1.fmeasure).toBeLessThan(1);
  });
});

describe('several targets', () => {
  it('count by the best of them', () => {
    const scores = rougeOfSeveral('a b c', ['x y z', 'a b c', 'a b']);
    expect(scores.rouge2.fmeasure).toBe(1);
  });
});

describe('the longest common subsequence', () => {
  it('has the length of the quadratic table, over 32 words and more', () => {
    const next = randomStream(1, 'data');
    for (let round = 0; round < 200; round++) {
      const text = () => Array.from({ length: below(next, 90) }, () => `${below(next, 6)}`);
      const [a, b] = [text(), text()];
      expect(longestCommon(a, b)).toBe(tableLength(a, b));
    }
  });
});

function tableLength(a: string[], b: string[]): number {
  const table = a.map(() => b.map(() => 0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (const [i, x] of a.entries())
    for (const [j, y] of b.entries())
      table[i]![j] = x === y ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
  return at(a.length - 1, b.length - 1);
}
