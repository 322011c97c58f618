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
  /** float32 [batch, kv heads, 1, capacity, head size]: the axis of one is that of the query heads. */
  readonly keys: Value;
  readonly values: Value;
  /** Added to the scores of each key, the new ones first: float32 [batch, 1, 1, time, time + capacity]. */
  readonly sight: Value;
  /** int64 [2]: time and capacity. */
  readonly columns: Value;
}

/**
 * New tokens see the cache, themselves and the new ones before them; one softmax over all. Each query
 * head is a product of its own, unscaled: for these the runtime has a loop that reads the keys of a
 * single row at the speed of memory. A scale that is one number it would join with the product again.
 */
export function attendPast(
  b: GraphBuilder,
  { q, k, v }: AttentionInputs,
  { keys, values, sight, columns }: PastOfLayer,
): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = q.shape;
  const shared = k.shape[1]!;
  const perHead = (x: Value, copies: number) => b.reshape(x, [batch, shared, copies, time, size]);
  const scale = b.shared('attention_scale', () =>
    lazyTensor('float32', [size], () => new Float32Array(size).fill(1 / Math.sqrt(size))),
  );
  const rows = b.mul(perHead(q, heads / shared), scale);
  const scores = [perHead(k, 1), keys].map(each => b.fusedMatMul(rows, each, { transB: 1 }));
  const weights = b.softmax(b.add(b.concat(scores, -1), sight));
  const [ofFresh, ofPast] = b.splitAs(weights, columns, -1) as [Value, Value];
  const mixed = b.add(b.matmul(ofPast, values), b.matmul(ofFresh, perHead(v, 1)));
  return b.reshape(mixed, [batch, heads, time, size]);
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
