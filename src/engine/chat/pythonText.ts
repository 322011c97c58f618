/** Values of a template as Python prints them: `None`, `True`, `1.0`, `['a']`. Pure. */
import type { Environment } from '@huggingface/jinja';

/** A value of the template engine, which has types of its own. */
export type Value = ReturnType<Environment['lookupVariable']>;

/** `str(value)` of Python. */
export function pythonText(value: Value): string {
  return value.type === 'StringValue' ? (value.value as string) : repr(value);
}

function repr({ type, value }: Value): string {
  switch (type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return '';
    case 'BooleanValue':
      return value ? 'True' : 'False';
    case 'StringValue':
      return quote(value as string);
    case 'FloatValue':
      return Number.isInteger(value) ? `${value as number}.0` : `${value as number}`;
    case 'ArrayValue':
      return `[${items(value).join(', ')}]`;
    case 'TupleValue': {
      const texts = items(value);
      return texts.length === 1 ? `(${texts[0]},)` : `(${texts.join(', ')})`;
    }
    case 'ObjectValue':
      return `{${Array.from(value as Map<string, Value>, ([key, each]) => `${quote(key)}: ${repr(each)}`).join(', ')}}`;
    case 'IntegerValue':
      return `${value as number}`;
    default:
      return `<${type}>`; // a function; Python tells its address
  }
}

const items = (value: unknown): string[] => (value as Value[]).map(repr);

/** Single quotes, unless the text has those and no double ones. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(mark, `\\${mark}`);
  return `${mark}${escaped}${mark}`;
}
