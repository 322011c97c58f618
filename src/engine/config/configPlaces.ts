/**
 * Turns key paths and ranges of a config's text into places that a problem can carry. Knows the
 * tree of the text, not what its keys mean.
 */
import type { Place } from '../problem';
import { entryAt } from './yamlTree';
import type { Range, YamlNode } from './yamlTree';

/** Finds a key path's place: of its value or its key when written, else of the section's key. */
export type PlaceOf = (keyPath: string, part?: 'key' | 'value') => Place;

export function placesIn(text: string, root: YamlNode | undefined, file?: string): PlaceOf {
  const firstLine: Range = [0, text.split('\n', 1).join('').trimEnd().length];
  const rangeOf = (path: readonly string[], part: 'key' | 'value'): Range => {
    if (path.length === 0) return (root?.kind === 'map' && root.entries[0]?.keyRange) || firstLine;
    const entry = entryAt(root, path);
    if (!entry) return rangeOf(path.slice(0, -1), 'key');
    const [start, end] = entry.value.range;
    return part === 'key' || start === end ? entry.keyRange : entry.value.range;
  };
  return (keyPath, part = 'value') => ({
    ...placeAt(text, rangeOf(keyPath === '' ? [] : keyPath.split('.'), part), file),
    ...(keyPath !== '' && { key: keyPath }),
  });
}

export function placeAt(text: string, range: Range, file?: string): Place {
  const line = text.slice(0, range[0]).split('\n').length;
  return { ...(file !== undefined && { file }), range, line };
}
