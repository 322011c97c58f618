/**
 * The SLM, defined once in terms of its parts: a GPT with rotary positions, pre-norm blocks and a
 * head tied to the embedding. Training, scoring and generation programs are derived from it.
 */
import type { Value } from '../graph/graph';
import { joinHeads, layerNorm, type ModelParts, splitHeads } from './parts';
import type { Rope } from './rotary';
import type { SlmShape } from './slmParameters';

const LAYER_NORM_EPSILON = 1e-5;
const ROPE_BASE = 10000;

export const slmRope = ({ n_embed, n_head }: SlmShape): Rope => ({
  headSize: n_embed / n_head,
  base: ROPE_BASE,
  scaling: { kind: 'none' },
});

/**
 * @param ids int64 [batch·time]
 * @returns the normalised hidden states [batch·time, n_embed]; logits are these times the embedding.
 */
export function slmHidden(parts: ModelParts, shape: SlmShape, ids: Value): Value {
  const { b } = parts;
  const norm = (x: Value, name: string) => layerNorm(parts, x, name, LAYER_NORM_EPSILON);
  const embedded = parts.embed(ids, 'token_emb.weight');
  let x = parts.dropout(embedded, 'embed', shape.dropout);
  for (let i = 0; i < shape.n_layer; i++)
    x = b.scope(`blocks.${i}`, () => {
      const y = b.add(x, attention(parts, shape, norm(x, `blocks.${i}.ln1`), i));
      return b.add(y, feedForward(parts, shape, norm(y, `blocks.${i}.ln2`), i));
    });
  return norm(x, 'ln_f');
}

function attention(parts: ModelParts, shape: SlmShape, x: Value, layer: number): Value {
  const { n_embed: C, n_head } = shape;
  const rope = slmRope(shape);
  const qkv = parts.linear(x, `blocks.${layer}.attn.qkv`);
  const [q, k, v] = parts.b.split(qkv, [C, C, C], 1).map(part => splitHeads(parts, part, n_head));
  const mixed = parts.attend({
    layer,
    q: parts.rotate(q!, rope),
    k: parts.rotate(k!, rope),
    v: v!,
    dropout: shape.dropout,
  });
  return parts.linear(joinHeads(parts, mixed), `blocks.${layer}.attn.proj`);
}

function feedForward(parts: ModelParts, shape: SlmShape, x: Value, layer: number): Value {
  const hidden = parts.b.gelu(parts.linear(x, `blocks.${layer}.mlp.fc`));
  const projected = parts.linear(hidden, `blocks.${layer}.mlp.proj`);
  return parts.dropout(projected, `${layer}.mlp`, shape.dropout);
}
