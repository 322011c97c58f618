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
  let masked = b.add(b.reshape(scores, perHead), sight ?? causalMask(b, time));
  if (padding) masked = b.add(masked, padding);
  const weights = drop(b.softmax(masked), `${layer}.attn`, dropout);
  const mixed = b.matmul(b.reshape(weights, [batch, shared, rows, time]), v);
  return b.reshape(mixed, [batch, heads, time, size]);
}

export interface PastOfLayer {
  /** float32 [batch, kv heads, 1, capacity, head size]: the axis of one is the query heads' that share them. */
  readonly keys: Value;
  readonly values: Value;
  /** Added to the scores of each cached key, float32 [batch, 1, 1, 1, capacity]. */
  readonly mask: Value;
  /** Added to the scores of each new key, float32 [batch, 1, 1, time]; absent when all count. */
  readonly padding: Value | undefined;
}

/**
 * New tokens see the cache, themselves and the new ones before them; one softmax over all. Each query
 * head is a product of its own: for one row the runtime has a loop that reads at the speed of memory.
 */
export function attendPast(
  b: GraphBuilder,
  { q, k, v }: AttentionInputs,
  { keys, values, mask, padding }: PastOfLayer,
): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = q.shape;
  const shared = k.shape[1]!;
  const perHead = (x: Value, copies: number) => b.reshape(x, [batch, shared, copies, time, size]);
  const { rows, alpha } = scaledRows(b, perHead(q, heads / shared));
  const past = b.add(b.fusedMatMul(rows, keys, { transB: 1, alpha }), mask);
  let fresh = b.fusedMatMul(rows, perHead(k, 1), { transB: 1, alpha });
  if (time > 1) fresh = b.add(fresh, causalMask(b, time));
  if (padding) fresh = b.add(fresh, b.reshape(padding, [batch, 1, 1, 1, time]));
  // The new columns come first: how many old ones there are is open.
  const weights = b.softmax(b.concat([fresh, past], -1));
  const ofFresh = b.slice(weights, -1, 0, time);
  const ofPast = b.sliceFrom(weights, -1, time);
  const mixed = b.add(b.matmul(ofPast, values), b.matmul(ofFresh, perHead(v, 1)));
  return b.reshape(mixed, [batch, heads, time, size]);
}

/**
 * What products with keys are multiplied by, 1/√size. The runtime's loop for a single row is only for
 * products that are not scaled, and it would join a scale that is one number with the product again.
 */
function scaledRows(b: GraphBuilder, rows: Value): { rows: Value; alpha: number } {
  const [time, size] = rows.shape.slice(-2) as [number, number];
  const alpha = 1 / Math.sqrt(size);
  if (time > 1) return { rows, alpha };
  const scale = b.shared('attention_scale', () =>
    lazyTensor('float32', [size], () => new Float32Array(size).fill(alpha)),
  );
  return { rows: b.mul(rows, scale), alpha: 1 };
}

/** [time, time]: 0 where a token sees another, far below where it does not. */
function causalMask(b: GraphBuilder, time: number): Value {
  const visible = (i: number) => i % time <= Math.floor(i / time);
  return b.shared('causal_mask', () =>
    lazyTensor('float32', [time, time], () =>
      Float32Array.from({ length: time * time }, (_, i) => (visible(i) ? 0 : MASKED)),
    ),
  );
}
