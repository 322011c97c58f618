/** What ttml calls the settings of a model, and which it has no setting for. Pure. */
import { type BaseShape, isSlm } from '../model/families';
import type { Gpt2Shape } from '../model/gpt2';
import type { LlamaShape } from '../model/llama';
import { fail } from '../problem';
import { TILE, toTiles } from './ttmlLayout';

/** As `ttmlDevice.py` takes it. */
export interface TtmlModel {
  readonly family: 'llama' | 'gpt2';
  /** Fields of LlamaConfig or NanoGPTConfig. */
  readonly settings: Readonly<Record<string, number | boolean>>;
  readonly tied: boolean;
  /** Of its norms. */
  readonly epsilon: number;
  /** Fields of LlamaRopeScalingConfig. */
  readonly ropeScaling?: Readonly<Record<string, number>>;
  /** Parameters that ttml's model has beyond this one's, and that change nothing as zeros. */
  readonly zeros: RegExp;
}

const NONE = /^$/;

/** @throws `device.no-layout`, `device.ttml-model` naming what ttml has no setting for */
export function ttmlModelOf(base: BaseShape): TtmlModel {
  if (isSlm(base))
    return fail(
      'device.no-layout',
      'ttml has no module for the SLM: it holds GPT-2 and Llama. Choose a model of these.',
    );
  const problems = base.family === 'gpt2' ? problemsOfGpt2(base) : problemsOfLlama(base);
  if (base.n_embed % TILE !== 0)
    problems.push(`its width of ${base.n_embed} is not a multiple of ${TILE}`);
  if (problems.length > 0)
    fail(
      'device.ttml-model',
      `ttml cannot hold this model: ${problems.join('; ')}. Compare with its layout instead: --device tenstorrent.`,
    );
  return base.family === 'gpt2' ? gpt2Of(base) : llamaOf(base);
}

const problemsOfGpt2 = (base: Gpt2Shape): string[] =>
  base.n_inner === 4 * base.n_embed
    ? []
    : [`its inner width is ${base.n_inner}, and ttml's always four times ${base.n_embed}`];

function problemsOfLlama({ rope_scaling, ...base }: LlamaShape): string[] {
  const problems: string[] = [];
  if (!['none', 'llama3'].includes(rope_scaling.kind))
    problems.push(`its rotary positions are scaled "${rope_scaling.kind}"`);
  if (base.head_size * base.n_head !== base.n_embed)
    problems.push(`its ${base.n_head} heads of ${base.head_size} are not ${base.n_embed} wide`);
  if (base.mlp_bias) problems.push('its gates have biases');
  return problems;
}

const gpt2Of = (base: Gpt2Shape): TtmlModel => ({
  family: 'gpt2',
  settings: {
    vocab_size: toTiles(base.vocab_size),
    block_size: base.block_size,
    n_embd: base.n_embed,
    n_layer: base.n_layer,
    n_head: base.n_head,
    dropout: 0,
    bias: true,
  },
  tied: base.tied,
  epsilon: base.norm_epsilon,
  zeros: NONE,
});

function llamaOf({ rope_scaling: scaling, ...base }: LlamaShape): TtmlModel {
  return {
    family: 'llama',
    settings: {
      hidden_size: base.n_embed,
      intermediate_size: base.n_inner,
      num_hidden_layers: base.n_layer,
      num_attention_heads: base.n_head,
      num_key_value_heads: base.n_kv_head,
      vocab_size: toTiles(base.vocab_size),
      max_position_embeddings: toTiles(base.block_size),
      rope_theta: base.rope_base,
      ...(base.qkv_bias && { attention_bias: true }),
    },
    tied: base.tied,
    epsilon: base.norm_epsilon,
    ...(scaling.kind === 'llama3' && {
      ropeScaling: {
        scaling_factor: scaling.factor,
        high_freq_factor: scaling.highFrequencyFactor,
        low_freq_factor: scaling.lowFrequencyFactor,
        original_context_length: scaling.original,
      },
    }),
    // its attention_bias is of all four layers, Qwen2's of three
    zeros: base.output_bias ? NONE : /\/attention\/out_linear\/bias$/,
  };
}
