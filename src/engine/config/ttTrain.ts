/**
 * tt-train's YAML (`training_config` with `transformer_config`, `device_config` …) as sizes of a model
 * and of its training, with the problems that its README has only in prose. Keys that it does not
 * know are left alone: versions differ. After tt-train/configs/README.md.
 */
import * as z from 'zod';
import type { Gpt2Shape } from '../model/gpt2';
import type { LlamaShape } from '../model/llama';
import type { RopeScaling } from '../model/rotary';
import type { Problem } from '../problem';
import { placeAt, placesIn, type PlaceOf } from './configPlaces';
import { ttTrainProblems } from './ttTrainRules';
import { childrenOf, parseYaml, valueOf, type YamlNode } from './yamlTree';

const count = z.int().positive();
const flag = z.boolean();

export const OPTIMIZERS = [
  'AdamW',
  'AdamWFullPrecision',
  'MorehAdamW',
  'AdamWComposite',
  'SGD',
  'SGDComposite',
  'NoOp',
] as const;

const optimizer = z.looseObject({
  type: z.enum(OPTIMIZERS).default('AdamW'),
  momentum: z.number().default(0),
  amsgrad: flag.default(false),
  stochastic_rounding: flag.default(false),
  kahan_summation: flag.default(false),
});

const transformer = z.looseObject({
  model_type: z.enum(['gpt2', 'llama']).default('gpt2'),
  runner_type: z.enum(['default', 'memory_efficient']).default('default'),
  num_heads: count.default(6),
  embedding_dim: count.default(384),
  dropout_prob: z.number().min(0).lt(1).default(0.2),
  num_blocks: count.default(6),
  vocab_size: count.default(96),
  max_sequence_length: count.default(128),
  weight_tying: z
    .union([flag, z.enum(['enabled', 'disabled'])])
    .default(false)
    .transform(tying => tying === true || tying === 'enabled'),
  intermediate_dim: count.nullish(),
  theta: z.number().positive().nullish(),
  num_groups: count.nullish(),
  embedding_placement: z.enum(['replicated', 'vocab_parallel', 'feature_parallel']).nullish(),
  rope_scaling: z
    .looseObject({
      scaling_factor: z.number().nullish(),
      high_freq_factor: z.number().nullish(),
      low_freq_factor: z.number().nullish(),
      original_context_length: count.nullish(),
    })
    .nullish(),
});

const training = z.looseObject({
  project_name: z.string().optional(),
  batch_size: count.default(4),
  gradient_accumulation_steps: count.default(1),
  max_steps: count.default(1000),
  num_epochs: count.default(1),
  use_clip_grad_norm: flag.default(false),
  model_config: z.string().optional(),
  scheduler_type: z.enum(['identity', 'warmup_linear']).default('identity'),
  tokenizer_type: z.enum(['char', 'bpe']).default('char'),
  optimizer: optimizer.prefault({}),
  transformer_config: transformer.optional(),
});

const config = z.looseObject({
  training_config: training.prefault({}),
  transformer_config: transformer.optional(),
  device_config: z
    .looseObject({
      mesh_shape: z.tuple([count, count]).default([1, 1]),
      enable_ddp: flag.default(false),
      enable_tp: flag.default(false),
    })
    .prefault({}),
  multihost_config: z.looseObject({ enabled: flag.default(false) }).prefault({}),
  lora_config: z
    .looseObject({
      r: count.optional(),
      rank: count.optional(),
      target_modules: z.union([z.string(), z.array(z.string())]).optional(),
    })
    .nullish(),
});

export type TtTransformer = z.infer<typeof transformer>;
export type TtTrain = z.infer<typeof config> & {
  /** Wherever it stands: in the file, or in the one that it names. */
  readonly transformer?: TtTransformer | undefined;
  /** Key path of the model's section in the text; undefined when it is in another file. */
  readonly transformerKey?: string | undefined;
};

export interface ReadTtTrain {
  /** Undefined when any problem is an error. */
  readonly config: TtTrain | undefined;
  readonly problems: readonly Problem[];
  readonly placeOf: PlaceOf;
}

/** Whether a YAML file is one of tt-train's: it has one of its sections at the top level. */
export function isTtTrainConfig(text: string): boolean {
  return /^(training_config|transformer_config)[ \t]*:/m.test(text);
}

/** @param readModelConfig text of the file that `training_config.model_config` names, if it is there */
export function readTtTrain(
  text: string,
  {
    file,
    readModelConfig,
  }: { file?: string; readModelConfig?: (path: string) => string | undefined } = {},
): ReadTtTrain {
  const { root, problems: syntax, isWellFormed } = parseYaml(text);
  const placeOf = placesIn(text, root, file);
  const problems: Problem[] = syntax.map(({ code, message, range }) => ({
    code: `tt-train.${code}`,
    severity: 'error',
    message,
    where: placeAt(text, range, file),
  }));
  if (!isWellFormed || root?.kind !== 'map') return { config: undefined, problems, placeOf };
  const parsed = config.safeParse(valueOf(root));
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(issue => mistakeOf(issue, placeOf));
    return { config: undefined, problems: [...problems, ...mistakes], placeOf };
  }
  const own = ownTransformer(root, parsed.data);
  const named = own.transformer ? {} : namedTransformer(parsed.data, readModelConfig, placeOf);
  if (named.problem) problems.push(named.problem);
  const whole: TtTrain = { ...parsed.data, ...own, ...(named.transformer && named) };
  problems.push(...ttTrainProblems(whole, key => placeOf(key)));
  const isSound = problems.every(({ severity }) => severity !== 'error');
  return { config: isSound ? whole : undefined, problems, placeOf };
}

function ownTransformer(
  root: YamlNode,
  { training_config, transformer_config }: z.infer<typeof config>,
): Pick<TtTrain, 'transformer' | 'transformerKey'> {
  const inside = training_config.transformer_config;
  if (inside) return { transformer: inside, transformerKey: 'training_config.transformer_config' };
  const isThere = childrenOf(root).some(({ key }) => key === 'transformer_config');
  return isThere ? { transformer: transformer_config, transformerKey: 'transformer_config' } : {};
}

function namedTransformer(
  { training_config: { model_config: path } }: z.infer<typeof config>,
  read: ((path: string) => string | undefined) | undefined,
  placeOf: PlaceOf,
): { transformer?: TtTransformer; problem?: Problem } {
  if (path === undefined || path === '' || !read) return {};
  const where = placeOf('training_config.model_config');
  const error = (code: string, message: string): { problem: Problem } => ({
    problem: { code: `tt-train.${code}`, severity: 'error', message, where },
  });
  const text = read(path);
  if (text === undefined)
    return error(
      'no-model-config',
      `${path} is neither beside this file, nor above it, nor in $TT_METAL_HOME/tt-train. Set TT_METAL_HOME, or write the path from this file.`,
    );
  const tree = parseYaml(text);
  const parsed = config.safeParse(tree.root && valueOf(tree.root));
  if (tree.isWellFormed && parsed.success && parsed.data.transformer_config)
    return { transformer: parsed.data.transformer_config };
  return error('bad-model-config', `${path} holds no sound \`transformer_config\`.`);
}

function mistakeOf({ path, message }: z.core.$ZodIssue, placeOf: PlaceOf): Problem {
  const key = path.map(String).join('.');
  return {
    code: 'tt-train.bad-value',
    severity: 'error',
    message: `\`${key}\` does not fit: ${message}.`,
    where: placeOf(key),
  };
}

/** As ttml's Llama rounds it when no `intermediate_dim` is given. */
const defaultInner = (embedding: number): number => Math.ceil((4 * embedding * 2) / 3 / 256) * 256;

/** The model in the terms of this engine. */
export function shapeOfTransformer(t: TtTransformer): Gpt2Shape | LlamaShape {
  const common = {
    vocab_size: t.vocab_size,
    block_size: t.max_sequence_length,
    n_layer: t.num_blocks,
    n_head: t.num_heads,
    n_embed: t.embedding_dim,
    tied: t.weight_tying,
    dropout: t.dropout_prob,
    norm_epsilon: 1e-5,
  };
  if (t.model_type === 'gpt2')
    return {
      ...common,
      family: 'gpt2',
      n_inner: 4 * t.embedding_dim,
      activation: 'exact',
      attention_dropout: t.dropout_prob,
      embedding_dropout: t.dropout_prob,
    };
  return {
    ...common,
    family: 'llama',
    n_kv_head: t.num_groups ?? t.num_heads,
    head_size: t.embedding_dim / t.num_heads,
    n_inner: t.intermediate_dim ?? defaultInner(t.embedding_dim),
    rope_base: t.theta ?? 10000,
    rope_scaling: scalingOf(t.rope_scaling),
    qkv_bias: false,
    output_bias: false,
    mlp_bias: false,
  };
}

function scalingOf(s: TtTransformer['rope_scaling']): RopeScaling {
  const { scaling_factor, low_freq_factor, high_freq_factor, original_context_length } = s ?? {};
  if (!scaling_factor || !low_freq_factor || !high_freq_factor || !original_context_length)
    return { kind: 'none' };
  return {
    kind: 'llama3',
    factor: scaling_factor,
    lowFrequencyFactor: low_freq_factor,
    highFrequencyFactor: high_freq_factor,
    original: original_context_length,
  };
}
