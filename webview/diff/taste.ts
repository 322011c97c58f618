/** What the view remembers for itself: how its user likes to look at differences. No facts. */
import { type Profile, profileNames, profiles } from '../../src/protocol/diffMetrics';
import { type Show, shows, type Sorting, sortKeys } from './diffTable';
import { type MapMetric, mapMetrics } from './modelMap';

export interface Taste {
  /** As the sliders stand; named after a profile while it is one. */
  profile: Profile;
  metric: MapMetric;
  sorting: Sorting;
  words: string;
  show: Show;
  /** Pictures as tables. */
  asTable: boolean;
  /** Name of the parameter that is looked at. */
  chosen: string | null;
}

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  const kept = (typeof memory === 'object' && memory !== null ? memory : {}) as Partial<
    Record<keyof Taste, unknown>
  >;
  const { by, isDescending } = (kept.sorting ?? {}) as Partial<Record<keyof Sorting, unknown>>;
  return {
    profile: profileFrom(kept.profile),
    metric: oneOf(mapMetrics, kept.metric),
    sorting: { by: oneOf(sortKeys, by), isDescending: isDescending === true },
    words: typeof kept.words === 'string' ? kept.words : '',
    show: oneOf(shows, kept.show),
    asTable: kept.asTable === true,
    chosen: typeof kept.chosen === 'string' ? kept.chosen : null,
  };
}

/** Bounds that sliders can set. */
export const boundNames = ['pcc', 'relL2', 'maxAbs', 'ulp99'] as const;
export type BoundName = (typeof boundNames)[number];

function profileFrom(kept: unknown): Profile {
  const { name, ...bounds } = (kept ?? {}) as Partial<Record<keyof Profile, unknown>>;
  const known = profileNames.find(one => one === name);
  if (known) return profiles[known];
  if (name !== 'own') return profiles['tt-model'];
  const own = boundNames.flatMap(bound =>
    typeof bounds[bound] === 'number' ? [[bound, bounds[bound]] as const] : [],
  );
  return { name: 'own', ...Object.fromEntries(own) };
}

/** The first when it is none of them. */
const oneOf = <T extends string>(values: readonly [T, ...T[]], kept: unknown): T =>
  values.find(value => value === kept) ?? values[0];
