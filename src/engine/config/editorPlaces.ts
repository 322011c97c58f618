/** Where an editor can put lenses and links in a config. Pure; what they open is the host's. */
import { fields } from './fields';
import type { PathHint } from './schema';
import { kindOf } from './schemaProblems';
import { entryAt, parseYaml } from './yamlTree';
import type { Range } from './yamlTree';

const ACTIONS = ['train', 'resume', 'try', 'plan', 'labels', 'curves', 'diff'] as const;

export interface Lens {
  readonly action: (typeof ACTIONS)[number];
  readonly range: Range;
}

/** None unless the text is a Weightroom config; all on its first key. Labels are those of examples. */
export function lensesOf(text: string): Lens[] {
  const { root } = parseYaml(text);
  const first = root?.kind === 'map' ? root.entries[0] : undefined;
  // a study trains nothing, and has lenses of its own
  if (first?.key !== 'weightroom' || kindOf(root) === 'study') return [];
  const format = entryAt(root, ['data', 'format'])?.value;
  const hasLabels =
    format?.kind === 'scalar' && (format.value === 'chat' || format.value === 'completion');
  return ACTIONS.filter(action => action !== 'labels' || hasLabels).map(action => ({
    action,
    range: first.keyRange,
  }));
}

export interface PathLink {
  /** As written: relative to the config's folder, or absolute. */
  readonly path: string;
  readonly kind: PathHint['kind'];
  readonly key: string;
  readonly range: Range;
}

export function documentLinks(text: string): PathLink[] {
  const { root } = parseYaml(text);
  return fields.flatMap(({ path: key, pathHint }) => {
    const value = entryAt(root, key.split('.'))?.value;
    if (!pathHint || value?.kind !== 'scalar' || typeof value.value !== 'string') return [];
    return value.value ? [{ path: value.value, kind: pathHint.kind, key, range: value.range }] : [];
  });
}
