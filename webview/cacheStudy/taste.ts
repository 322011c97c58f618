/** What the view remembers for itself: how its user likes to look at a study. No facts. */
import type { StoreName, StrategyName } from '../../src/protocol/cacheStudy';
import { storeNames, strategyNames } from '../../src/protocol/cacheStudy';

/** What the cells of the map say. */
export const measures = [
  'v_rel_l2',
  'k_rel_l2',
  'v_max_abs',
  'k_max_abs',
  'v_pcc',
  'k_pcc',
] as const;
export type Measure = (typeof measures)[number];

export interface Taste {
  /** Id of the study that is shown. */
  study: string | null;
  /** Id of the one it is compared with. */
  other: string | null;
  strategy: StrategyName;
  store: StoreName;
  /** "own" or a number. */
  rank: string;
  measure: Measure;
  /** Name of the adapter that is looked at; the first when there is none of the name. */
  adapter: string | null;
  layer: number;
  /** Errors by token instead of by adapter. */
  byToken: boolean;
  /** The plot as a table. */
  asTable: boolean;
}

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  const kept = (typeof memory === 'object' && memory !== null ? memory : {}) as Partial<
    Record<keyof Taste, unknown>
  >;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    study: text(kept.study),
    other: text(kept.other),
    strategy: strategyNames.find(name => name === kept.strategy) ?? 'lowrank-kv',
    store: storeNames.find(name => name === kept.store) ?? 'fp32',
    rank: text(kept.rank) ?? 'own',
    measure: measures.find(name => name === kept.measure) ?? 'v_rel_l2',
    adapter: text(kept.adapter),
    layer: typeof kept.layer === 'number' && kept.layer >= 0 ? Math.floor(kept.layer) : 0,
    byToken: kept.byToken === true,
    asTable: kept.asTable === true,
  };
}
