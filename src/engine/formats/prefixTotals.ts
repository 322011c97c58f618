/**
 * What tensors come to, by the parts of their names: a tree of dotted prefixes. Knows nothing of
 * files.
 */
import { sizeOf } from '../tensor/tensor';
import type { TensorEntry } from './tensorFile';

export interface Totals {
  readonly tensors: number;
  /** Elements; what is the same memory as an earlier tensor counts once. */
  readonly parameters: number;
  readonly bytes: number;
}

export interface PrefixTotals extends Totals {
  /** The whole prefix, without the dot that follows it; empty for all tensors. */
  readonly prefix: string;
  /** Empty where every tensor below stands by itself. */
  readonly parts: readonly PrefixTotals[];
}

interface Group {
  prefix: string;
  tensors: number;
  parameters: number;
  bytes: number;
  /** By next part of the name; a tensor that ends here is none. */
  groups: Map<string, Group>;
}

const newGroup = (prefix: string): Group => ({
  prefix,
  tensors: 0,
  parameters: 0,
  bytes: 0,
  groups: new Map(),
});

/** Levels of the tree: nobody looks further down, and a hostile name has no end. */
export const MAX_LEVELS = 12;

/**
 * Groups with a single part are as long as that part.
 * @param levels of names that are looked at
 */
export function prefixTotals(
  entries: ReadonlyMap<string, TensorEntry>,
  levels = MAX_LEVELS,
): PrefixTotals {
  const root = newGroup('');
  for (const [name, entry] of entries) {
    let group = root;
    count(group, entry);
    for (let level = 0, start = 0; level < levels; level++) {
      const end = name.indexOf('.', start);
      if (end < 0) break;
      const part = name.slice(start, end);
      let next = group.groups.get(part);
      if (next === undefined) group.groups.set(part, (next = newGroup(name.slice(0, end))));
      group = next;
      count(group, entry);
      start = end + 1;
    }
  }
  return { ...finished(root), prefix: '' };
}

function count(group: Group, { shape, bytes, sameAs }: TensorEntry): void {
  group.tensors++;
  if (sameAs !== undefined) return;
  group.parameters += sizeOf(shape);
  group.bytes += bytes;
}

function finished({ groups, ...totals }: Group): PrefixTotals {
  const parts = [...groups.values()];
  const [only, ...others] = parts;
  if (only && others.length === 0 && only.tensors === totals.tensors) return finished(only);
  return { ...totals, parts: parts.map(finished) };
}
