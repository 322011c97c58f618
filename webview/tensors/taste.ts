/** What the view remembers for itself: how its user likes to look at tensors. No facts. */
import type { Sorting } from './tensorTable';
import { sortKeys } from './tensorTable';

export const panes = ['tensor', 'totals', 'metadata'] as const;
export type Pane = (typeof panes)[number];

export const heats = ['value', 'size'] as const;
/** Colours by the value itself, or by its distance from 0. */
export type Heat = (typeof heats)[number];

export interface Taste {
  sorting: Sorting;
  words: string;
  pane: Pane;
  heat: Heat;
  /** Pictures as tables. */
  asTable: boolean;
  /** Name of the tensor that is looked at. */
  chosen: string | null;
}

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  const kept = (typeof memory === 'object' && memory !== null ? memory : {}) as Partial<
    Record<keyof Taste, unknown>
  >;
  return {
    sorting: sortingFrom(kept.sorting),
    words: typeof kept.words === 'string' ? kept.words : '',
    pane: oneOf(panes, kept.pane),
    heat: oneOf(heats, kept.heat),
    asTable: kept.asTable === true,
    chosen: typeof kept.chosen === 'string' ? kept.chosen : null,
  };
}

function sortingFrom(kept: unknown): Sorting {
  const { by, isDescending } = (kept ?? {}) as Partial<Record<keyof Sorting, unknown>>;
  return { by: oneOf(sortKeys, by), isDescending: isDescending === true };
}

/** The first when it is none of them. */
const oneOf = <T extends string>(values: readonly [T, ...T[]], kept: unknown): T =>
  values.find(value => value === kept) ?? values[0];
