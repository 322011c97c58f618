/**
 * The config schema as a table of keys: what each expects, its default and its documentation, for
 * messages, completion, hover and docs. Derived from the JSON Schema; nothing is listed by hand.
 */
import * as z from 'zod';
import { countText } from '../../curves/numberText';
import { configSchema, studyConfigSchema } from './schema';
import type { FieldHints, PathHint } from './schema';

export type FieldType = 'integer' | 'number' | 'text' | 'boolean' | 'choice' | 'list' | 'section';

export interface Field {
  /** `train.batch_size`; the model's two forms share the path of a key that both have. */
  readonly path: string;
  readonly key: string;
  /** Path of the section it stands in; empty for the top level. */
  readonly parent: string;
  /** The form of the section it belongs to, when there are several: named by its first key. */
  readonly form: string | undefined;
  readonly type: FieldType;
  readonly isRequired: boolean;
  readonly description: string;
  /** "a whole number from 1 to 512": completes "must be …". */
  readonly expects: string;
  readonly default: unknown;
  /** A value to start from where there is no default. */
  readonly example: string | number | undefined;
  readonly choices: readonly (string | number)[];
  /** Values to offer while typing: all of `choices`, or some good ones. */
  readonly suggestions: readonly (string | number | boolean)[];
  readonly pathHint: PathHint | undefined;
}

interface JsonSchema extends FieldHints {
  type?: string;
  const?: string | number;
  enum?: (string | number)[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  description?: string;
  default?: unknown;
  examples?: (string | number)[];
  minLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** Draft 7, as VS Code's JSON and YAML services read it. */
export function configJsonSchema(): Record<string, unknown> {
  const { required: _, ...schema } = allKeys();
  return {
    ...schema,
    required: ['weightroom'],
    anyOf: [
      { required: ['model', 'data'] },
      { required: ['cache_study'] },
      { required: ['evaluate'] },
    ],
    title: 'Weightroom config',
    description:
      'What a training run is: a model, its data and how to train. Or a study of caches, or an evaluation.',
  };
}

/** Of every kind of config together; what is required is that of a training run. */
function allKeys(): JsonSchema {
  const { cache_study } = studyConfigSchema.shape;
  const schema = configSchema.extend({ cache_study: cache_study.optional() });
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JsonSchema;
}

export const fields: readonly Field[] = fieldsIn(allKeys(), '', undefined);

/** Keys of one section. Those of the model differ with its `form`: `family` or `from`. */
export function fieldsOf(section: string, form?: string): Field[] {
  return fields.filter(
    field => field.parent === section && (!form || !field.form || field.form === form),
  );
}

export function fieldAt(path: string, form?: string): Field | undefined {
  const found = fields.filter(field => field.path === path);
  return found.find(field => field.form === form) ?? found[0];
}

function fieldsIn(section: JsonSchema, parent: string, form: string | undefined): Field[] {
  return Object.entries(section.properties ?? {}).flatMap(([key, schema]) => {
    const path = parent ? `${parent}.${key}` : key;
    const isRequired = section.required?.includes(key) ?? false;
    const keys = fieldsInForms(formsOf(schema), path);
    const description = describe(schema);
    const example = description.example ?? smallestSection(keys);
    return [{ path, key, parent, form, isRequired, ...description, example }, ...keys];
  });
}

/** Its required keys on one line, as in `{ family: slm }`. */
function smallestSection(keys: readonly Field[]): string | undefined {
  const required = keys.filter(({ isRequired, form }) => isRequired && form === keys[0]?.form);
  if (required.length === 0) return undefined;
  return `{ ${required.map(({ key, example }) => `${key}: ${example}`).join(', ')} }`;
}

/** The alternatives of a section, usually one, each named by its first key. */
function formsOf(schema: JsonSchema): JsonSchema[] {
  return (schema.anyOf ?? [schema]).filter(({ properties }) => properties);
}

function fieldsInForms(forms: JsonSchema[], path: string): Field[] {
  const nameOf = (form: JsonSchema) => Object.keys(form.properties ?? {})[0];
  return forms.flatMap(form => fieldsIn(form, path, forms.length > 1 ? nameOf(form) : undefined));
}

function describe(schema: JsonSchema) {
  const type = typeOf(schema);
  const { enum: values, const: only } = schema.anyOf?.[0] ?? schema;
  const choices = values ?? (only === undefined ? [] : [only]);
  return {
    type,
    choices,
    description: schema.description ?? '',
    expects: schema['x-expects'] ?? expectation(type, schema, choices),
    suggestions: suggestionsOf(type, schema, choices),
    default: type === 'section' ? undefined : schema.default,
    example: schema.examples?.[0] ?? (choices.length === 1 ? choices[0] : undefined),
    pathHint: schema['x-path'],
  };
}

function typeOf(schema: JsonSchema): FieldType {
  if (formsOf(schema).length > 0) return 'section';
  // of values in several forms, the first is the usual one
  const { enum: values, const: only, type } = schema.anyOf?.[0] ?? schema;
  if (values ?? only !== undefined) return 'choice';
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    case 'string':
      return 'text';
    case 'array':
      return 'list';
    default:
      throw new Error(`The config schema has a ${schema.type} that fields.ts cannot describe`);
  }
}

function suggestionsOf(type: FieldType, schema: JsonSchema, choices: readonly (string | number)[]) {
  if (type === 'boolean') return [true, false];
  return choices.length > 0 ? choices : (schema.examples ?? []);
}

function expectation(
  type: FieldType,
  schema: JsonSchema,
  choices: readonly (string | number)[],
): string {
  switch (type) {
    case 'section':
      return 'a map of keys';
    case 'choice':
      return alternatives(choices.map(choice => `\`${choice}\``));
    case 'boolean':
      return '`true` or `false`';
    case 'text':
      if (schema['x-path']) return `the path of a ${schema['x-path'].kind}`;
      return schema.minLength ? 'text that is not empty' : 'text';
    case 'list':
      return `a list such as \`${asFlow(listExample(schema))}\``;
    case 'integer':
      return `a whole number${bounds(schema)}`;
    case 'number':
      return `a number${bounds(schema)}`;
  }
}

/** An example of a list is one of its items, unless it is written as a list. */
function listExample({ default: value, examples }: JsonSchema): unknown {
  if (Array.isArray(value) && value.length > 0) return value;
  const [example = ''] = examples ?? [];
  return String(example).startsWith('[') ? example : [example];
}

/** A default or example as YAML text on one line. */
export function asFlow(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) {
    return ` from ${minimum} to ${countText(maximum)}`;
  }
  const low = minimum === undefined ? '' : ` of at least ${minimum}`;
  const above = exclusiveMinimum === undefined ? '' : ` greater than ${exclusiveMinimum}`;
  const below = exclusiveMaximum === undefined ? '' : ` and less than ${exclusiveMaximum}`;
  return low + above + below;
}

export function alternatives(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}
