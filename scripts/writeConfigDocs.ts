/**
 * `npm run docs`: writes what follows from the config schema, the key reference in docs/config.md
 * and media/weightroom.schema.json. A test fails when either is not current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asFlow, configJsonSchema, fieldsOf } from '../src/engine/config/fields';
import type { Field } from '../src/engine/config/fields';
import { root } from './project';

const DOCS = 'docs/config.md';
const SCHEMA = 'media/weightroom.schema.json';
const BEGIN = '<!-- keys: written by `npm run docs` from the schema -->';
const END = '<!-- end of keys -->';

/** The generated files by path, as they should be. */
export function configDocs(): Map<string, string> {
  const docs = readFileSync(join(root, DOCS), 'utf8');
  const [before, rest = ''] = docs.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  return new Map([
    [DOCS, `${before}${BEGIN}\n\n${reference()}\n${END}${after}`],
    [SCHEMA, `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}

function reference(): string {
  const sections = fieldsOf('').filter(({ type }) => type === 'section');
  const top = fieldsOf('').filter(({ type }) => type !== 'section');
  const tables = sections.flatMap(section => {
    const keys = fieldsOf(section.path);
    const forms = [...new Set(keys.map(({ form }) => form))];
    return forms.map(form =>
      table(
        title(section, form),
        keys.filter(key => key.form === form),
      ),
    );
  });
  return [table('### Top level', top), ...tables].join('\n');
}

function title({ path, description }: Field, form: string | undefined): string {
  const name = form === undefined ? `\`${path}\`` : `\`${path}\` with \`${form}\``;
  return `### ${name}\n\n${description}`;
}

function table(heading: string, keys: readonly Field[]): string {
  const rows = keys.map(key => {
    const start = key.isRequired
      ? 'required'
      : key.default === undefined
        ? ''
        : `\`${asFlow(key.default)}\``;
    return `| \`${key.key}\` | ${key.expects} | ${start} | ${key.description} |`;
  });
  return [
    heading,
    '',
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of configDocs()) writeFileSync(join(root, path), text);
}
