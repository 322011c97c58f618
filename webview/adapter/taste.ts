/** What the view remembers for itself: how its user likes to look at adapters. No facts. */
import { type Metric, metrics, type Side, type Sorting } from './adapterRows';

export interface Taste {
  readonly metric: Metric;
  /** Whose numbers colour the map, of two. */
  readonly side: Side;
  readonly sorting: Sorting;
  readonly words: string;
  /** The spectrum as a table. */
  readonly asTable: boolean;
  /** Name of the layer that is looked at. */
  readonly chosen: string | null;
  /** Places of the adapters that are shown. */
  readonly first: number;
  readonly second: number | null;
}

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  const kept = (typeof memory === 'object' && memory !== null ? memory : {}) as Partial<
    Record<keyof Taste, unknown>
  >;
  const { by, side, isDescending } = (kept.sorting ?? {}) as Partial<
    Record<keyof Sorting, unknown>
  >;
  return {
    metric: metrics.find(one => one === kept.metric) ?? 'norm',
    side: sideFrom(kept.side),
    sorting: {
      by: metrics.find(one => one === by) ?? 'layer',
      side: sideFrom(side),
      isDescending: isDescending === true,
    },
    words: typeof kept.words === 'string' ? kept.words : '',
    asTable: kept.asTable === true,
    chosen: typeof kept.chosen === 'string' ? kept.chosen : null,
    first: typeof kept.first === 'number' ? kept.first : 0,
    second: typeof kept.second === 'number' ? kept.second : 1,
  };
}

const sideFrom = (kept: unknown): Side => (kept === 'second' ? 'second' : 'first');
