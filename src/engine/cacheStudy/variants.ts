/** Which ways of keeping caches a study tries, and what is exact in each. Pure. */
import {
  type StoreName,
  type StrategyName,
  type StudiedAdapter,
  type StudyResult,
  variantId,
} from '../../protocol/cacheStudy';
import type { CacheStudyConfig } from '../config/schema';
import { loraScale } from '../model/lora';
import { fail } from '../problem';
import { adaptedLinears, firstAdaptedLayer, keyValueRows } from './keyValueMaps';
import type { StudyAdapter } from './openAdapters';
import { isLowRank } from './rebuild';

/** A way of keeping caches; its name is that of its results. */
export type Tried = Pick<StudyResult, 'variant' | 'strategy' | 'store'> & {
  readonly rank: 'own' | number;
};

/** Every strategy; those that keep residuals with every store and rank. */
export function variantsOf({ strategies, store, ranks }: CacheStudyConfig): Tried[] {
  const stores: readonly StoreName[] = typeof store === 'string' ? [store] : [...new Set(store)];
  const widths: readonly ('own' | number)[] = ['own', ...new Set(ranks)];
  const tried = (strategy: StrategyName, kept: StoreName, rank: 'own' | number): Tried => ({
    ...{ strategy, store: kept, rank, variant: variantId(strategy, kept, rank) },
  });
  return [...new Set(strategies)].flatMap(strategy =>
    isLowRank(strategy)
      ? stores.flatMap(kept => widths.map(rank => tried(strategy, kept, rank)))
      : [tried(strategy, 'fp32', 'own')],
  );
}

/** @throws `cache.no-layer` */
export function chosenLayers({ layers }: CacheStudyConfig, count: number): ReadonlySet<number> {
  const outside = layers?.find(layer => layer >= count);
  if (outside !== undefined)
    fail(
      'cache.no-layer',
      `There is no layer ${outside}: the model has ${count}, numbered from 0.`,
      { key: 'cache_study.layers' },
    );
  return new Set(layers?.toSorted((a, b) => a - b) ?? Array.from({ length: count }, (_, i) => i));
}

export function adapterFacts({
  name,
  dir,
  hash,
  model,
}: StudyAdapter): Omit<StudiedAdapter, Measured> {
  const lora = model.lora!;
  const adapted = new Set(adaptedLinears(model));
  const rows = Array.from({ length: model.base.n_layer }, (_, i) => keyValueRows(model.base, i));
  return {
    ...{ adapter: name, dir, hash, r: lora.r, alpha: lora.alpha, scale: loraScale(lora) },
    targets: lora.targets,
    adapts_keys: rows.some(({ k }) => adapted.has(k.linear)),
    adapts_values: rows.some(({ v }) => adapted.has(v.linear)),
    first_layer: firstAdaptedLayer(model),
  };
}

/**
 * Where nothing is lost but rounding. Before the first adapted layer everything is the base's. That
 * layer's attention still has the base's input x, so K and V differ by s·B·A·x, which a residual over
 * the columns of B holds whole, and its pseudo-inverse finds. What that layer gives out differs, so
 * the next one's V = W·x' + s·B·A·x' differs by W·(x' − x), too: not in the columns of B.
 */
export function exactness(
  { model }: StudyAdapter,
  { strategy, store, rank }: Tried,
  kept: ReadonlySet<number>,
): (layer: number) => { k: boolean; v: boolean } {
  const first = firstAdaptedLayer(model);
  const adapted = new Set(adaptedLinears(model));
  const isWhole = store === 'fp32' && (rank === 'own' || rank >= model.lora!.r);
  return layer => {
    if (strategy === 'full' || layer < first) return { k: true, v: true };
    if (layer > first) return { k: false, v: false };
    const rows = keyValueRows(model.base, layer);
    const holds = (side: 'k' | 'v', linear: string) =>
      !adapted.has(linear) ||
      (isWhole &&
        kept.has(layer) &&
        isLowRank(strategy) &&
        (side === 'v' || strategy === 'lowrank-kv'));
    return { k: holds('k', rows.k.linear), v: holds('v', rows.v.linear) };
  };
}

type Measured = 'full_bytes' | 'perplexity' | 'prefill_seconds' | 'tokens_per_second_without_cache';
