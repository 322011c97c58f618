/** Explains the key under the cursor: what it means, its default, and what its value leads to. */
import { factAt } from './configFacts';
import { fieldAt } from './fields';
import { documentationOf } from './fieldText';
import { readConfig } from './readConfig';
import { entriesAt, entryAt, parseYaml } from './yamlTree';
import type { Range } from './yamlTree';

const VALUE_MISTAKES = new Set(
  ['wrong-type', 'out-of-range', 'wrong-value', 'wrong-format'].map(code => `config.${code}`),
);

export interface Hover {
  /** Markdown. */
  readonly markdown: string;
  readonly range: Range;
}

export function hoverAt(text: string, offset: number): Hover | undefined {
  const { root } = parseYaml(text);
  const trail = entriesAt(root, offset).slice(0, 2);
  const entry = trail.at(-1);
  const form = entryAt(root, ['model', 'from']) ? 'from' : 'family';
  const field = fieldAt(trail.map(({ key }) => key).join('.'), form);
  if (!entry || !field) return undefined;
  const { keyRange, value } = entry;
  const isOnKey = offset <= keyRange[1];
  if (!isOnKey && field.type === 'section') return undefined;
  const fact = factIn(text, field.path);
  const markdown = documentationOf(field) + (fact === undefined ? '' : `\n\n${fact}`);
  return { markdown, range: isOnKey ? keyRange : value.range };
}

/** A draft has defaults in place of wrong values: those would make a formula lie. */
function factIn(text: string, keyPath: string): string | undefined {
  const { draft, problems } = readConfig(text);
  const isWrong = problems.some(({ code }) => VALUE_MISTAKES.has(code));
  return isWrong ? undefined : factAt(keyPath, draft);
}
