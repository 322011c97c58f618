/**
 * What would mend a problem, as edits of the text. One small rule for each code; nothing is applied
 * here, and a problem without an obvious remedy has none.
 */
import type { Problem } from '../problem';
import { CONFIG_VERSION } from './configProblems';
import { nearestTarget, nearestWidths, tokenizerVocabulary } from './configRules';
import type { Draft } from './configRules';
import { asFlow, fieldAt } from './fields';
import type { Field } from './fields';
import { nearestName } from './nearestName';
import { readConfig } from './readConfig';
import { modelFormOf, nearestFreeKey } from './schemaProblems';
import { putFirst, removeEntry, writeValue } from './textEdits';
import type { EditableText, TextEdit } from './textEdits';
import { entriesAt, parseYaml } from './yamlTree';
import type { Scalar, YamlEntry } from './yamlTree';

export interface QuickFix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** Whether it may be applied without asking: at most one of a problem's fixes. */
  readonly preferred: boolean;
}

/** A problem in its text. */
interface Patient extends EditableText {
  readonly draft: Draft;
  /** Key path of the problem. */
  readonly path: readonly string[];
  /** What is marked: the entry or list item, if the problem is not about one that is missing. */
  readonly entry: YamlEntry | undefined;
  readonly field: Field | undefined;
}

/** @param problem one that `readConfig` found in this very `text` */
export function quickFixes(text: string, problem: Problem): QuickFix[] {
  const remedy = remedies[problem.code.replace(/^config\./, '')];
  if (!remedy || !problem.where.range) return [];
  const { root } = parseYaml(text);
  const trail = entriesAt(root, problem.where.range[0]);
  const path = problem.where.key?.split('.') ?? trail.map(({ key }) => key);
  const field = fieldAt(path.slice(0, 2).join('.'), modelFormOf(root));
  const { draft } = readConfig(text);
  const fixes = remedy({ text, root, draft, path, entry: trail[path.length - 1], field });
  return fixes.filter(({ edits }) => edits.length > 0);
}

const fix = (title: string, edits: readonly TextEdit[], preferred = false): QuickFix => ({
  title,
  edits,
  preferred,
});

const write = (patient: Patient, value: string, preferred = false): QuickFix =>
  fix(`Change to \`${value}\``, writeValue(patient, patient.path, value), preferred);

const remove = (patient: Patient, preferred = false): QuickFix[] =>
  patient.entry
    ? [fix(`Remove \`${patient.path.at(-1)}\``, removeEntry(patient, patient.entry), preferred)]
    : [];

const remedies: Readonly<Record<string, (patient: Patient) => QuickFix[]>> = {
  empty: startConfig,
  'first-key': startConfig,
  version: patient => [write(patient, `${CONFIG_VERSION}`, true)],
  'unknown-key': patient => [...rename(patient), ...remove(patient)],
  'duplicate-key': patient => remove(patient),
  'missing-key': insertMissing,
  'wrong-type': patient => [...retype(patient), ...useDefault(patient)],
  'out-of-range': useDefault,
  'wrong-value': choose,
  'wrong-format': choose,
  'head-split': widen,
  'odd-head': widen,
  'vocab-too-small': patient => {
    const needed = tokenizerVocabulary(patient.draft.data?.tokenizer ?? '');
    return [
      ...(needed === undefined ? [] : [write(patient, `${needed}`, true)]),
      ...remove(patient),
    ];
  },
  'bpe-size': patient => [write(patient, 'bpe:4096', true)],
  'warmup-twice': patient =>
    ['warmup_ratio', 'warmup_steps'].flatMap(key => removeKey(patient, ['train', key])),
  'no-effect': patient => remove(patient, true),
  'sample-needs-tokenizer': patient => [write(patient, '0', true)],
  'no-such-target': patient => {
    const value = patient.entry?.value;
    const nearest = value?.kind === 'scalar' ? nearestTarget(String(value.value)) : undefined;
    return nearest === undefined ? [] : [write(patient, nearest, true)];
  },
};

function startConfig(patient: Patient): QuickFix[] {
  const title = `Put \`weightroom: ${CONFIG_VERSION}\` first`;
  return [fix(title, putFirst(patient, 'weightroom', `${CONFIG_VERSION}`), true)];
}

function rename({ entry, path, root }: Patient): QuickFix[] {
  if (!entry) return [];
  const nearest = nearestFreeKey(root, path);
  if (nearest === undefined) return [];
  return [fix(`Rename to \`${nearest}\``, [{ range: entry.keyRange, newText: nearest }], true)];
}

function removeKey(patient: Patient, path: readonly string[]): QuickFix[] {
  const [section, key] = path;
  const parent = patient.root?.kind === 'map' ? patient.root.entries : [];
  const map = parent.find(entry => entry.key === section)?.value;
  const entry = map?.kind === 'map' ? map.entries.find(child => child.key === key) : undefined;
  return entry ? remove({ ...patient, path, entry }) : [];
}

function insertMissing(patient: Patient): QuickFix[] {
  const { field, path } = patient;
  if (field?.example === undefined) return [];
  const edits = writeValue(patient, path, `${field.example}`);
  return [fix(`Add \`${field.key}: ${field.example}\``, edits, true)];
}

function useDefault(patient: Patient): QuickFix[] {
  const { field } = patient;
  if (!field || patient.path.length > 2) return [];
  const value = field.default ?? field.example;
  if (value === undefined) return [];
  const title = `${field.default === undefined ? 'Change to' : 'Use the default'} \`${asFlow(value)}\``;
  return [fix(title, writeValue(patient, patient.path, asFlow(value)))];
}

/** The same value in the type the key has: `yes` → `true`, `"4"` → `4`, `4` → `"4"`. */
function retype(patient: Patient): QuickFix[] {
  const { entry, field, path } = patient;
  if (entry?.value.kind !== 'scalar' || entry.value.value === null) return [];
  const meant = asType(entry.value.value, path.length > 2 ? 'text' : field?.type);
  return meant === undefined ? [] : [write(patient, meant, true)];
}

function asType(value: NonNullable<Scalar>, type: Field['type'] | undefined): string | undefined {
  const word = String(value).trim().toLowerCase();
  switch (type) {
    case 'boolean':
      if (['yes', 'on', '1', 'true'].includes(word)) return 'true';
      return ['no', 'off', '0', 'false'].includes(word) ? 'false' : undefined;
    case 'integer':
      return /^\d+(\.0+|e\d+)?$/.test(word) ? `${Number(word)}` : undefined;
    case 'number':
      return word !== '' && Number.isFinite(Number(word)) ? `${Number(word)}` : undefined;
    case 'text':
      return JSON.stringify(String(value));
    case 'list':
      return `[${String(value)}]`;
    default:
      return undefined;
  }
}

/** The values a key can have, the nearest first. */
function choose(patient: Patient): QuickFix[] {
  const { entry, field } = patient;
  const values = (field?.suggestions ?? []).map(String);
  const given = entry?.value.kind === 'scalar' ? String(entry.value.value) : '';
  const nearest = nearestName(given, values) ?? (values.length === 1 ? values[0] : undefined);
  const sorted = [...values].sort((a, b) => Number(b === nearest) - Number(a === nearest));
  return sorted.map(value => write(patient, value, value === nearest));
}

function widen(patient: Patient): QuickFix[] {
  const { model } = patient.draft;
  if (!model || 'from' in model) return [];
  return nearestWidths(model.n_embed, model.n_head).map((width, index) =>
    fix(
      `Set \`n_embed: ${width}\``,
      writeValue(patient, ['model', 'n_embed'], `${width}`),
      index === 0,
    ),
  );
}
