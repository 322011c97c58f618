/** The model families: for each, its parameters, its definition and its head. */
import type { Value } from '../graph/graph';
import { gpt2Hidden, gpt2Parameters, type Gpt2Shape } from './gpt2';
import { llamaHidden, llamaParameters, llamaRope, type LlamaShape } from './llama';
import type { ModelParts } from './parts';
import type { Rope } from './rotary';
import { slmHidden, slmRope } from './slm';
import { type ParameterSpec, slmParameters, type SlmShape } from './slmParameters';

/** Sizes and settings of a model without adapter; an SLM may leave its family out. */
export type BaseShape = SlmShape | Gpt2Shape | LlamaShape;

interface Family<S extends BaseShape> {
  parameters(shape: S): ParameterSpec[];
  /** Normalised hidden states [batch·time, n_embed] of ids int64 [batch·time]. */
  hidden(parts: ModelParts, shape: S, ids: Value): Value;
  /** The embedding of tokens, [vocab, n_embed]. */
  embedding: string;
  /** How positions turn heads; absent where positions are learned. */
  rope?(shape: S): Rope;
}

const slm: Family<SlmShape> = {
  parameters: slmParameters,
  hidden: slmHidden,
  embedding: 'token_emb.weight',
  rope: slmRope,
};
const gpt2: Family<Gpt2Shape> = {
  parameters: gpt2Parameters,
  hidden: gpt2Hidden,
  embedding: 'transformer.wte.weight',
};
const llama: Family<LlamaShape> = {
  parameters: llamaParameters,
  hidden: llamaHidden,
  embedding: 'model.embed_tokens.weight',
  rope: llamaRope,
};

/** Calls `use` with the family of a shape and the shape as that family's. */
function inFamily<T>(shape: BaseShape, use: <S extends BaseShape>(f: Family<S>, s: S) => T): T {
  if (shape.family === 'gpt2') return use(gpt2, shape);
  return isSlm(shape) ? use(slm, shape) : use(llama, shape);
}

export const isSlm = (shape: BaseShape): shape is SlmShape =>
  shape.family === undefined || shape.family === 'slm';

export const familyParameters = (shape: BaseShape): ParameterSpec[] =>
  inFamily(shape, (family, s) => family.parameters(s));

export const hiddenStates = (parts: ModelParts, shape: BaseShape, ids: Value): Value =>
  inFamily(shape, (family, s) => family.hidden(parts, s, ids));

export const ropeOf = (shape: BaseShape): Rope | undefined =>
  inFamily(shape, (family, s) => family.rope?.(s));

export const embeddingName = (shape: BaseShape): string =>
  inFamily(shape, family => family.embedding);

/** The matrix [vocab, n_embed] that makes logits of hidden states: the embedding when tied. */
export const headName = (shape: BaseShape): string =>
  'tied' in shape && !shape.tied ? 'lm_head.weight' : embeddingName(shape);

/** Heads of keys and values, and their size: what a cache holds per token and layer. */
export const cacheShape = (shape: BaseShape): { heads: number; size: number } =>
  'n_kv_head' in shape
    ? { heads: shape.n_kv_head, size: shape.head_size }
    : { heads: shape.n_head, size: shape.n_embed / shape.n_head };
