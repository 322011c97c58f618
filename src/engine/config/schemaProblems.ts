/**
 * Checks a config's values against the schema, one by one, and explains each mistake in place.
 * What survives is the draft, which rules and hints can still read.
 */
import { adapterSchema } from './adapterSchema';
import type * as z from 'zod';
import type { Problem } from '../problem';
import type { PlaceOf } from './configPlaces';
import * as problem from './configProblems';
import type { ValueMistake } from './configProblems';
import type { Draft } from './configRules';
import { fieldAt, fields, fieldsOf } from './fields';
import { nearestName } from './nearestName';
import {
  configSchema,
  dataSchema,
  fromSchema,
  slmSchema,
  studyConfigSchema,
  cacheStudySchema,
  evaluationConfigSchema,
  trainSchema,
} from './schema';
import { evaluateSchema } from './evaluateSchema';
import type { EvaluationConfig, RunConfig, StudyConfig } from './schema';
import { childrenOf, entryAt, valueOf } from './yamlTree';
import type { YamlNode } from './yamlTree';

export interface CheckedShape {
  /** Undefined when there is any mistake. */
  readonly config: RunConfig | undefined;
  /** Instead of a training run. */
  readonly study?: StudyConfig | undefined;
  /** Instead of a training run. */
  readonly evaluation?: EvaluationConfig | undefined;
  readonly draft: Draft;
  readonly problems: Problem[];
  /** Paths of at most two keys whose values are wrong, unknown or missing. */
  readonly invalid: ReadonlySet<string>;
}

export interface ConfigText {
  readonly text: string;
  readonly root: YamlNode;
  readonly placeOf: PlaceOf;
}

interface Mistake {
  readonly path: readonly string[];
  readonly kind: 'unknown' | ValueMistake;
}

type Section = Record<string, unknown>;

const MAX_MISTAKES = 100;

export function checkShape(source: ConfigText): CheckedShape {
  const value = valueOf(source.root) as Section;
  const kind = kindOf(source.root);
  if (kind === 'study') return checkStudy(value, source);
  if (kind === 'evaluation') return checkEvaluation(value, source);
  const form = modelFormOf(source.root);
  preferModelTokenizer(value, form);
  const parsed = configSchema.extend({ model: modelSchemas[form] }).safeParse(value);
  if (parsed.success) return { ...sound(), config: parsed.data, draft: parsed.data };
  const { mistakes, ...found } = mistaken(parsed.error, form, source);
  return { ...found, draft: draftOf(value, mistakes, form) };
}

const sound = () => ({ config: undefined, problems: [], invalid: new Set<string>() });

/** What is wrong, said to a person, and the keys that it is about. */
function mistaken(error: z.ZodError, form: string, source: ConfigText) {
  const mistakes = onePerPath(error.issues.flatMap(toMistakes)).slice(0, MAX_MISTAKES);
  return {
    config: undefined,
    mistakes,
    problems: mistakes.map(mistake => explain(mistake, form, source)),
    invalid: new Set(mistakes.map(({ path }) => path.slice(0, 2).join('.'))),
  };
}

function checkStudy(value: Section, source: ConfigText): CheckedShape {
  const parsed = studyConfigSchema.safeParse(value);
  if (parsed.success) {
    const study = parsed.data;
    return { ...sound(), study, draft: { study: study.cache_study } };
  }
  const { mistakes, ...found } = mistaken(parsed.error, '', source);
  const section = soundKeys(value['cache_study'], mistakes);
  return { ...found, draft: { study: cacheStudySchema.safeParse(section).data } };
}

function checkEvaluation(value: Section, source: ConfigText): CheckedShape {
  const parsed = evaluationConfigSchema.safeParse(value);
  if (parsed.success) {
    const evaluation = parsed.data;
    return { ...sound(), evaluation, draft: { evaluate: evaluation.evaluate } };
  }
  const { mistakes, ...found } = mistaken(parsed.error, '', source);
  const section = soundKeys(value['evaluate'], mistakes);
  return { ...found, draft: { evaluate: evaluateSchema.safeParse(section).data } };
}

/** The keys of a config's only section that were found right. */
function soundKeys(section: unknown, mistakes: readonly Mistake[]): Section {
  const wrong = new Set(mistakes.map(({ path }) => path[1]));
  const entries = Object.entries((section ?? {}) as Section);
  return Object.fromEntries(entries.filter(([key]) => !wrong.has(key)));
}

/** What a config is for: one with a section of its own kind trains nothing. */
export function kindOf(root: YamlNode | undefined): 'run' | 'study' | 'evaluation' {
  const has = (key: string) => entryAt(root, [key]) !== undefined;
  if (has('cache_study')) return 'study';
  return has('evaluate') && !TRAINING_KEYS.some(has) ? 'evaluation' : 'run';
}

/** A config with one of these trains. */
export const TRAINING_KEYS = ['model', 'data', 'train', 'adapter'] as const;

/** A model's folder says best what its tokens are. */
function preferModelTokenizer(value: Section, form: 'family' | 'from'): void {
  const { data } = value;
  if (form === 'from' && typeof data === 'object' && data !== null && !('tokenizer' in data))
    (data as Section)['tokenizer'] = 'model';
}

const modelSchemas = { family: slmSchema, from: fromSchema };

/** The model's two forms are told apart by the key `from`. */
export function modelFormOf(root: YamlNode | undefined): 'family' | 'from' {
  return entryAt(root, ['model', 'from']) ? 'from' : 'family';
}

const KINDS: Partial<Record<z.core.$ZodIssue['code'], ValueMistake>> = {
  too_small: 'out-of-range',
  too_big: 'out-of-range',
  invalid_value: 'wrong-value',
  invalid_format: 'wrong-format',
};

function toMistakes(issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ path: [...path, key], kind: 'unknown' }));
  }
  return [{ path, kind: KINDS[issue.code] ?? 'wrong-type' }];
}

function onePerPath(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ path }) => !seen.has(path.join('.')) && seen.add(path.join('.')));
}

/** Takes what is wrong out of `value`, in place, and fills in each section's defaults. */
function draftOf(value: Section, mistakes: readonly Mistake[], form: 'family' | 'from'): Draft {
  for (const { path } of mistakes) {
    const [section = '', key] = path;
    if (key === undefined) delete value[section];
    else delete (value[section] as Section)[key];
  }
  return {
    model: modelSchemas[form].safeParse(value['model']).data,
    data: dataSchema.safeParse(value['data']).data,
    train: trainSchema.safeParse(value['train'] ?? {}).data,
    adapter: adapterSchema.safeParse(value['adapter']).data,
    evaluate: evaluateSchema.safeParse(value['evaluate']).data,
  };
}

function explain({ path, kind }: Mistake, form: string, source: ConfigText): Problem {
  const { root, text, placeOf } = source;
  const keyPath = path.join('.');
  if (kind === 'unknown') return explainUnknown(path, source);
  const field = fieldAt(path.slice(0, 2).join('.'), form);
  if (!field) throw new Error(`The schema knows ${keyPath}, fields.ts does not`);
  const entry = entryAt(root, path);
  if (!entry) return problem.missingKey(placeOf(keyPath), field);
  if (entry.value.kind === 'scalar' && entry.value.value === null) {
    return problem.missingValue(placeOf(keyPath), field);
  }
  return problem.wrongValue(placeOf(keyPath), kind, field, shown(entry.value, text));
}

function explainUnknown(path: readonly string[], source: ConfigText): Problem {
  const section = path.slice(0, -1).join('.');
  const key = path.at(-1) ?? '';
  const place = source.placeOf(path.join('.'), 'key');
  if (section === 'model' && fieldsOf('model').some(field => field.key === key)) {
    return problem.keyFromFolder(place, key);
  }
  if (section === '' && fieldsOf('').some(field => field.key === key))
    return problem.keyOfTraining(place, key);
  const nearest = nearestFreeKey(source.root, path);
  const home = fields.find(field => field.key === key && field.parent !== section);
  return home && nearest === undefined
    ? problem.misplacedKey(place, key, home.parent)
    : problem.unknownKey(place, key, section, nearest);
}

/** The key that an unknown one was probably meant to be: one that its section does not have yet. */
export function nearestFreeKey(
  root: YamlNode | undefined,
  path: readonly string[],
): string | undefined {
  const section = path.slice(0, -1);
  const written = childrenOf(section.length > 0 ? entryAt(root, section)?.value : root);
  const names = fieldsOf(section.join('.'), modelFormOf(root)).map(({ key }) => key);
  const free = names.filter(name => written.every(({ key }) => key !== name));
  return nearestName(path.at(-1) ?? '', free);
}

/** A value as its author wrote it, short enough for a sentence. */
export function shown(node: YamlNode, text: string): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  const source = text.slice(...node.range).replace(/[`\s]+/g, ' ');
  return `\`${source.length > 40 ? `${source.slice(0, 39)}…` : source}\``;
}
