/**
 * Config text → a typed `RunConfig`, or every problem in it with its range, key path and advice.
 * Pure; what files a config names is `checkAgainstFiles`' business.
 */
import { basename } from 'node:path';
import type { Problem } from '../problem';
import { placeAt, placesIn } from './configPlaces';
import type { PlaceOf } from './configPlaces';
import * as problem from './configProblems';
import { rules } from './configRules';
import type { Draft } from './configRules';
import type { EvaluationConfig, RunConfig, StudyConfig } from './schema';
import { checkShape, shown } from './schemaProblems';
import type { CheckedShape, ConfigText } from './schemaProblems';
import { childrenOf, entryAt, parseYaml } from './yamlTree';
import type { YamlNode } from './yamlTree';

export { isWeightroomConfig } from './isWeightroomConfig';

export interface ReadConfig {
  /** Of the run: the config's `name`, else the file's. */
  readonly name: string;
  /** Undefined when any problem is an error. */
  readonly config: RunConfig | undefined;
  /** When it is that of a cache study, which has no `config`; undefined when any problem is an error. */
  readonly study: StudyConfig | undefined;
  /** When it has nothing but `evaluate`, and so no `config`; undefined when any problem is an error. */
  readonly evaluation: EvaluationConfig | undefined;
  /** All of them, in order of the text. */
  readonly problems: readonly Problem[];
  /** The sections that are valid in themselves, for hints about text that is not yet a config. */
  readonly draft: Draft;
  readonly placeOf: PlaceOf;
}

const MAX_PROBLEMS = 100;

export function readConfig(text: string, file?: string): ReadConfig {
  const { root, problems: syntax, isWellFormed } = parseYaml(text);
  const placeOf = placesIn(text, root, file);
  const found: Problem[] = syntax.map(({ code, message, range }) => ({
    code: `config.${code}`,
    severity: 'error',
    message,
    where: placeAt(text, range, file),
  }));
  const repeated = duplicatesIn(root).map(({ key, keyRange }) =>
    problem.duplicateKey(placeAt(text, keyRange, file), key),
  );
  const checked = isWellFormed ? check(text, root, placeOf) : { problems: [], draft: {} };
  const brokenLines = new Set(found.map(({ where }) => where.line)); // not judged any further
  const judged = checked.problems.filter(({ where }) => !brokenLines.has(where.line));
  const problems = [...found, ...repeated, ...judged]
    .sort((a, b) => (a.where.range?.[0] ?? 0) - (b.where.range?.[0] ?? 0))
    .slice(0, MAX_PROBLEMS);
  const isValid = problems.every(({ severity }) => severity !== 'error');
  const config = isValid ? checked.config : undefined;
  const study = isValid ? checked.study : undefined;
  const evaluation = isValid ? checked.evaluation : undefined;
  const name = nameOf(config ?? study ?? evaluation, file);
  return { name, config, study, evaluation, problems, draft: checked.draft, placeOf };
}

type Checked = Pick<CheckedShape, 'problems' | 'draft' | 'study' | 'evaluation'> & {
  config?: RunConfig | undefined;
};

function check(text: string, root: YamlNode | undefined, placeOf: PlaceOf): Checked {
  if (!root) return { draft: {}, problems: [problem.emptyConfig(placeOf(''))] };
  if (root.kind !== 'map') return { draft: {}, problems: [problem.notAMap(placeOf(''))] };
  const source: ConfigText = { text, root, placeOf };
  const header = headerProblems(source);
  const shape = checkShape(source);
  const rest = shape.problems.filter(({ where }) => !header.length || where.key !== 'weightroom');
  return { ...shape, problems: [...header, ...rest, ...brokenRules(shape, source)] };
}

function headerProblems({ text, root, placeOf }: ConfigText): Problem[] {
  const version = entryAt(root, ['weightroom']);
  if (!version) return [problem.firstKey(placeOf('', 'key'))];
  if (childrenOf(root)[0] !== version) return [problem.firstKey(placeOf('weightroom', 'key'))];
  const { value } = version;
  if (value.kind === 'scalar' && value.value === problem.CONFIG_VERSION) return [];
  return [problem.unsupportedVersion(placeOf('weightroom'), shown(value, text))];
}

function brokenRules({ draft, invalid }: CheckedShape, { root, placeOf }: ConfigText): Problem[] {
  const isWritten = (key: string) => entryAt(root, key.split('.')) !== undefined;
  const isInvalid = (key: string) => invalid.has(key) || invalid.has(key.split('.', 1).join());
  return rules
    .filter(({ keys }) => !keys.some(isInvalid))
    .flatMap(({ keys, check }) =>
      check(draft, isWritten).map(({ key, ...rest }) => {
        const marked = isWritten(key) ? key : (keys.find(isWritten) ?? key);
        return { ...rest, where: placeOf(marked) };
      }),
    );
}

function duplicatesIn(node: YamlNode | undefined): { key: string; keyRange: [number, number] }[] {
  const seen = new Set<string>();
  return childrenOf(node).flatMap(entry => {
    const isRepeated = seen.has(entry.key);
    seen.add(entry.key);
    return [...(isRepeated ? [entry] : []), ...duplicatesIn(entry.value)];
  });
}

function nameOf(
  config: { name?: string | undefined } | undefined,
  file: string | undefined,
): string {
  const fromFile = basename(file ?? '')
    .replace(/\.(ya?ml|json)$/i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '')
    .slice(0, 64);
  return config?.name ?? (fromFile || 'run');
}
