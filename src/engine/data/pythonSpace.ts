/**
 * What Python's `str.strip`, `str.rstrip` and `str.split` count as space: JavaScript has another
 * opinion on six characters. Pure.
 */

const SPACES =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[${SPACES}]`);
const WORD = new RegExp(`[^${SPACES}]+`, 'g');

/** Python's `str.strip()`. */
export function strip(text: string): string {
  let start = 0;
  const ended = rstrip(text);
  while (start < ended.length && SPACE.test(ended.charAt(start))) start++;
  return ended.slice(start);
}

/** Python's `str.rstrip()`. */
export function rstrip(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Python's `str.split()`: the words between spaces. */
export const pythonWords = (text: string): string[] => text.match(WORD) ?? [];
