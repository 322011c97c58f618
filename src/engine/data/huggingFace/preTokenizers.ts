/**
 * The pre-tokenizers of a `tokenizer.json`: how a normalized text is cut into pieces that no token
 * crosses. Whether a piece's letters or its bytes are looked up is told, not done.
 */
import type { JsonFields } from './jsonFields';
import { toMetaspace } from './normalizers';
import { type Behavior, type Cut, cut, literal, oniguruma, readPattern } from './patterns';
import { rewrite, slice, type TrackedText } from './trackedText';

export type Cutter = (text: TrackedText) => TrackedText[];

export interface PreTokenizer {
  readonly cutters: Cutter[];
  /** Tokens are written in GPT-2's letters for bytes. */
  readonly isByteLevel: boolean;
}

const MOST_STEPS = 32;
const GPT2_PIECES = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const PUNCTUATION = /\p{P}|[!-/:-@[-`{-~]/gu;
/** `\w+|[^\w\s]+` as Rust's regular expressions have it. */
const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d\p{White_Space}]+/gu;
const SPACE = /\p{White_Space}/gu;

/**
 * @param prefixesSpace what the tokenizer's class says of `add_prefix_space`, against the file
 * @throws `tokenizer.unsupported`, `tokenizer.bad-form`
 */
export function readPreTokenizer(
  fields: JsonFields | undefined,
  prefixesSpace?: boolean,
): PreTokenizer {
  const steps = fields ? flatten(fields) : [];
  if (steps.length > MOST_STEPS) fields?.refuse('pretokenizers', 'has too many steps');
  const first = steps.findIndex(step => step.string('type') === 'ByteLevel');
  if (first >= 0 && first < steps.length - 1)
    steps[first + 1]?.unsupported('a pre-tokenizer after ByteLevel');
  const cutters = steps.flatMap(step =>
    step === fields && first === 0 ? byteLevel(step, prefixesSpace) : cuttersOf(step),
  );
  return { cutters, isByteLevel: first >= 0 };
}

const flatten = (fields: JsonFields): JsonFields[] =>
  fields.string('type') === 'Sequence'
    ? fields.objects('pretokenizers').flatMap(flatten)
    : [fields];

function cuttersOf(fields: JsonFields): Cutter[] {
  const type = fields.string('type');
  switch (type) {
    case 'ByteLevel':
      return byteLevel(fields);
    case 'Metaspace':
      return metaspace(fields);
    case 'Split':
      return [
        by({
          pattern: readPattern(fields, 'pattern'),
          behavior: behaviorOf(fields, undefined),
          invert: fields.boolean('invert', false),
        }),
      ];
    case 'Digits':
      return [
        by({
          pattern: /\p{N}/gu,
          behavior: fields.boolean('individual_digits', false) ? 'Isolated' : 'Contiguous',
        }),
      ];
    case 'Punctuation':
      return [by({ pattern: PUNCTUATION, behavior: behaviorOf(fields, 'Isolated') })];
    case 'Whitespace':
      return [
        by({
          pattern: WORDS,
          behavior: 'Removed',
          invert: true,
        }),
      ];
    case 'WhitespaceSplit':
      return [by({ pattern: SPACE, behavior: 'Removed' })];
    case 'BertPreTokenizer':
      return [
        by({ pattern: SPACE, behavior: 'Removed' }),
        by({ pattern: PUNCTUATION, behavior: 'Isolated' }),
      ];
    default:
      return fields.unsupported(`the pre-tokenizer "${type.slice(0, 40)}"`);
  }
}

const by =
  (how: Cut): Cutter =>
  text =>
    cut(text, how);

const BEHAVIORS: readonly Behavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

function behaviorOf(fields: JsonFields, otherwise: Behavior | undefined): Behavior {
  const name = fields.string('behavior', otherwise);
  return (
    BEHAVIORS.find(behavior => behavior === name) ??
    fields.unsupported(`the behavior "${name.slice(0, 40)}"`)
  );
}

function byteLevel(
  fields: JsonFields,
  prefixesSpace = fields.boolean('add_prefix_space', false),
): Cutter[] {
  const cutters: Cutter[] = [];
  if (prefixesSpace) cutters.push(text => [text.text.startsWith(' ') ? text : prefixed(text, ' ')]);
  if (fields.boolean('use_regex', true))
    cutters.push(
      by({ pattern: oniguruma(GPT2_PIECES, fields, 'use_regex'), behavior: 'Isolated' }),
    );
  return cutters;
}

/** SentencePiece's: a space is a letter, a text begins with one, and pieces begin at each. */
function metaspace(fields: JsonFields): Cutter[] {
  const replacement = fields.string('replacement', '▁');
  if ([...replacement].length !== 1) fields.refuse('replacement', 'is not one character');
  const scheme = fields.string(
    'prepend_scheme',
    fields.boolean('add_prefix_space', true) ? 'always' : 'never',
  );
  if (!['always', 'first', 'never'].includes(scheme))
    fields.unsupported(`the prepend_scheme "${scheme.slice(0, 40)}"`);
  const spaced = toMetaspace(replacement);
  const prefix: Cutter = source => {
    const text = spaced(source);
    const isWanted = scheme === 'always' || (scheme === 'first' && text.atStart);
    return [isWanted && !text.text.startsWith(replacement) ? prefixed(text, replacement) : text];
  };
  const pieces = by({ pattern: literal(replacement), behavior: 'MergedWithNext' });
  return fields.boolean('split', true) ? [prefix, pieces] : [prefix];
}

const prefixed = (text: TrackedText, by: string): TrackedText =>
  rewrite(text, { pattern: /^/g, replace: () => by });

/** Cuts before each `mark` that follows something else. */
export const beforeRunsOf = (mark: string): Cutter => {
  return source => {
    const { text } = source;
    const pieces: TrackedText[] = [];
    let from = 0;
    for (let at = text.indexOf(mark, 1); at > 0; at = text.indexOf(mark, at + 1)) {
      if (text[at - 1] === mark) continue;
      pieces.push(slice(source, from, at));
      from = at;
    }
    if (from < text.length) pieces.push(slice(source, from, text.length));
    return pieces;
  };
};
