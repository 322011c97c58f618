/** What the view remembers for itself: how its user likes to look at samples. No facts. */
import { filters, type Filter, sortKeys, type Sorting } from './sampleTable';

export const opposites = ['expected', 'baseline'] as const;
/** What an answer is shown against. */
export type Opposite = (typeof opposites)[number];

export interface Taste {
  readonly filter: Filter;
  readonly words: string;
  readonly sorting: Sorting;
  /** Index of the sample that is looked at. */
  readonly chosen: number | null;
  readonly isExpanded: boolean;
  readonly opposite: Opposite;
  /** The reference's tokens, tinted by how surprising they were. */
  readonly showsTokens: boolean;
  /** Scores as a table instead of pictures. */
  readonly asTable: boolean;
  /** The evaluation it is held against. */
  readonly baseline: string | null;
}

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  const kept = (typeof memory === 'object' && memory !== null ? memory : {}) as Partial<
    Record<keyof Taste, unknown>
  >;
  const { by, isDescending } = (kept.sorting ?? {}) as Partial<Record<keyof Sorting, unknown>>;
  return {
    filter: oneOf(filters, kept.filter),
    words: typeof kept.words === 'string' ? kept.words : '',
    sorting: { by: oneOf(sortKeys, by), isDescending: isDescending === true },
    chosen: typeof kept.chosen === 'number' ? kept.chosen : null,
    isExpanded: kept.isExpanded === true,
    opposite: oneOf(opposites, kept.opposite),
    showsTokens: kept.showsTokens === true,
    asTable: kept.asTable === true,
    baseline: typeof kept.baseline === 'string' ? kept.baseline : null,
  };
}

/** The first when it is none of them. */
const oneOf = <T extends string>(values: readonly [T, ...T[]], kept: unknown): T =>
  values.find(value => value === kept) ?? values[0];
