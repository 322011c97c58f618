/**
 * ROUGE-L of a text of several lines (Lin 2004, section 3.2), as rouge_score's `rougeLsum`: for each
 * line of the target, the words that any line of the prediction shares with it in order. Pure.
 */
import type { PrecisionRecall } from '../../protocol/evaluation';
import { type RougeOptions, rougeWords } from './rouge';

export function rougeLsum(
  prediction: string,
  target: string,
  options: RougeOptions = {},
): PrecisionRecall {
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter(line => line !== '')
      .map(line => rougeWords(line, options));
  const [predicted, wanted] = [linesOf(prediction), linesOf(target)];
  const left = { predicted: counts(predicted.flat()), wanted: counts(wanted.flat()) };
  let hits = 0;
  for (const line of wanted)
    for (const word of unionOfCommon(line, predicted)) {
      const [p, w] = [left.predicted.get(word) ?? 0, left.wanted.get(word) ?? 0];
      if (p === 0 || w === 0) continue;
      hits++;
      left.predicted.set(word, p - 1);
      left.wanted.set(word, w - 1);
    }
  const precision = hits / Math.max(1, predicted.flat().length);
  const recall = hits / Math.max(1, wanted.flat().length);
  const fmeasure = hits > 0 ? (2 * precision * recall) / (precision + recall) : 0;
  return { precision, recall, fmeasure };
}

function counts(words: readonly string[]): Map<string, number> {
  const result = new Map<string, number>();
  for (const word of words) result.set(word, (result.get(word) ?? 0) + 1);
  return result;
}

/** Words of `line` that are in its longest common subsequence with any of `others`. */
function unionOfCommon(line: readonly string[], others: readonly (readonly string[])[]): string[] {
  const positions = new Set(others.flatMap(other => commonPositions(line, other)));
  return line.filter((_, i) => positions.has(i));
}

/** Which of several longest ones is taken matters: the one that rouge_score walks back to. */
function commonPositions(line: readonly string[], other: readonly string[]): number[] {
  const width = other.length + 1;
  const table = new Uint32Array((line.length + 1) * width);
  for (let i = 1; i <= line.length; i++)
    for (let j = 1; j < width; j++)
      table[i * width + j] =
        line[i - 1] === other[j - 1]
          ? table[(i - 1) * width + j - 1]! + 1
          : Math.max(table[(i - 1) * width + j]!, table[i * width + j - 1]!);
  const positions: number[] = [];
  for (let [i, j] = [line.length, other.length]; i > 0 && j > 0;) {
    if (line[i - 1] === other[j - 1]) {
      positions.push(i - 1);
      i--;
      j--;
    } else if (table[i * width + j - 1]! > table[(i - 1) * width + j]!) j--;
    else i--;
  }
  return positions;
}
