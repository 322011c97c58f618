/** What `weightroom evaluate` can be told: the keys of a config's `evaluate` section, as options. */
import { type Command, InvalidArgumentError } from 'commander';
import { fieldsOf } from '../engine/config/fields';
import { evaluateSchema } from '../engine/config/evaluateSchema';
import type { EvaluateConfig } from '../engine/config/schema';
import { fail } from '../engine/problem';

/** Keys that mean something else on a command line. */
const NOT_OPTIONS = ['model'];

/** An option for each key, with its words. */
export function addEvaluateKeys(command: Command): Command {
  for (const field of fieldsOf('evaluate')) {
    if (NOT_OPTIONS.includes(field.key)) continue;
    const flag = `--${field.key.replaceAll('_', '-')}`;
    const words = field.description.replaceAll('`', '');
    if (field.type === 'list') command.option(`${flag} <items...>`, words);
    else if (field.type === 'boolean') command.option(`${flag} <yes|no>`, words, yesOrNo);
    else if (['integer', 'number'].includes(field.type)) command.option(`${flag} <n>`, words, number); // prettier-ignore
    else command.option(`${flag} <value>`, words, field.key === 'checkpoint' ? stepOrName : undefined!); // prettier-ignore
  }
  return command;
}

function number(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number.');
}

function yesOrNo(text: string): boolean {
  if (['yes', 'true', 'on'].includes(text)) return true;
  if (['no', 'false', 'off'].includes(text)) return false;
  throw new InvalidArgumentError('Say yes or no.');
}

const stepOrName = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

/**
 * A section with what options say over it.
 * @param written the section as a config has it, or nothing
 * @throws `evaluate.bad-option`
 */
export function withOptions(
  written: Partial<EvaluateConfig>,
  options: Readonly<Record<string, unknown>>,
): EvaluateConfig {
  const said = fieldsOf('evaluate').flatMap(({ key }) => {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (NOT_OPTIONS.includes(key) || options[name] === undefined) return [];
    return [[key, options[name]] as const];
  });
  const parsed = evaluateSchema.safeParse({ ...written, ...Object.fromEntries(said) });
  if (parsed.success) return parsed.data;
  const key = String(parsed.error.issues[0]?.path[0]);
  const field = fieldsOf('evaluate').find(each => each.key === key);
  return fail(
    'evaluate.bad-option',
    `--${key.replaceAll('_', '-')} must be ${field?.expects.replaceAll('`', '') ?? 'another value'}.`,
    { key: `evaluate.${key}` },
  );
}
