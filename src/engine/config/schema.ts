/**
 * The one typed schema of a Weightroom config: validation, defaults, JSON Schema, completion and
 * hover are all derived from it. Knows nothing of YAML text or of files.
 */
import * as z from 'zod';
import { adapterSchema } from './adapterSchema';
import { evaluateSchema } from './evaluateSchema';
import { scalingNames, storeNames, strategyNames } from '../../protocol/cacheStudy';

/**
 * What the schema says beyond its types, for messages and the editor: `x-expects` names the values
 * of a text key in words, `x-path` says that the value is a path relative to the config's folder.
 */
export interface FieldHints {
  'x-expects'?: string;
  'x-path'?: PathHint;
}

export interface PathHint {
  kind: 'file' | 'folder';
  /** Endings that a file picker should offer, without the dot. */
  extensions: string[];
}

const MAX_STEPS = 1e9;

const hints = (values: FieldHints): Record<string, unknown> => ({ ...values });
const dataFile = hints({
  'x-path': { kind: 'file', extensions: ['jsonl', 'txt', 'bin', 'parquet'] },
});

const count = (max: number) => z.number().int().min(1).max(max);
const stepsOrNever = () => z.number().int().min(0).max(MAX_STEPS);
const fraction = () => z.number().min(0).max(1);

export const slmSchema = z.strictObject({
  family: z
    .literal('slm')
    .describe('A small language model: a RoPE GPT with a head tied to the embedding.'),
  vocab_size: count(2 ** 31)
    .optional()
    .describe('Rows of the token embedding. Default: the vocabulary of the tokenizer.'),
  block_size: count(65536).default(256).describe('Longest context, in tokens.'),
  n_layer: count(512).default(4).describe('Transformer blocks.'),
  n_head: count(512).default(6).describe('Attention heads; must divide `n_embed`.'),
  n_embed: count(65536).default(384).describe('Width of the residual stream.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Probability of zeroing after the embedding, in attention and after the MLP.'),
  bias: z.boolean().default(false).describe('Biases in linear layers and layer norms.'),
});

export const fromSchema = z.strictObject({
  from: z
    .string()
    .min(1)
    .describe('Folder with `config.json` and `model.safetensors` to start from.')
    .meta({
      ...hints({ 'x-path': { kind: 'folder', extensions: [] } }),
      examples: ['models/base'],
    }),
  dropout: z.number().min(0).lt(1).optional().describe("Overrides the folder's dropout."),
});

export const dataSchema = z.strictObject({
  train: z
    .string()
    .min(1)
    .describe('Training data: `.jsonl`, `.txt`, `.parquet` (examples) or a token bin `.bin`.')
    .meta({ ...dataFile, examples: ['data/train.jsonl'] }),
  validation: z
    .string()
    .min(1)
    .optional()
    .describe('Validation data, as `train`. Without it, `validation_fraction` is held out.')
    .meta(dataFile),
  validation_fraction: z
    .number()
    .min(0)
    .lt(1)
    .default(0.05)
    .describe('Last part of the training examples held out when `validation` is absent.'),
  format: z
    .enum(['gsm8k', 'text', 'jsonl', 'chat', 'completion'])
    .optional()
    .describe(
      '`text`: plain text; `jsonl`: records with `text_field`; `gsm8k`: question/answer records; one stream of tokens each. `chat`: conversations, `completion`: prompts with completions; examples of which the answers are trained. Default: by file extension.',
    ),
  text_field: z.string().min(1).default('text').describe('Field of a `jsonl` record to train on.'),
  tokenizer: z
    .string()
    .regex(/^(model|gpt2|bytes|none|bpe:[1-9][0-9]{0,8})$/)
    .default('gpt2')
    .describe(
      '`model`: the one in the folder of `model.from`; `gpt2`; `bytes` (256 + end of text); `bpe:<size>`, trained on the data; `none` for token bins.',
    )
    .meta({
      ...hints({ 'x-expects': '`model`, `gpt2`, `bytes`, `bpe:<size>` or `none`' }),
      examples: ['gpt2', 'bytes', 'bpe:4096', 'model', 'none'],
    }),
  max_length: count(65536)
    .min(2)
    .optional()
    .describe(
      "Tokens of a row: windows are this long, longer examples are cut. Default: the model's context, of a folder's at most 1024.",
    ),
  system: z
    .string()
    .optional()
    .describe('System message of conversations that have none (`format: chat`).'),
  prompt: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What is asked, with fields of a record in braces. Default: `{prompt}`; in chats also `{question}`.',
    )
    .meta({ examples: ['"{question|strip}"'] }),
  completion: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What is answered, as `prompt`; filters: strip, digits, final, lower, upper. Default: `{completion}`; in chats also `{answer}`.',
    )
    .meta({ examples: ['"{explanation}\\n### {answer|digits}"'] }),
  train_on: z
    .enum(['completion', 'all'])
    .default('completion')
    .describe("Which tokens of an example are trained: the model's own, or all."),
  response_template: z
    .string()
    .min(1)
    .optional()
    .describe('Instead of by turns: what follows the last occurrence of this text is trained.'),
  packing: z
    .boolean()
    .default(true)
    .describe('Several short examples share a row, without seeing each other.'),
});

export const trainSchema = z.strictObject({
  max_steps: count(MAX_STEPS).default(1000).describe('Optimizer updates.'),
  epochs: z
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe('Times through the data, instead of `max_steps`.'),
  batch_size: count(65536).default(4).describe('Rows per micro-batch.'),
  gradient_accumulation: count(65536).default(1).describe('Micro-batches per update.'),
  optimizer: z
    .enum(['adamw', 'adamw8bit', 'paged_adamw8bit'])
    .default('adamw')
    .describe(
      '`adamw`; `adamw8bit` holds its moments in 8 bits by blocks of 256: a quarter of their memory; `paged_adamw8bit` keeps these on the disk, each in memory only while its parameter is updated.',
    ),
  gradient_checkpointing: z
    .boolean()
    .default(false)
    .describe(
      'Compute each block a second time for its gradient instead of keeping it: less memory, more time.',
    ),
  learning_rate: z.number().positive().default(1e-3).describe('Peak learning rate.'),
  schedule: z
    .enum(['cosine', 'linear', 'constant'])
    .default('cosine')
    .describe('How the learning rate falls after warm-up.'),
  warmup_steps: stepsOrNever().optional().describe('Steps of linear warm-up from 0.'),
  warmup_ratio: fraction().optional().describe('Warm-up as a share of `max_steps`.'),
  min_lr_ratio: fraction().default(0.1).describe('Last learning rate as a share of the peak.'),
  weight_decay: z.number().min(0).default(0).describe('Decoupled weight decay of AdamW.'),
  weight_decay_on: z
    .enum(['all', 'matrices'])
    .default('all')
    .describe('What decays: every weight, or matrices but no biases and norms.'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('AdamW β₁.'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('AdamW β₂.'),
  epsilon: z.number().positive().default(1e-8).describe('AdamW ε.'),
  clip_grad_norm: z.number().min(0).default(1).describe('Largest global gradient norm; 0 = off.'),
  eval_strategy: z
    .enum(['steps', 'epoch'])
    .default('steps')
    .describe('Evaluate every `eval_every` steps, or at the end of each epoch.'),
  eval_every: stepsOrNever()
    .default(250)
    .describe('Steps between evaluations; 0 = only at the end.'),
  eval_batches: count(1e6).default(20).describe('Batches of one evaluation.'),
  save_strategy: z
    .enum(['steps', 'epoch', 'best'])
    .default('steps')
    .describe(
      'Save every `save_every` steps, at the end of each epoch, or when an evaluation is the best.',
    ),
  save_every: stepsOrNever()
    .default(250)
    .describe('Steps between checkpoints; 0 = only at the end.'),
  keep_checkpoints: count(1000)
    .min(2)
    .default(3)
    .describe('Newest checkpoints kept, beside the best one.'),
  load_best_at_end: z
    .boolean()
    .default(false)
    .describe('The run ends with the checkpoint of the best evaluation, not with its last step.'),
  metric_for_best_model: z
    .enum(['loss', 'accuracy'])
    .default('loss')
    .describe(
      'What says which evaluation is best: the validation `loss`, or the `accuracy` of the likeliest token.',
    ),
  greater_is_better: z
    .boolean()
    .optional()
    .describe('Whether more of that metric is better. Default: of `accuracy`, not of `loss`.'),
  early_stopping_patience: count(1e6)
    .optional()
    .describe('Stop after so many evaluations in a row without a better one.'),
  early_stopping_threshold: z
    .number()
    .min(0)
    .default(0)
    .describe('An evaluation is better when its metric is better by more than this.'),
  sample_every: stepsOrNever().default(0).describe('Steps between samples; 0 = none.'),
  sample_prompt: z
    .string()
    .optional()
    .describe('Prompt of the samples. Default: a validation question.'),
  sample_tokens: count(65536).default(64).describe('Tokens per sample.'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1337)
    .describe('Seed of everything random.'),
  batch_order: z
    .string()
    .min(1)
    .optional()
    .describe('JSON file `[step][micro][row]` of start offsets into the training bin, to replay.')
    .meta(hints({ 'x-path': { kind: 'file', extensions: ['json'] } })),
});

const header = {
  weightroom: z.literal(1).describe('Version of this config format. Always the first key.'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/)
    .optional()
    .describe('Name of the run. Default: the file name.')
    .meta(hints({ 'x-expects': 'up to 64 letters, digits, `.`, `-` and `_`' })),
};
const device = z.enum(['cpu', 'webgpu']).default('cpu').describe('Where to compute.');

export const configSchema = z.strictObject({
  ...header,
  model: z.union([slmSchema, fromSchema]).describe('The model: a family with sizes, or `from`.'),
  data: dataSchema.describe('What to train on.'),
  train: trainSchema.prefault({}).describe('How to train.'),
  adapter: adapterSchema.optional().describe('Train an adapter instead of all weights.'),
  evaluate: evaluateSchema.optional().describe('How `weightroom evaluate` judges the model.'),
  device,
});

const modelFolder = hints({ 'x-path': { kind: 'folder', extensions: [] } });
const textFile = hints({ 'x-path': { kind: 'file', extensions: ['txt', 'md'] } });
const tokenIds = () => z.union([z.string().min(1), z.array(z.number().int().min(0)).min(1)]);
const idsHint = {
  ...hints({ 'x-expects': '`FILE.safetensors#name` or a list of token ids' }),
  examples: ['cache.safetensors#ids'],
};

export const cacheStudySchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe('The base model: a folder, a run, or the end of the name of a run beside this file.')
    .meta({ ...modelFolder, examples: ['models/base'] }),
  adapters: z
    .array(z.string().min(1))
    .min(1)
    .max(256)
    .describe("Adapters over it: folders in PEFT's format, runs, or ends of the names of runs.")
    .meta({ examples: ['[adapters/a, adapters/b]'] }),
  prefix: z
    .string()
    .min(1)
    .optional()
    .describe('What all adapters read first, and what is cached.')
    .meta({ examples: ['"You are a careful assistant."'] }),
  prefix_file: z
    .string()
    .min(1)
    .optional()
    .describe('Text file with the prefix, instead.')
    .meta(textFile),
  prefix_ids: tokenIds().optional().describe('Its token ids, instead.').meta(idsHint),
  question: z
    .string()
    .min(1)
    .optional()
    .describe(
      "What is read after the prefix; greedy texts begin behind it. Default: the continuation's first token.",
    ),
  question_file: z
    .string()
    .min(1)
    .optional()
    .describe('Text file with the question, instead.')
    .meta(textFile),
  question_ids: tokenIds().optional().describe('Its token ids, instead.').meta(idsHint),
  continuation: tokenIds()
    .optional()
    .describe(
      "What follows, on which distributions are compared. Default: each adapter's own greedy text.",
    )
    .meta(hints({ 'x-expects': 'text, `FILE.safetensors#name` or a list of token ids' })),
  continuation_file: z
    .string()
    .min(1)
    .optional()
    .describe('Text file with the continuation, instead.')
    .meta(textFile),
  continuation_ids: tokenIds().optional().describe('Its token ids, instead.').meta(idsHint),
  strategies: z
    .array(z.enum(strategyNames))
    .min(1)
    .default([...strategyNames])
    .describe(
      'How caches are kept: `full` for each adapter, `base` alone, or base with a residual: of V by the pseudo-inverse of B, of V or of K and V as z = A·x.',
    )
    .meta({ examples: [...strategyNames] }),
  store: z
    .union([z.enum(storeNames), z.array(z.enum(storeNames)).min(1)])
    .default('fp32')
    .describe('Numbers of the residuals; several to compare them: `[fp32, int8]`.')
    .meta({
      ...hints({ 'x-expects': '`fp32`, `fp16`, `int8` or a list of these' }),
      examples: [...storeNames],
    }),
  ranks: z
    .array(count(4096))
    .default([])
    .describe("Ranks to cut residuals to, beside each adapter's own.")
    .meta({ examples: [4] }),
  scaling: z
    .enum(scalingNames)
    .default('outside')
    .describe(
      'Whether `alpha / r` is `inside` the matrix that expands, or `outside` of it in what is kept.',
    ),
  layers: z
    .array(z.number().int().min(0).max(4095))
    .min(1)
    .optional()
    .describe("Layers that have a residual; the others are the base's. Default: all.")
    .meta({ examples: [0] }),
  tokens: count(65536).default(32).describe('New tokens of each greedy text.'),
});

/** A config that trains nothing: its section says what it is for. */
export const studyConfigSchema = z.strictObject({
  ...header,
  cache_study: cacheStudySchema.describe(
    'Compare ways of keeping the caches of many adapters over one base.',
  ),
  device,
});

/** A config that evaluates a model that is there. */
export const evaluationConfigSchema = z.strictObject({
  ...header,
  evaluate: evaluateSchema.describe('How `weightroom evaluate` judges the model.'),
  device,
});

/** Parts of a transformer block that an adapter can reach, as their names end. */
export const LINEAR_NAMES = ['attn.qkv', 'attn.proj', 'mlp.fc', 'mlp.proj'] as const;
/** Those of the other families, which a folder may hold. */
export const OTHER_LINEAR_NAMES = [
  ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map(name => `self_attn.${name}`),
  ...['gate_proj', 'up_proj', 'down_proj'].map(name => `mlp.${name}`),
  ...['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'],
];

export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;
export type { EvaluateConfig } from './evaluateSchema';
export type StudyConfig = z.infer<typeof studyConfigSchema>;
export type CacheStudyConfig = z.infer<typeof cacheStudySchema>;
export type RunConfig = z.infer<typeof configSchema>;
export type SlmConfig = z.infer<typeof slmSchema>;
export type DataConfig = z.infer<typeof dataSchema>;
export type TrainConfig = z.infer<typeof trainSchema>;
export type FromConfig = z.infer<typeof fromSchema>;
export type AdapterConfig = z.infer<typeof adapterSchema>;
