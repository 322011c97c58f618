/** BLEU against sacreBLEU 2.6.0: scores, tokenizers, signatures. */
import { describe, expect, it } from 'vitest';
import {
  bleuCounts,
  type BleuOptions,
  corpusBleu,
  notebookBleuNotes,
  sentenceBleu,
  transposedBleu,
} from '../../../src/engine/metrics/bleu';
import { tokenizeForBleu } from '../../../src/engine/metrics/bleuTokenizers';
import type { BleuResult } from '../../../src/protocol/evaluation';
import { corpus, type GoldenBleu, pairs, tokenized } from './fixtures';

const near = (ours: BleuResult, golden: GoldenBleu): void => {
  expect(Math.abs(ours.score - golden.score)).toBeLessThan(1e-9);
  expect(Math.abs(ours.brevityPenalty - golden.bp)).toBeLessThan(1e-12);
  expect([ours.outputLength, ours.referenceLength]).toEqual([golden.sys_len, golden.ref_len]);
  for (const [i, precision] of ours.precisions.entries())
    expect(Math.abs(precision - golden.precisions[i]!)).toBeLessThan(1e-9);
};

const corpusKinds: [name: string, options: BleuOptions][] = [
  ['bleu', {}],
  ['bleu_intl', { tokenize: 'intl' }],
  ['bleu_char', { tokenize: 'char' }],
  ['bleu_none', { tokenize: 'none' }],
  ['bleu_lc', { lowercase: true }],
  ['bleu_floor', { smooth: 'floor' }],
  ['bleu_addk', { smooth: 'add-k' }],
];

describe('corpus BLEU', () => {
  const { hyps, refs, refs2 } = corpus;
  it.each(corpusKinds)('%s equals sacreBLEU with one and two references', (name, options) => {
    const one = corpusBleu(hyps, refs.map(ref => [ref]), options); // prettier-ignore
    const two = corpusBleu(hyps, refs.map((ref, i) => [ref, refs2[i]!]), options); // prettier-ignore
    for (const [ours, key] of [
      [one, '1ref'],
      [two, '2ref'],
    ] as const) {
      // prettier-ignore
      const golden = corpus.corpus[`${name}_${key}`]!;
      near(ours, golden);
      expect(ours.signature).toBe(golden.signature);
    }
  });

  it('covers every golden variant', () => {
    expect(Object.keys(corpus.corpus).length).toBe(2 * corpusKinds.length);
  });

  it('says that references are of different number', () => {
    expect(corpusBleu(['a', 'b'], [['a'], ['b', 'c']]).signature).toMatch(/^nrefs:var\|/);
  });

  it('is 0 without outputs that share a word', () => {
    expect(corpusBleu(['', 'a'], [['b'], ['c']]).score).toBe(0);
  });

  it('scores only the first output when references are transposed, as the notebook did', () => {
    const outputs = ['a b c d e', 'completely wrong'];
    const references = ['a b c d e', 'f g h i j'];
    expect(corpusBleu(outputs, references.map(r => [r])).score).toBeLessThan(90); // prettier-ignore
    const { score, signature } = transposedBleu(outputs, references);
    expect(score).toBeCloseTo(100, 9);
    expect(signature).toMatch(/^nrefs:2\|/);
  });

  it('holds what the notebook does to be what sacreBLEU does with one output and many references', () => {
    const [first] = hyps;
    const { score } = transposedBleu(hyps, refs);
    expect(score).toBe(corpusBleu([first!], [refs]).score);
    const right = corpusBleu(hyps, refs.map(ref => [ref])).score; // prettier-ignore
    const [note] = notebookBleuNotes(right, { outputs: hyps, references: refs });
    expect(note).toContain(`BLEU of all ${hyps.length} outputs is ${right.toFixed(2)}.`);
    expect(note).toContain(`As the notebook computed it, it is ${score.toFixed(2)} (nrefs:${refs.length}|`); // prettier-ignore
  });

  it('has nothing to say of the notebook where there is one output alone', () => {
    const { score } = corpusBleu(['a b c d e'], [['a b c d f']]);
    expect(notebookBleuNotes(score, { outputs: ['a b c d e'], references: ['a b c d f'] })).toEqual([]); // prettier-ignore
  });

  it('counts an n-gram as often as the reference that has it most', () => {
    const { correct } = bleuCounts('a a a b', ['a b a', 'a a c', 'b']);
    expect(correct).toEqual([3, 2, 0, 0]);
  });
});

const sentenceKinds: [name: `bleu_${string}_eff`, options: BleuOptions][] = [
  ['bleu_13a_exp_eff', {}],
  ['bleu_13a_floor_eff', { smooth: 'floor' }],
  ['bleu_13a_add-k_eff', { smooth: 'add-k' }],
  ['bleu_13a_none_eff', { smooth: 'none' }],
  ['bleu_intl_exp_eff', { tokenize: 'intl' }],
  ['bleu_char_exp_eff', { tokenize: 'char' }],
  ['bleu_none_exp_eff', { tokenize: 'none' }],
];

describe('sentence BLEU', () => {
  it.each(sentenceKinds)('%s equals sacreBLEU on every pair', (name, options) => {
    for (const pair of pairs)
      near(sentenceBleu(pair.prediction, [pair.target], options), pair[name]!);
  });

  it('ignores case where asked, as sacreBLEU', () => {
    for (const pair of pairs) {
      const { score } = sentenceBleu(pair.prediction, [pair.target], { lowercase: true });
      expect(Math.abs(score - pair.bleu_13a_lc)).toBeLessThan(1e-9);
    }
  });
});

describe('tokenizers', () => {
  it.each(['13a', 'intl', 'char'] as const)('%s parts lines as sacreBLEU', name => {
    for (const [i, text] of tokenized.texts.entries())
      expect(tokenizeForBleu[name](text)).toBe(tokenized[name][i]);
  });
});

describe('counts', () => {
  it('take the closest reference length, of two the shorter', () => {
    expect(bleuCounts('a b c', ['a b', 'a b c d']).referenceLength).toBe(2);
  });
});
