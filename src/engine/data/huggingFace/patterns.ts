/**
 * Patterns of a `tokenizer.json` as regular expressions of JavaScript, and the ways in which their
 * matches cut a text. The translation from Oniguruma's syntax is that of @huggingface/tokenizers.
 */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import type { JsonFields } from './jsonFields';
import { slice, type TrackedText } from './trackedText';

/** Longer ones are in no tokenizer, and a compiler may take long over them. */
const LONGEST_PATTERN = 10_000;

/** `{ Regex }` or `{ String }`, global. */
export function readPattern(fields: JsonFields, name: string): RegExp {
  const pattern = fields.optional(name) ?? fields.refuse(name, 'is no pattern');
  const text = pattern.optionalString('String');
  const source = text ?? pattern.string('Regex');
  if (source.length > LONGEST_PATTERN) fields.refuse(name, 'is too long a pattern');
  return text === undefined ? oniguruma(source, fields, name) : literal(text);
}

export const literal = (text: string): RegExp =>
  new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), 'gu');

export function oniguruma(source: string, fields: JsonFields, name: string): RegExp {
  try {
    const config = { type: 'Split', pattern: { Regex: source }, behavior: 'Isolated' } as const;
    const { pattern } = new SplitPreTokenizer({ ...config, invert: false });
    if (pattern !== null) return pattern;
  } catch {
    // told below, with its place
  }
  return fields.refuse(name, 'is no regular expression that can be used here');
}

export type Behavior =
  'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export interface Cut {
  readonly pattern: RegExp;
  readonly behavior: Behavior;
  /** What is between the matches counts as matched. */
  readonly invert?: boolean;
}

interface Stretch {
  readonly from: number;
  to: number;
  readonly isMatch: boolean;
}

/** `SplitDelimiterBehavior` of Hugging Face's tokenizers. */
export function cut(
  source: TrackedText,
  { pattern, behavior, invert = false }: Cut,
): TrackedText[] {
  const stretches: Stretch[] = [];
  let done = 0;
  const add = (to: number, isMatch: boolean) => {
    if (to > done) stretches.push({ from: done, to, isMatch: isMatch !== invert });
    done = to;
  };
  for (const { 0: match, index } of source.text.matchAll(pattern)) {
    add(index, false);
    add(index + match.length, true);
  }
  add(source.text.length, false);
  return join(stretches, behavior).map(({ from, to }) => slice(source, from, to));
}

function join(stretches: Stretch[], behavior: Behavior): Stretch[] {
  switch (behavior) {
    case 'Isolated':
      return stretches;
    case 'Removed':
      return stretches.filter(({ isMatch }) => !isMatch);
    case 'Contiguous':
      return merge(stretches, (next, last) => next.isMatch === last.isMatch);
    case 'MergedWithPrevious':
      return merge(stretches, (next, last) => next.isMatch && !last.isMatch);
    case 'MergedWithNext':
      return merge(stretches, (next, last) => last.isMatch && !next.isMatch);
  }
}

/** @param belongs whether a stretch goes on with the piece that `last` ends */
function merge(
  stretches: Stretch[],
  belongs: (next: Stretch, last: Stretch) => boolean,
): Stretch[] {
  const pieces: Stretch[] = [];
  stretches.forEach((next, i) => {
    const piece = pieces.at(-1);
    const last = stretches[i - 1];
    if (piece && last && belongs(next, last)) piece.to = next.to;
    else pieces.push({ ...next });
  });
  return pieces;
}
