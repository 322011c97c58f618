/**
 * Causal attention as graphs: over a whole sequence, or over new tokens and a cache of past keys and
 * values. Several query heads may share a key and value head (grouped-query attention).
 */
import type { GraphBuilder, Value } from '../graph/graph';
import { lazyTensor } from '../tensor/tensor';
import type { AttentionInputs } from './parts';

/** Finite, so that a fully masked row could not become NaN; far below any score. */
export const MASKED = -1e30;

export interface FullAttention {
  /** Added to the scores of each key, float32 [batch, 1, 1, time]. */
  readonly padding: Value | undefined;
  /** Instead of all before it, what each token sees: added to the scores, float32 [batch, 1, time, time]. */
  readonly sight?: Value | undefined;
  readonly dropout: (weights: Value, site: string, p: number) => Value;
}

/** Every token sees itself and those before it, unless `sight` says otherwise. */
export function attendFully(
  b: GraphBuilder,
  { layer, q, k, v, dropout }: AttentionInputs,
  { padding, sight, dropout: drop }: FullAttention,
): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = q.shape;
  const shared = k.shape[1]!;
  const rows = (heads / shared) * time; // query rows that see the same keys
  const grouped = b.reshape(q, [batch, shared, rows, size]);
  const scores = b.fusedMatMul(grouped, k, { transB: 1, alpha: 1 / Math.sqrt(size) });
  const perHead = [batch, heads, time, time];
  let masked = b.add(b.reshape(scores, perHead), sight ?? causalMask(b, time, 1));
  if (padding) masked = b.add(masked, padding);
  const weights = drop(b.softmax(masked), `${layer}.attn`, dropout);
  const mixed = b.matmul(b.reshape(weights, [batch, shared, rows, time]), v);
  return b.reshape(mixed, [batch, heads, time, size]);
}

export interface PastOfLayer {
  /** float32 [batch, kv heads, capacity, head size] */
  readonly keys: Value;
  readonly values: Value;
  /** Added to the scores of each cached key, float32 [batch, 1, 1, capacity]. */
  readonly mask: Value;
  /** Added to the scores of each new key, float32 [batch, 1, 1, time]; absent when all count. */
  readonly padding: Value | undefined;
}

/** New tokens see the cache, themselves and the new ones before them; one softmax over all. */
export function attendPast(
  b: GraphBuilder,
  { q, k, v }: AttentionInputs,
  { keys, values, mask, padding }: PastOfLayer,
): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = q.shape;
  const shared = k.shape[1]!;
  const rows = (heads / shared) * time;
  const { grouped, alpha } = scaledRows(b, b.reshape(q, [batch, shared, rows, size]));
  const past = b.add(b.fusedMatMul(grouped, keys, { transB: 1, alpha }), mask);
  let fresh = b.fusedMatMul(grouped, k, { transB: 1, alpha });
  if (time > 1) fresh = b.add(fresh, causalMask(b, time, heads / shared));
  if (padding) fresh = b.add(fresh, padding);
  // The new columns come first: how many old ones there are is open.
  const weights = b.softmax(b.concat([fresh, past], -1));
  const ofFresh = b.slice(weights, -1, 0, time);
  const ofPast = b.sliceFrom(weights, -1, time);
  const mixed = b.add(b.matmul(ofPast, values), b.matmul(ofFresh, v));
  return b.reshape(mixed, [batch, heads, time, size]);
}

/**
 * What products with keys are multiplied by, 1/√size. For a single row the runtime has a loop that
 * reads keys at the speed of memory, but only for products that are not scaled. It would join a scale
 * that is one number with the product again.
 */
function scaledRows(b: GraphBuilder, grouped: Value): { grouped: Value; alpha: number } {
  const [rows, size] = grouped.shape.slice(2) as [number, number];
  const alpha = 1 / Math.sqrt(size);
  if (rows > 1) return { grouped, alpha };
  const scale = b.shared('attention_scale', () =>
    lazyTensor('float32', [size], () => new Float32Array(size).fill(alpha)),
  );
  return { grouped: b.mul(grouped, scale), alpha: 1 };
}

/** [copies·time, time]: 0 where a token sees another, far below where it does not. */
function causalMask(b: GraphBuilder, time: number, copies: number): Value {
  const visible = (i: number) => i % time <= Math.floor(i / time) % time;
  return b.shared(copies === 1 ? 'causal_mask' : `causal_mask_${copies}`, () =>
    lazyTensor('float32', [copies * time, time], () =>
      Float32Array.from({ length: copies * time * time }, (_, i) => (visible(i) ? 0 : MASKED)),
    ),
  );
}
