/**
 * Llama (Touvron et al. 2023) and the models of its form: Qwen2 has biases on queries, keys and
 * values, Mistral only other numbers. Rotary positions, root-mean-square norms, gated feed-forward
 * layers, key and value heads that query heads share.
 */
import type { Value } from '../graph/graph';
import { joinHeads, type ModelParts, splitHeads } from './parts';
import type { Rope, RopeScaling } from './rotary';
import type { ParameterSpec } from './slmParameters';

export interface LlamaShape {
  readonly family: 'llama' | 'qwen2' | 'mistral';
  readonly vocab_size: number;
  readonly block_size: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_kv_head: number;
  readonly head_size: number;
  readonly n_embed: number;
  readonly n_inner: number;
  readonly norm_epsilon: number;
  readonly rope_base: number;
  readonly rope_scaling: RopeScaling;
  readonly tied: boolean;
  readonly qkv_bias: boolean;
  readonly output_bias: boolean;
  readonly mlp_bias: boolean;
  /** Of the attention weights, which is all the dropout there is. */
  readonly dropout: number;
}

const INIT_STD = 0.02;

export const llamaRope = ({ head_size, rope_base, rope_scaling }: LlamaShape): Rope => ({
  headSize: head_size,
  base: rope_base,
  scaling: rope_scaling,
});

export function llamaParameters(shape: LlamaShape): ParameterSpec[] {
  const { vocab_size: V, n_embed: C, n_inner, n_layer, qkv_bias, mlp_bias } = shape;
  const [Q, KV] = [shape.n_head * shape.head_size, shape.n_kv_head * shape.head_size];
  const normal = { kind: 'normal', std: INIT_STD } as const;
  const linear = (name: string, out: number, inp: number, bias: boolean): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [out, inp], init: normal, linear: 'out-in' },
    ...(bias ? [{ name: `${name}.bias`, shape: [out], init: { kind: 'zeros' as const } }] : []),
  ];
  const norm = (name: string): ParameterSpec => ({
    name: `${name}.weight`,
    shape: [C],
    init: { kind: 'ones' },
  });
  const layer = (i: number) => {
    const name = `model.layers.${i}`;
    return [
      norm(`${name}.input_layernorm`),
      ...linear(`${name}.self_attn.q_proj`, Q, C, qkv_bias),
      ...linear(`${name}.self_attn.k_proj`, KV, C, qkv_bias),
      ...linear(`${name}.self_attn.v_proj`, KV, C, qkv_bias),
      ...linear(`${name}.self_attn.o_proj`, C, Q, shape.output_bias),
      norm(`${name}.post_attention_layernorm`),
      ...linear(`${name}.mlp.gate_proj`, n_inner, C, mlp_bias),
      ...linear(`${name}.mlp.up_proj`, n_inner, C, mlp_bias),
      ...linear(`${name}.mlp.down_proj`, C, n_inner, mlp_bias),
    ];
  };
  return [
    { name: 'model.embed_tokens.weight', shape: [V, C], init: normal },
    ...Array.from({ length: n_layer }, (_, i) => layer(i)).flat(),
    norm('model.norm'),
    ...(shape.tied ? [] : [{ name: 'lm_head.weight', shape: [V, C], init: normal }]),
  ];
}

/**
 * @param ids int64 [batch·time]
 * @returns the normalised hidden states [batch·time, n_embed].
 */
export function llamaHidden(parts: ModelParts, shape: LlamaShape, ids: Value): Value {
  const { b } = parts;
  const norm = (x: Value, name: string) => rmsNorm(parts, x, name, shape.norm_epsilon);
  let x = parts.embed(ids, 'model.embed_tokens.weight');
  for (let i = 0; i < shape.n_layer; i++)
    x = b.scope(`layers.${i}`, () => {
      const name = `model.layers.${i}`;
      const y = b.add(x, attention(parts, shape, norm(x, `${name}.input_layernorm`), i));
      return b.add(y, feedForward(parts, norm(y, `${name}.post_attention_layernorm`), i));
    });
  return norm(x, 'model.norm');
}

function rmsNorm({ b, parameter }: ModelParts, x: Value, name: string, epsilon: number): Value {
  const inputs = [x, parameter(`${name}.weight`)];
  return b.one('SimplifiedLayerNormalization', inputs, { axis: -1, epsilon });
}

function attention(parts: ModelParts, shape: LlamaShape, x: Value, layer: number): Value {
  const rope = llamaRope(shape);
  const name = `model.layers.${layer}.self_attn`;
  const heads = (part: string, n: number) =>
    splitHeads(parts, parts.linear(x, `${name}.${part}_proj`), n);
  const mixed = parts.attend({
    layer,
    q: parts.rotate(heads('q', shape.n_head), rope),
    k: parts.rotate(heads('k', shape.n_kv_head), rope),
    v: heads('v', shape.n_kv_head),
    dropout: shape.dropout,
  });
  return parts.linear(joinHeads(parts, mixed), `${name}.o_proj`);
}

function feedForward(parts: ModelParts, x: Value, layer: number): Value {
  const { b } = parts;
  const name = `model.layers.${layer}.mlp`;
  const gate = b.silu(parts.linear(x, `${name}.gate_proj`));
  return parts.linear(b.mul(gate, parts.linear(x, `${name}.up_proj`)), `${name}.down_proj`);
}
