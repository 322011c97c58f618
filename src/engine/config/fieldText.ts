/** A key of the schema in words, as markdown for hovers and completions. */
import { asFlow } from './fields';
import type { Field } from './fields';

/** "a whole number from 1 to 512 · default 4" */
export function signatureOf({ expects, default: value, isRequired }: Field): string {
  if (isRequired) return `${expects} · required`;
  return value === undefined ? expects : `${expects} · default \`${asFlow(value)}\``;
}

export function documentationOf(field: Field): string {
  return `**${field.path}**: ${signatureOf(field)}\n\n${field.description}`;
}
