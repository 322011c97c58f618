/**
 * What can stand at the cursor: keys that are not there yet, and values, with their documentation.
 * Pure over text and offset; paths are the host's to list, it is only told that one belongs here.
 */
import { cursorAt } from './cursor';
import type { Cursor } from './cursor';
import { asFlow, fieldAt, fieldsOf } from './fields';
import type { Field } from './fields';
import { documentationOf, signatureOf } from './fieldText';
import type { PathHint } from './schema';
import { kindOf, TRAINING_KEYS } from './schemaProblems';
import { childrenOf, entryAt, parseYaml } from './yamlTree';
import type { Range, YamlNode } from './yamlTree';

export interface Completion {
  readonly label: string;
  readonly kind: 'key' | 'value' | 'config';
  /** One line: what the key expects and its default. */
  readonly detail: string;
  /** Markdown. */
  readonly documentation: string;
  /** What replaces `range`, in VS Code's snippet syntax. */
  readonly snippet: string;
  readonly range: Range;
}

export interface Completions {
  readonly items: readonly Completion[];
  /** Present where a path belongs: relative to the config's folder, replacing `range`. */
  readonly path?: PathHint & { readonly range: Range };
}

const NEW_CONFIG = [
  'weightroom: 1',
  'model:',
  '  family: slm',
  '  n_layer: ${2:4}',
  '  n_head: ${3:6}',
  '  n_embed: ${4:384}',
  'data:',
  '  train: ${1:data/train.jsonl}',
  'train:',
  '  max_steps: ${5:1000}',
  '',
].join('\n');

const NEW_STUDY = [
  'weightroom: 1',
  'cache_study:',
  '  model: ${1:models/base}',
  '  adapters: [${2:adapters/a, adapters/b}]',
  '  prefix: ${3:"You are a careful assistant."}',
  '',
].join('\n');

export function completionsAt(text: string, offset: number): Completions {
  const cursor = cursorAt(text, offset);
  if (!cursor) return { items: [] };
  const { root } = parseYaml(text);
  if (cursor.key !== undefined) return valuesAt(cursor, text, root);
  const keys = keysAt(cursor, text, root);
  const isNew = childrenOf(root).length === 0 && cursor.section.length === 0;
  return { items: isNew ? [...newConfigs(cursor.word), ...keys] : keys };
}

const newConfigs = (range: Range): Completion[] => [
  {
    label: 'Weightroom config',
    kind: 'config',
    detail: 'A new training run',
    documentation: 'A small language model, its data and how to train it.',
    snippet: NEW_CONFIG,
    range,
  },
  {
    label: 'Weightroom cache study',
    kind: 'config',
    detail: 'A new study of caches',
    documentation: 'Ways of keeping the caches of many adapters over one base, compared.',
    snippet: NEW_STUDY,
    range,
  },
];

function keysAt(cursor: Cursor, text: string, root: YamlNode | undefined): Completion[] {
  const section = enclosingSection(cursor.section);
  const entries = childrenOf(section.length ? entryAt(root, section)?.value : root);
  const written = entries
    .filter(({ keyRange: [start, end] }) => start > cursor.word[1] || end < cursor.word[0])
    .map(({ key }) => key);
  const isFollowed = /^\s*:/.test(text.slice(cursor.word[1]));
  const isElsewhere = (key: string) => section.length === 0 && !keysOfKind(root).includes(key);
  return fieldsOf(section.join('.'), modelForm(section, written))
    .filter(({ key }) => !written.includes(key) && !isElsewhere(key))
    .map(field => ({
      label: field.key,
      kind: 'key',
      detail: signatureOf(field),
      documentation: documentationOf(field),
      snippet: isFollowed ? field.key : snippetFor(field, cursor.isFlow),
      range: cursor.word,
    }));
}

/** Top-level keys that go together with what is there. */
function keysOfKind(root: YamlNode | undefined): string[] {
  const all = fieldsOf('').map(({ key }) => key);
  if (kindOf(root) === 'study') return ['weightroom', 'name', 'cache_study', 'device'];
  const trains = TRAINING_KEYS.some(key => entryAt(root, [key]));
  return trains ? all.filter(key => key !== 'cache_study') : all;
}

/** A key indented below a plain value belongs to the section around that. */
function enclosingSection(path: readonly string[]): readonly string[] {
  const isSection = path.length === 0 || fieldAt(path.join('.'))?.type === 'section';
  return isSection ? path : enclosingSection(path.slice(0, -1));
}

/** Which of the model's two forms is being written, once a key tells. */
function modelForm(section: readonly string[], written: readonly string[]): string | undefined {
  if (section.join('.') !== 'model' || written.length === 0) return undefined;
  return written.includes('from') ? 'from' : 'family';
}

function snippetFor(field: Field, isFlow: boolean): string {
  if (field.type !== 'section') return `${field.key}: ${placeholder(field)}`;
  const first = fieldsOf(field.path).find(({ isRequired }) => isRequired);
  const inside = first ? `${first.key}: ${placeholder(first)}` : '$0';
  return isFlow ? `${field.key}: { ${inside} }` : `${field.key}:\n  ${inside}`;
}

function placeholder({ type, default: value, example, suggestions }: Field): string {
  if (type === 'choice' || type === 'boolean') return `\${1|${suggestions.join(',')}|}`;
  const start = value ?? example;
  return start === undefined ? '$1' : `\${1:${asFlow(start)}}`;
}

function valuesAt(cursor: Cursor, text: string, root: YamlNode | undefined): Completions {
  const path = [...cursor.section, cursor.key].join('.');
  const form = entryAt(root, ['model', 'from']) ? 'from' : 'family';
  const field = fieldAt(path, form);
  if (!field) return { items: [] };
  const space = text[cursor.word[0] - 1] === ':' ? ' ' : '';
  const given = field.type === 'list' || field.default === undefined ? [] : [field.default];
  const values = new Set([...field.suggestions, ...given].map(String));
  const items = [...values].map((value): Completion => ({
    label: value,
    kind: 'value',
    detail: value === String(field.default) ? 'default' : '',
    documentation: documentationOf(field),
    snippet: space + value,
    range: cursor.word,
  }));
  return field.pathHint
    ? { items: [], path: { ...field.pathHint, range: cursor.word } }
    : { items };
}
