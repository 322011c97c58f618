/**
 * Two texts line by line, side by side: which lines are the same and which are only here or there.
 * Source: Myers, "An O(ND) Difference Algorithm", 1986, here by its table of longest common
 * subsequences, because the texts are answers of some lines.
 */

export interface DiffLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly isSame: boolean;
}

export interface LineDiff {
  readonly left: readonly DiffLine[];
  readonly right: readonly DiffLine[];
}

/** Longer texts are only held against each other from both ends. */
const MOST_LINES = 400;

/** Ends of lines and spaces at them are no difference. */
const linesOf = (text: string): string[] => {
  const lines = text.split(/\r?\n/).map(line => line.trimEnd());
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  while (lines.length > 0 && lines[0] === '') lines.shift();
  return lines;
};

export function lineDiff(left: string, right: string): LineDiff {
  const a = linesOf(left);
  const b = linesOf(right);
  const same = sameLines(a, b);
  const drawn = (lines: readonly string[], kept: ReadonlySet<number>): DiffLine[] =>
    lines.map((text, i) => ({ number: i + 1, text, isSame: kept.has(i) }));
  return {
    left: drawn(a, new Set(same.map(([i]) => i))),
    right: drawn(b, new Set(same.map(([, j]) => j))),
  };
}

/** Pairs of lines that stand for each other, in order. */
function sameLines(a: readonly string[], b: readonly string[]): [number, number][] {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const between = commonLines(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [
    ...Array.from({ length: head }, (_, i): [number, number] => [i, i]),
    ...between.map(([i, j]): [number, number] => [i + head, j + head]),
    ...Array.from({ length: tail }, (_, i): [number, number] => [
      a.length - tail + i,
      b.length - tail + i,
    ]),
  ];
}

function commonLines(a: readonly string[], b: readonly string[]): [number, number][] {
  if (a.length > MOST_LINES || b.length > MOST_LINES) return [];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}
