/**
 * Tokens that are written in a text as they are (`<|im_start|>`): finding them before anything else
 * is done to the text. The rules of Hugging Face's `AddedVocabulary`.
 */
import type { JsonFields } from './jsonFields';
import { isId } from './vocabulary';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Looked for after normalization. */
  readonly normalized: boolean;
  /** Not inside a word. */
  readonly singleWord: boolean;
  /** Takes the white space before, or after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

export interface Found {
  readonly from: number;
  readonly to: number;
  readonly id: number;
}

const LONGEST_TOKEN = 1000;

export function readAddedToken(fields: JsonFields, id: unknown = fields.raw('id')): AddedToken {
  if (!isId(id)) return fields.refuse('id', 'is no whole number in range');
  const content = fields.string('content');
  if (content === '' || content.length > LONGEST_TOKEN)
    return fields.refuse('content', 'is empty or too long');
  const special = fields.boolean('special', false);
  return {
    id,
    content,
    special,
    normalized: fields.boolean('normalized', !special),
    singleWord: fields.boolean('single_word', false),
    lstrip: fields.boolean('lstrip', false),
    rstrip: fields.boolean('rstrip', false),
  };
}

export type FindTokens = (text: string) => Found[];

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
const SPACE = /\p{White_Space}/u;

/**
 * The leftmost token at each place, the longest of several, none inside another.
 * @param contents what to look for instead of a token's `content`
 */
export function finderOf(
  tokens: readonly AddedToken[],
  contents = (token: AddedToken) => token.content,
): FindTokens {
  const byFirst = new Map<string, { text: string; token: AddedToken }[]>();
  for (const token of tokens) {
    const text = contents(token);
    const first = text[0];
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), { text, token }]);
  }
  for (const same of byFirst.values()) same.sort((a, b) => b.text.length - a.text.length);
  if (byFirst.size === 0) return () => [];
  const candidates = new RegExp(`[${[...byFirst.keys()].map(escape).join('')}]`, 'g');

  return text => {
    const found: Found[] = [];
    let done = 0;
    candidates.lastIndex = 0;
    for (let at = candidates.exec(text); at !== null; at = candidates.exec(text)) {
      const start = at.index;
      const hit = byFirst.get(at[0])?.find(({ text: wanted }) => text.startsWith(wanted, start));
      if (!hit) continue;
      const end = start + hit.text.length;
      candidates.lastIndex = end;
      if (hit.token.singleWord && !standsAlone(text, start, end)) continue;
      const [from, to] = widened(text, hit.token, [start, end], done);
      found.push({ from, to, id: hit.token.id });
      done = to;
      candidates.lastIndex = Math.max(end, to);
    }
    return found;
  };
}

const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const standsAlone = (text: string, start: number, end: number): boolean =>
  !WORD.test(text[start - 1] ?? '') && !WORD.test(text[end] ?? '');

function widened(
  text: string,
  { lstrip, rstrip }: AddedToken,
  [start, end]: [number, number],
  least: number,
): [number, number] {
  let from = start;
  let to = end;
  while (lstrip && from > least && SPACE.test(text[from - 1]!)) from--;
  while (rstrip && to < text.length && SPACE.test(text[to]!)) to++;
  return [from, to];
}
