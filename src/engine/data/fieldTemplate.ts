/**
 * Texts with fields of a record in braces, as `{question}` or `{answer|digits}`: how examples of any
 * form become prompts and completions. No code, no loops; `{{` and `}}` are braces themselves.
 */
import { fail, type Place } from '../problem';
import { finalAnswer } from './gsm8k';
import { strip } from './pythonSpace';

/** A record of a data file. */
export interface DataRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  /** "data/x.jsonl, line 3" */
  readonly name: string;
  readonly place: Place;
}

export interface FieldTemplate {
  readonly fields: readonly string[];
  /** @throws `data.missing-field` */
  fill(record: DataRecord): string;
}

const filters: Readonly<Record<string, (text: string) => string>> = {
  strip,
  /** Only the digits of an answer, as in "Đáp số: 72 cái". */
  digits: text => text.replace(/\D+/g, ''),
  /** What follows the last `####`. */
  final: text => finalAnswer(text) ?? strip(text),
  lower: text => text.toLowerCase(),
  upper: text => text.toUpperCase(),
};

export const filterNames = Object.keys(filters);

type Part = string | { readonly field: string; readonly filters: readonly string[] };

/** @throws `config.bad-template` with what is wrong and where */
export function parseFieldTemplate(text: string, key: string): FieldTemplate {
  const parts = partsOf(text, key);
  return {
    fields: parts.flatMap(part => (typeof part === 'string' ? [] : [part.field])),
    fill: record =>
      parts.map(part => (typeof part === 'string' ? part : filled(part, record))).join(''),
  };
}

function partsOf(text: string, key: string): Part[] {
  const parts: Part[] = [];
  const refuse = (what: string): never =>
    fail('config.bad-template', `\`${key}\` ${what}. Write fields as \`{question}\`.`, { key });
  for (const [piece] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (piece === '{{' || piece === '}}') parts.push(piece[0]!);
    else if (piece === '{' || piece === '}') refuse(`has a single \`${piece}\``);
    else if (!piece.startsWith('{')) parts.push(piece);
    else {
      const [field = '', ...names] = piece
        .slice(1, -1)
        .split('|')
        .map(part => part.trim());
      if (field === '') refuse('has empty braces');
      const unknown = names.find(name => !(name in filters));
      if (unknown !== undefined)
        refuse(`has a filter \`${unknown}\`, which is none of ${filterNames.join(', ')}`);
      parts.push({ field, filters: names });
    }
  }
  return parts;
}

function filled(
  { field, filters: names }: Exclude<Part, string>,
  { fields, name, place }: DataRecord,
) {
  const value = fields[field];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    const has = Object.keys(fields)
      .slice(0, 8)
      .map(key => `"${key}"`)
      .join(', ');
    return fail(
      'data.missing-field',
      `${name} has no text in field "${field}". It has ${has}.`,
      place,
    );
  }
  return names.reduce((text, filter) => filters[filter]!(text), String(value));
}
