/** What each way of keeping caches takes and gives over all adapters of a study. Pure. */
import type { StudiedAdapter, StudyResult, VariantSummary } from '../../protocol/cacheStudy';

type Tried = Pick<VariantSummary, 'variant' | 'strategy' | 'store' | 'rank'>;

export function summarise(
  variants: readonly Tried[],
  adapters: readonly StudiedAdapter[],
  results: readonly StudyResult[],
  baseBytes: number,
): VariantSummary[] {
  const full = adapters.reduce((sum, { full_bytes }) => sum + full_bytes, 0);
  const summaries = variants.map(tried => {
    const own = results.filter(({ variant }) => variant === tried.variant);
    const mean = (of: (result: StudyResult) => number) =>
      own.reduce((sum, result) => sum + of(result), 0) / own.length;
    const shared = tried.strategy === 'full' ? 0 : baseBytes;
    const total = own.reduce((sum, { bytes }) => sum + bytes, shared);
    return {
      ...{ variant: tried.variant, strategy: tried.strategy, store: tried.store, rank: tried.rank },
      shared_bytes: shared,
      total_bytes: total,
      ratio: full / total,
      break_even: breakEven(
        shared,
        mean(r => r.bytes),
        full / adapters.length,
      ),
      kl: mean(r => r.kl),
      top1_agreement: mean(r => r.top1_agreement),
      build_seconds: mean(r => r.build_seconds),
      expand_seconds: mean(r => r.expand_seconds),
      tokens_per_second: mean(r => r.tokens_per_second),
    };
  });
  return summaries.map(summary => ({
    ...summary,
    on_front: !summaries.some(other => isBetter(other, summary)),
  }));
}

/** The smallest n with shared + n·own < n·full; null when there is none. */
export function breakEven(shared: number, own: number, full: number): number | null {
  if (!(own < full)) return null;
  return Math.floor(shared / (full - own)) + 1;
}

type Costs = Pick<VariantSummary, 'total_bytes' | 'kl'>;

/** In no respect worse, and better in one (Pareto). */
const isBetter = (a: Costs, b: Costs): boolean =>
  a.total_bytes <= b.total_bytes && a.kl <= b.kl && (a.total_bytes < b.total_bytes || a.kl < b.kl);
