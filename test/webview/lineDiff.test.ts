import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../webview/evaluation/lineDiff';

/** Lines of one side: "=" the same in both, "!" only here. */
const drawn = (lines: ReturnType<typeof lineDiff>['left']): string =>
  lines.map(({ text, isSame }) => `${isSame ? '=' : '!'}${text}`).join(' ');

describe('two texts line by line', () => {
  it.each([
    ['the same', 'a\nb', 'a\nb', '=a =b', '=a =b'],
    ['one line changed', 'a\nb\nc', 'a\nx\nc', '=a !b =c', '=a !x =c'],
    ['a line more', 'a\nc', 'a\nb\nc', '=a =c', '=a !b =c'],
    ['a line less', 'a\nb\nc', 'a\nc', '=a !b =c', '=a =c'],
    ['nothing in common', 'a\nb', 'x\ny', '!a !b', '!x !y'],
    ['nothing written', 'a', '', '!a', ''],
    ['both empty', '', '', '', ''],
    ['lines that moved', 'a\nb\nc', 'b\nc\na', '!a =b =c', '=b =c !a'],
    ['the same line again', 'a\na\nb', 'a\nb', '=a !a =b', '=a =b'],
    ['other ends of lines', 'a\r\nb  \n\n', '\na\nb', '=a =b', '=a =b'],
  ])('%s', (_, left, right, drawnLeft, drawnRight) => {
    const diff = lineDiff(left, right);
    expect(drawn(diff.left)).toBe(drawnLeft);
    expect(drawn(diff.right)).toBe(drawnRight);
  });

  it('numbers the lines of each side', () => {
    expect(lineDiff('a\nb\nc', 'c').left.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('holds very long texts against each other from both ends', () => {
    const middle = (word: string) => Array.from({ length: 5000 }, (_, i) => `${word} ${i}`);
    const text = (word: string) => ['first', ...middle(word), 'last'].join('\n');
    const { left } = lineDiff(text('here'), text('there'));
    expect(left.filter(({ isSame }) => isSame).map(line => line.text)).toEqual(['first', 'last']);
  });
});
