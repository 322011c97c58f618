/**
 * The normalizers of a `tokenizer.json` as rewritings of text, which keep track of where each part
 * came from. What Hugging Face's tokenizers do, also where JavaScript's own methods differ.
 */
import type { JsonFields } from './jsonFields';
import { literal, readPattern } from './patterns';
import { type Rewrite, rewrite, type TrackedText } from './trackedText';

export type Normalizer = (text: TrackedText) => TrackedText;

const MOST_STEPS = 32;
const LONGEST_REPLACEMENT = 64;

/** @throws `tokenizer.unsupported`, `tokenizer.bad-form` */
export function readNormalizers(fields: JsonFields | undefined): Normalizer[] {
  const steps = fields ? stepsOf(fields) : [];
  if (steps.length > MOST_STEPS) fields?.refuse('normalizers', 'has too many steps');
  return steps;
}

function stepsOf(fields: JsonFields): Normalizer[] {
  const type = fields.string('type');
  switch (type) {
    case 'Sequence':
      return fields.objects('normalizers').flatMap(stepsOf);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return [unicodeForm(type)];
    case 'Lowercase':
      return [by(lowercase)];
    case 'StripAccents':
      return [by({ pattern: /\p{M}/gu, replace: () => '' })];
    case 'Strip':
      return strip(fields.boolean('strip_left', true), fields.boolean('strip_right', true));
    case 'Replace':
      return [
        by({ pattern: readPattern(fields, 'pattern'), replace: constant(fields, 'content') }),
      ];
    case 'Prepend': {
      const replace = constant(fields, 'prepend');
      return [text => (text.text === '' ? text : rewrite(text, { pattern: /^/g, replace }))];
    }
    case 'BertNormalizer':
      return bertSteps(fields);
    default:
      return fields.unsupported(`the normalizer "${type.slice(0, 40)}"`);
  }
}

const by =
  (step: Rewrite): Normalizer =>
  text =>
    rewrite(text, step);

function constant(fields: JsonFields, name: string): () => string {
  const text = fields.string(name);
  if (text.length > LONGEST_REPLACEMENT) fields.refuse(name, 'is too long');
  return () => text;
}

/** What composes with each other: parts of one Korean syllable, or a letter with its marks. */
const CLUSTERS = new RegExp(
  [
    '[\\u1100-\\u115f\\ua960-\\ua97c]+[\\u1160-\\u11ff\\ud7b0-\\ud7ff]*',
    '[\\uac00-\\ud7a3][\\u11a8-\\u11ff\\ud7cb-\\ud7ff]*',
    '\\P{M}?\\p{M}+',
    '[^\\u0000-\\u007f]',
  ].join('|'),
  'gu',
);

function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Normalizer {
  return source => {
    const whole = source.text.normalize(form);
    if (!source.spans || whole === source.text) return { ...source, text: whole };
    const result = rewrite(source, { pattern: CLUSTERS, replace: text => text.normalize(form) });
    return result.text === whole
      ? result
      : rewrite(source, { pattern: /[^]+/gu, replace: () => whole });
  };
}

/** Letter by letter: `toLowerCase` of a whole word knows that a last Σ is ς. */
const lowercase: Rewrite = { pattern: /[^]/gu, replace: letter => letter.toLowerCase() };

function strip(left: boolean, right: boolean): Normalizer[] {
  const remove = (pattern: RegExp) => by({ pattern, replace: () => '' });
  const leading = remove(/^\p{White_Space}+/gu);
  const trailing: Normalizer = text => {
    const kept = text.text.length - trailingSpace(text.text);
    const spans = text.spans?.subarray(0, 2 * kept);
    return { ...text, text: text.text.slice(0, kept), ...(spans && { spans }) };
  };
  return [...(left ? [leading] : []), ...(right ? [trailing] : [])];
}

/** A regular expression would try at each of many spaces in the middle. */
function trailingSpace(text: string): number {
  let kept = text.length;
  while (kept > 0 && /\p{White_Space}/u.test(text[kept - 1]!)) kept--;
  return text.length - kept;
}

const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function bertSteps(fields: JsonFields): Normalizer[] {
  const isLowercase = fields.boolean('lowercase', true);
  const steps: Normalizer[] = [];
  if (fields.boolean('clean_text', true)) {
    steps.push(by({ pattern: /\ufffd|[^\P{C}\t\n\r]/gu, replace: () => '' }));
    steps.push(by({ pattern: /\p{White_Space}/gu, replace: () => ' ' }));
  }
  if (fields.boolean('handle_chinese_chars', true))
    steps.push(by({ pattern: CHINESE, replace: letter => ` ${letter} ` }));
  if (fields.boolean('strip_accents', isLowercase)) {
    steps.push(unicodeForm('NFD'), by({ pattern: /\p{Mn}/gu, replace: () => '' }));
  }
  if (isLowercase) steps.push(by(lowercase));
  return steps;
}

/** Spaces as SentencePiece writes them. */
export const toMetaspace = (replacement: string): Normalizer =>
  by({ pattern: literal(' '), replace: () => replacement });
