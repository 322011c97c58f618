/**
 * GPT-2 (Radford et al. 2019) as transformers names and computes it: learned positions, pre-norm
 * blocks, weights stored [in, out], a head tied to the embedding.
 */
import type { Value } from '../graph/graph';
import { joinHeads, layerNorm, type ModelParts, splitHeads } from './parts';
import type { ParameterSpec } from './slmParameters';

export interface Gpt2Shape {
  readonly family: 'gpt2';
  readonly vocab_size: number;
  readonly block_size: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_embed: number;
  readonly n_inner: number;
  readonly norm_epsilon: number;
  readonly activation: 'tanh' | 'exact';
  readonly tied: boolean;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly embedding_dropout: number;
}

const INIT_STD = 0.02;

export function gpt2Parameters(shape: Gpt2Shape): ParameterSpec[] {
  const { vocab_size: V, block_size: T, n_embed: C, n_inner, n_layer } = shape;
  const matrix = (name: string, rows: number, columns: number, linear = false): ParameterSpec => ({
    name,
    shape: [rows, columns],
    init: { kind: 'normal', std: INIT_STD },
    ...(linear && { linear: 'in-out' }),
  });
  const vector = (name: string, size: number, kind: 'ones' | 'zeros'): ParameterSpec => ({
    name,
    shape: [size],
    init: { kind },
  });
  const linear = (name: string, inp: number, out: number) => [
    matrix(`${name}.weight`, inp, out, true),
    vector(`${name}.bias`, out, 'zeros'),
  ];
  const norm = (name: string) => [
    vector(`${name}.weight`, C, 'ones'),
    vector(`${name}.bias`, C, 'zeros'),
  ];
  const block = (i: number) => [
    ...norm(`transformer.h.${i}.ln_1`),
    ...linear(`transformer.h.${i}.attn.c_attn`, C, 3 * C),
    ...linear(`transformer.h.${i}.attn.c_proj`, C, C),
    ...norm(`transformer.h.${i}.ln_2`),
    ...linear(`transformer.h.${i}.mlp.c_fc`, C, n_inner),
    ...linear(`transformer.h.${i}.mlp.c_proj`, n_inner, C),
  ];
  return [
    matrix('transformer.wte.weight', V, C),
    matrix('transformer.wpe.weight', T, C),
    ...Array.from({ length: n_layer }, (_, i) => block(i)).flat(),
    ...norm('transformer.ln_f'),
    ...(shape.tied ? [] : [matrix('lm_head.weight', V, C)]),
  ];
}

/**
 * @param ids int64 [batch·time]
 * @returns the normalised hidden states [batch·time, n_embed].
 */
export function gpt2Hidden(parts: ModelParts, shape: Gpt2Shape, ids: Value): Value {
  const { b } = parts;
  const norm = (x: Value, name: string) => layerNorm(parts, x, name, shape.norm_epsilon);
  const tokens = parts.embed(ids, 'transformer.wte.weight');
  const places = parts.embed(parts.positions(), 'transformer.wpe.weight');
  let x = parts.dropout(b.add(tokens, places), 'embed', shape.embedding_dropout);
  for (let i = 0; i < shape.n_layer; i++)
    x = b.scope(`h.${i}`, () => {
      const name = `transformer.h.${i}`;
      const y = b.add(x, attention(parts, shape, norm(x, `${name}.ln_1`), i));
      return b.add(y, feedForward(parts, shape, norm(y, `${name}.ln_2`), i));
    });
  return norm(x, 'transformer.ln_f');
}

function attention(parts: ModelParts, shape: Gpt2Shape, x: Value, layer: number): Value {
  const { n_embed: C, n_head } = shape;
  const name = `transformer.h.${layer}.attn`;
  const qkv = parts.linear(x, `${name}.c_attn`, 'in-out');
  const [q, k, v] = parts.b.split(qkv, [C, C, C], 1).map(part => splitHeads(parts, part, n_head));
  const dropout = shape.attention_dropout;
  const mixed = parts.attend({ layer, q: q!, k: k!, v: v!, dropout });
  const projected = parts.linear(joinHeads(parts, mixed), `${name}.c_proj`, 'in-out');
  return parts.dropout(projected, `${layer}.proj`, shape.dropout);
}

function feedForward(parts: ModelParts, shape: Gpt2Shape, x: Value, layer: number): Value {
  const { b } = parts;
  const name = `transformer.h.${layer}.mlp`;
  const inner = parts.linear(x, `${name}.c_fc`, 'in-out');
  const hidden = shape.activation === 'tanh' ? b.fastGelu(inner) : b.gelu(inner);
  const projected = parts.linear(hidden, `${name}.c_proj`, 'in-out');
  return parts.dropout(projected, `${layer}.mlp`, shape.dropout);
}
