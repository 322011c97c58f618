/**
 * Hugging Face's `config.json` as sizes of a family and back. What this engine does not compute
 * exactly is refused by the name of its key, never guessed. Knows nothing of files.
 */
import * as z from 'zod';
import type { Gpt2Shape } from './gpt2';
import type { LlamaShape } from './llama';
import type { RopeScaling } from './rotary';

/** @param key of the config that cannot be served */
export type RefuseConfig = (key: string, why: string) => never;

const count = z.int().positive();
const share = z.number().min(0).lt(1);

/** Settings whose other values change what is computed in ways that no family here knows. */
const common = {
  architectures: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
};
interface Common {
  architectures?: string[] | null | undefined;
  quantization_config?: unknown;
}

const gpt2Config = z.object({
  ...common,
  vocab_size: count,
  n_positions: count.optional(),
  n_ctx: count.optional(),
  n_embd: count,
  n_layer: count,
  n_head: count,
  n_inner: count.nullish(),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  resid_pdrop: share.default(0.1),
  embd_pdrop: share.default(0.1),
  attn_pdrop: share.default(0.1),
});

const ropeParameters = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count.optional(),
});

const llamaConfig = z.object({
  ...common,
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: count,
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeParameters.nullish(),
  rope_parameters: ropeParameters.nullish(),
  partial_rotary_factor: z.number().nullish(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  attention_dropout: share.default(0),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().optional(),
  tie_word_embeddings: z.boolean().default(false),
});

const llamaFamilies = ['llama', 'qwen2', 'mistral'] as const;
type LlamaFamily = LlamaShape['family'];
const isLlamaFamily = (type: string): type is LlamaFamily =>
  (llamaFamilies as readonly string[]).includes(type);

/** `model_type`s that can be opened, besides `slm`. */
export const HF_MODEL_TYPES: readonly string[] = ['gpt2', ...llamaFamilies];

/** @throws what `refuse` throws, with the key */
export function parseHfConfig(
  json: unknown,
  modelType: string,
  refuse: RefuseConfig,
): Gpt2Shape | LlamaShape {
  if (modelType === 'gpt2') return gpt2Shape(parse(gpt2Config, json, refuse), refuse);
  if (!isLlamaFamily(modelType))
    return refuse(
      'model_type',
      `"${modelType}" is no model this engine computes; it knows slm, ${HF_MODEL_TYPES.join(', ')}`,
    );
  return llamaShape(modelType, parse(llamaConfig, json, refuse), refuse);
}

function parse<T extends Common>(schema: z.ZodType<T>, json: unknown, refuse: RefuseConfig): T {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(issue?.path.join('.') ?? '', issue?.message ?? 'it does not fit');
  }
  const { architectures, quantization_config } = parsed.data;
  if (quantization_config !== undefined && quantization_config !== null)
    refuse(
      'quantization_config',
      'its weights are stored quantised by another program; open the original model and quantise it here',
    );
  const other = architectures?.find(name => !/(ForCausalLM|LMHeadModel)$/.test(name));
  if (other !== undefined)
    refuse('architectures', `${other} has no language-model head, so it cannot predict tokens`);
  return parsed.data;
}

function gpt2Shape(c: z.infer<typeof gpt2Config>, refuse: RefuseConfig): Gpt2Shape {
  const positions = c.n_positions ?? c.n_ctx ?? refuse('n_positions', 'it is missing');
  const activations: Record<string, Gpt2Shape['activation']> = {
    gelu_new: 'tanh',
    gelu_pytorch_tanh: 'tanh',
    gelu: 'exact',
  };
  const activation = Object.hasOwn(activations, c.activation_function)
    ? activations[c.activation_function]!
    : refuse('activation_function', `"${c.activation_function}" is not one of the GELUs`);
  if (!c.scale_attn_weights) refuse('scale_attn_weights', 'unscaled attention is not computed');
  if (c.scale_attn_by_inverse_layer_idx)
    refuse('scale_attn_by_inverse_layer_idx', 'scaling by layer is not computed');
  if (c.add_cross_attention) refuse('add_cross_attention', 'cross-attention is not computed');
  requireDivisible(c.n_embd, c.n_head, 'n_embd', refuse);
  return {
    family: 'gpt2',
    vocab_size: c.vocab_size,
    block_size: positions,
    n_layer: c.n_layer,
    n_head: c.n_head,
    n_embed: c.n_embd,
    n_inner: c.n_inner ?? 4 * c.n_embd,
    norm_epsilon: c.layer_norm_epsilon,
    activation,
    tied: c.tie_word_embeddings,
    dropout: c.resid_pdrop,
    attention_dropout: c.attn_pdrop,
    embedding_dropout: c.embd_pdrop,
  };
}

function llamaShape(
  family: LlamaFamily,
  c: z.infer<typeof llamaConfig>,
  refuse: RefuseConfig,
): LlamaShape {
  if (c.hidden_act !== 'silu')
    refuse('hidden_act', `"${c.hidden_act}" is not computed in this family, only silu`);
  if (
    c.partial_rotary_factor !== undefined &&
    c.partial_rotary_factor !== null &&
    c.partial_rotary_factor !== 1
  )
    refuse('partial_rotary_factor', 'heads that are turned in part are not computed');
  const heads = c.num_attention_heads;
  const shared = c.num_key_value_heads ?? heads;
  requireDivisible(heads, shared, 'num_attention_heads', refuse);
  if (!c.head_dim) requireDivisible(c.hidden_size, heads, 'hidden_size', refuse);
  const head_size = c.head_dim ?? c.hidden_size / heads;
  if (head_size % 2 !== 0) refuse('head_dim', `heads of ${head_size} cannot be turned in halves`);
  const rope_scaling = ropeScaling(c, refuse);
  const longest =
    rope_scaling.kind === 'dynamic'
      ? Math.floor(rope_scaling.original * rope_scaling.factor)
      : c.max_position_embeddings;
  const windowed = family === 'mistral' || c.use_sliding_window === true;
  return {
    family,
    vocab_size: c.vocab_size,
    // Within its window a model with sliding attention is one with full attention.
    block_size: windowed && c.sliding_window ? Math.min(longest, c.sliding_window) : longest,
    n_layer: c.num_hidden_layers,
    n_head: heads,
    n_kv_head: shared,
    head_size,
    n_embed: c.hidden_size,
    n_inner: c.intermediate_size,
    norm_epsilon: c.rms_norm_eps,
    rope_base: c.rope_theta ?? c.rope_parameters?.rope_theta ?? 10000,
    rope_scaling,
    tied: c.tie_word_embeddings,
    qkv_bias: family === 'qwen2' || c.attention_bias,
    output_bias: family !== 'qwen2' && c.attention_bias,
    mlp_bias: c.mlp_bias,
    dropout: c.attention_dropout,
  };
}

function ropeScaling(c: z.infer<typeof llamaConfig>, refuse: RefuseConfig): RopeScaling {
  const given = c.rope_scaling ?? c.rope_parameters;
  const key = c.rope_scaling ? 'rope_scaling' : 'rope_parameters';
  const kind = given?.rope_type ?? given?.type ?? 'default';
  if (!given || kind === 'default') return { kind: 'none' };
  const factor = given.factor ?? refuse(`${key}.factor`, 'it is missing');
  const original = given.original_max_position_embeddings;
  if (kind === 'linear') return { kind, factor };
  if (kind === 'dynamic') return { kind, factor, original: original ?? c.max_position_embeddings };
  if (kind === 'llama3')
    return {
      kind,
      factor,
      lowFrequencyFactor:
        given.low_freq_factor ?? refuse(`${key}.low_freq_factor`, 'it is missing'),
      highFrequencyFactor:
        given.high_freq_factor ?? refuse(`${key}.high_freq_factor`, 'it is missing'),
      original: original ?? refuse(`${key}.original_max_position_embeddings`, 'it is missing'),
    };
  return refuse(key, `"${kind}" is not computed; linear, dynamic and llama3 are`);
}

function requireDivisible(n: number, by: number, key: string, refuse: RefuseConfig): void {
  if (n % by !== 0) refuse(key, `${n} does not divide into ${by} heads`);
}

/** The config that transformers reads for these sizes. */
export function hfConfigOf(shape: Gpt2Shape | LlamaShape): Record<string, unknown> {
  return shape.family === 'gpt2' ? gpt2ConfigOf(shape) : llamaConfigOf(shape);
}

const gpt2ConfigOf = (s: Gpt2Shape) => ({
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: s.vocab_size,
  n_positions: s.block_size,
  n_embd: s.n_embed,
  n_layer: s.n_layer,
  n_head: s.n_head,
  n_inner: s.n_inner,
  activation_function: s.activation === 'tanh' ? 'gelu_new' : 'gelu',
  layer_norm_epsilon: s.norm_epsilon,
  tie_word_embeddings: s.tied,
  resid_pdrop: s.dropout,
  embd_pdrop: s.embedding_dropout,
  attn_pdrop: s.attention_dropout,
  torch_dtype: 'float32',
});

const llamaArchitectures: Record<LlamaFamily, string> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  mistral: 'MistralForCausalLM',
};

const llamaConfigOf = (s: LlamaShape) => ({
  architectures: [llamaArchitectures[s.family]],
  model_type: s.family,
  vocab_size: s.vocab_size,
  hidden_size: s.n_embed,
  intermediate_size: s.n_inner,
  num_hidden_layers: s.n_layer,
  num_attention_heads: s.n_head,
  num_key_value_heads: s.n_kv_head,
  head_dim: s.head_size,
  hidden_act: 'silu',
  max_position_embeddings:
    s.rope_scaling.kind === 'dynamic' ? s.rope_scaling.original : s.block_size,
  rms_norm_eps: s.norm_epsilon,
  rope_theta: s.rope_base,
  rope_scaling: ropeScalingOf(s.rope_scaling),
  ...(s.family === 'mistral' && { sliding_window: null }),
  ...(s.family === 'llama' && { attention_bias: s.qkv_bias, mlp_bias: s.mlp_bias }),
  attention_dropout: s.dropout,
  tie_word_embeddings: s.tied,
  torch_dtype: 'float32',
});

function ropeScalingOf(scaling: RopeScaling): Record<string, unknown> | null {
  switch (scaling.kind) {
    case 'none':
      return null;
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor };
    case 'dynamic':
      return {
        rope_type: 'dynamic',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.original,
      };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.original,
      };
  }
}
