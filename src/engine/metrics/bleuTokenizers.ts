/**
 * How sacreBLEU parts a line into words, by the names in its signatures. The expressions are those of
 * mteval-v13a and mteval-v14. Pure.
 */
import type { bleuTokenizers } from '../../protocol/evaluation';
import { pythonWords } from '../data/pythonSpace';

export type BleuTokenizer = (typeof bleuTokenizers)[number];

/** A line as words with single spaces between them (`char`: between all characters). */
export const tokenizeForBleu: Readonly<Record<BleuTokenizer, (line: string) => string>> = {
  '13a': line => pythonWords(western(` ${plain(line)} `)).join(' '),
  intl: line => pythonWords(international(line)).join(' '),
  char: line => Array.from(line).join(' '),
  none: line => line,
};

function plain(line: string): string {
  const joined = line.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  if (!joined.includes('&')) return joined;
  return joined
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

const western = (line: string): string =>
  line
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');

const international = (line: string): string =>
  line
    .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
    .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
    .replace(/(\p{S})/gu, ' $1 ');
