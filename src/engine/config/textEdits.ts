/**
 * Edits to a config's text by key path, in whichever style the text is written: indented lines or
 * braces. Pure; returns edits and applies none.
 */
import { childrenOf, entryAt } from './yamlTree';
import type { Range, YamlEntry, YamlNode } from './yamlTree';

export interface TextEdit {
  readonly range: Range;
  readonly newText: string;
}

export interface EditableText {
  readonly text: string;
  readonly root: YamlNode | undefined;
}

const replace = (range: Range, newText: string): TextEdit => ({ range, newText });

/** Writes a value: in place of the one there, else as a new entry of its section. */
export function writeValue(
  source: EditableText,
  path: readonly string[],
  value: string,
): TextEdit[] {
  const entry = entryAt(source.root, path);
  if (!entry) return insertEntry(source, path, value);
  const [start, end] = entry.value.range;
  if (start < end) return [replace([start, end], value)];
  const afterKey = source.text.indexOf(':', entry.keyRange[1]) + 1;
  return [replace([afterKey, afterKey], ` ${value}`)];
}

function insertEntry(source: EditableText, path: readonly string[], value: string): TextEdit[] {
  const { text, root } = source;
  const entry = `${path.at(-1)}: ${value}`;
  const section = path.length === 1 ? root : entryAt(root, path.slice(0, -1))?.value;
  if (section?.kind !== 'map') return [];
  const start = section.range[0];
  if (text[start] === '{') {
    const isEmpty = section.entries.length === 0;
    return [replace([start + 1, start + 1], isEmpty ? ` ${entry} ` : ` ${entry},`)];
  }
  if (path.length === 1) {
    const separator = text.endsWith('\n') ? '' : '\n';
    return [replace([text.length, text.length], `${separator}${entry}\n`)];
  }
  const indent = text.slice(lineStart(text, start), start);
  return [replace([start, start], `${entry}\n${indent}`)];
}

/** Removes an entry: its lines, or its part of the braces with one comma. */
export function removeEntry({ text }: EditableText, { keyRange, value }: YamlEntry): TextEdit[] {
  const [start, end] = [keyRange[0], Math.max(keyRange[1], value.range[1])];
  const isOnOwnLine = text.slice(lineStart(text, start), start).trim() === '';
  const comma = /^\s*,[ \t]*/.exec(text.slice(end));
  if (isOnOwnLine && !comma) return [replace([lineStart(text, start), lineEnd(text, end)], '')];
  if (comma) return [replace([start, end + comma[0].length], '')];
  const before = /,\s*$/.exec(text.slice(0, start));
  return [replace([start - (before?.[0].length ?? 0), end], '')];
}

/** Makes an entry of the top level the first one, with this value. */
export function putFirst(source: EditableText, key: string, value: string): TextEdit[] {
  const { text, root } = source;
  const written = entryAt(root, [key]);
  const first = childrenOf(root)[0];
  if (first && text[root?.range[0] ?? 0] === '{') {
    const at = (root?.range[0] ?? 0) + 1;
    const removal = written ? removeEntry(source, written) : [];
    return [replace([at, at], ` ${key}: ${value},`), ...removal];
  }
  const start = first ? lineStart(text, first.keyRange[0]) : text.length;
  const separator = start === 0 || text[start - 1] === '\n' ? '' : '\n';
  const insertion = replace([start, start], `${separator}${key}: ${value}\n`);
  return [insertion, ...(written ? removeEntry(source, written) : [])];
}

function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return text[start] === '\uFEFF' ? start + 1 : start;
}

function lineEnd(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const newline = text.indexOf('\n', offset);
  return newline < 0 ? text.length : newline + 1;
}
