/** Scores of rouge_score, sacreBLEU 2.6.0 and NLTK 3.8: `test/fixtures/metrics`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Triple = [precision: number, recall: number, fmeasure: number];
type RougeKind = 'rouge1' | 'rouge2' | 'rouge3' | 'rougeL' | 'rougeLsum';

export interface GoldenBleu {
  score: number;
  signature?: string;
  precisions: number[];
  bp: number;
  sys_len: number;
  ref_len: number;
}

export interface GoldenPair {
  target: string;
  prediction: string;
  rouge_nostem: Record<RougeKind, Triple>;
  rouge_stem: Record<RougeKind, Triple>;
  [bleu: `bleu_${string}_eff`]: GoldenBleu;
  bleu_13a_lc: number;
}

export interface GoldenCorpus {
  hyps: string[];
  refs: string[];
  refs2: string[];
  corpus: Record<string, GoldenBleu & { signature: string }>;
  rouge_mean_f: Record<'nostem' | 'stem', Record<RougeKind, number>>;
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(join('test/fixtures/metrics', name), 'utf8')) as T;

export const pairs = read<GoldenPair[]>('pairs.json');
export const corpus = read<GoldenCorpus>('corpus.json');
export const stems = read<Record<string, string>>('porter.json');
export const tokenized = read<{
  texts: string[];
  '13a': string[];
  intl: string[];
  char: string[];
  rouge: [text: string, words: string[], stems: string[]][];
}>('tokenizers.json');
