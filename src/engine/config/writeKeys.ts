/** Several values written into a config's text by their key paths; sections that are missing come last. Pure. */
import { writeValue } from './textEdits';
import { entryAt, parseYaml } from './yamlTree';

export interface KeyValue {
  /** Dotted. */
  readonly key: string;
  readonly value: string;
}

/** tt-train's model stands at the top, within the training section, or in a file of its own. */
const NESTED = 'training_config.transformer_config';

/** The text with all of them; undefined when the section is in another file. */
export function writeKeys(text: string, values: readonly KeyValue[]): string | undefined {
  let written: string | undefined = text;
  for (const value of values) written = written && writeKey(written, value);
  return written;
}

function writeKey(text: string, { key, value }: KeyValue): string | undefined {
  const { root } = parseYaml(text);
  const path = pathOf(key, name => entryAt(root, name.split('.')) !== undefined);
  if (!path) return undefined;
  const edits = writeValue({ text, root }, path, value);
  if (edits.length === 0) return withNewSection(text, path, value);
  return edits
    .toSorted((a, b) => b.range[0] - a.range[0])
    .reduce((t, { range, newText }) => t.slice(0, range[0]) + newText + t.slice(range[1]), text);
}

function pathOf(key: string, has: (name: string) => boolean): string[] | undefined {
  if (!key.startsWith('transformer_config.') || has('transformer_config')) return key.split('.');
  return has(NESTED) ? `training_config.${key}`.split('.') : undefined;
}

function withNewSection(text: string, path: readonly string[], value: string): string {
  const lines = path.map((name, depth) => `${'  '.repeat(depth)}${name}:`);
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${separator}${lines.join('\n')} ${value}\n`;
}
