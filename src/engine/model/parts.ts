/**
 * What a model's definition is written in: it names its parameters, its linear layers and where it
 * attends; the program that is derived from it decides where weights come from, which layers are
 * adapted, what dropout does and which keys and values are seen.
 */
import type { GraphBuilder, Value } from '../graph/graph';
import type { Rope } from './rotary';

/** A linear layer's weight is [out, in] in PyTorch's `Linear`, [in, out] in GPT-2's `Conv1D`. */
export type LinearLayout = 'out-in' | 'in-out';

export interface AttentionInputs {
  readonly layer: number;
  /** [batch, heads, time, head size], rotated. */
  readonly q: Value;
  /** [batch, kv heads, time, head size], rotated; heads are a multiple of kv heads. */
  readonly k: Value;
  readonly v: Value;
  /** Dropout of the attention weights. */
  readonly dropout: number;
}

export interface ModelParts {
  readonly b: GraphBuilder;
  readonly batch: number;
  readonly time: number;
  parameter(name: string): Value;
  hasParameter(name: string): boolean;
  /** Rows `ids` int64 [rows] of the table `name` → [rows, width]. */
  embed(ids: Value, name: string): Value;
  /** x·Wᵀ + bias of the linear layer `name`, adapted if it is a target. x is [rows, in]. */
  linear(x: Value, name: string, layout?: LinearLayout): Value;
  /** Drops with probability `p` at the named site when the program trains. */
  dropout(x: Value, site: string, p: number): Value;
  /** Turns heads [batch, heads, time, size] by their positions. */
  rotate(x: Value, rope: Rope): Value;
  /** Position of each token, int64 [batch·time], for models that learn them. */
  positions(): Value;
  /** Causal softmax(q·kᵀ/√size)·v → [batch, heads, time, head size]. */
  attend(inputs: AttentionInputs): Value;
}

/** [batch·time, heads·size] → [batch, heads, time, size]. */
export function splitHeads({ b, batch, time }: ModelParts, x: Value, heads: number): Value {
  const size = x.shape[1]! / heads;
  if (time === 1) return b.reshape(x, [batch, heads, 1, size]); // the same order
  return b.transpose(b.reshape(x, [batch, time, heads, size]), [0, 2, 1, 3]);
}

/** [batch, heads, time, size] → [batch·time, heads·size]. */
export function joinHeads({ b, batch, time }: ModelParts, x: Value): Value {
  const width = x.shape[1]! * x.shape[3]!;
  if (time === 1) return b.reshape(x, [batch, width]);
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [batch * time, width]);
}

export function layerNorm(parts: ModelParts, x: Value, name: string, epsilon: number): Value {
  const bias = `${name}.bias`;
  const inputs = [x, parts.parameter(`${name}.weight`)];
  if (parts.hasParameter(bias)) inputs.push(parts.parameter(bias));
  return parts.b.one('LayerNormalization', inputs, { axis: -1, epsilon });
}
