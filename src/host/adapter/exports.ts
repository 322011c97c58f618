/** What the view of adapters shows, as JSON and as a table for other programs. Pure. */
import { quoted } from '../../curves/csv';
import { type AdapterEntry, type PairOverlap, shareOf } from '../../protocol/adapterView';

export interface ShownAdapters {
  readonly first: AdapterEntry;
  readonly second: AdapterEntry | null;
  /** Of the layers that both change. */
  readonly overlap: PairOverlap['layers'];
}

export function layersJson({ first, second, overlap }: ShownAdapters): string {
  const adapters = [first, ...(second ? [second] : [])].map(entry => {
    const { name, path, adapter } = entry;
    const layers = (adapter?.layers ?? []).map((layer, at) => ({
      ...layer,
      share: shareOf(entry, at),
    }));
    return { name, path, ...adapter, layers };
  });
  return `${JSON.stringify({ adapters, ...(second && { overlap }) }, null, 1)}\n`;
}

const NUMBERS = ['norm', 'share', 'largest', 'effective_rank'];
type Cells = readonly (string | number)[];

/** A row a layer; a second adapter's columns end in `_2`. Empty where there is no number. */
export function layersCsv({ first, second, overlap }: ShownAdapters): string {
  const heads = second
    ? ['layer', ...NUMBERS, ...NUMBERS.map(name => `${name}_2`), 'cosine', 'subspace']
    : ['layer', ...NUMBERS];
  const overlaps = new Map(overlap.map(each => [each.layer, each]));
  const [one, other] = [numbersOf(first), second && numbersOf(second)];
  const none = NUMBERS.map(() => '');
  const rows = [...new Set([...one.keys(), ...(other?.keys() ?? [])])].map((layer): Cells => {
    const { cosine = '', subspace = '' } = overlaps.get(layer) ?? {};
    const more = other ? [...(other.get(layer) ?? none), cosine, subspace] : [];
    return [quoted(layer), ...(one.get(layer) ?? none), ...more];
  });
  return [heads, ...rows].map(row => `${row.join(',')}\n`).join('');
}

/** By layer. */
const numbersOf = (entry: AdapterEntry): ReadonlyMap<string, Cells> =>
  new Map(
    (entry.adapter?.layers ?? []).map(({ layer, norm, largest, effectiveRank }, at) => [
      layer,
      [norm, shareOf(entry, at) ?? '', largest, effectiveRank],
    ]),
  );
