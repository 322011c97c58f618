/**
 * What a run will take before it starts: steps, tokens, parameters, memory, disk, and whether that
 * fits. Pure arithmetic on a config and facts; starts nothing and reads nothing.
 */
import { hasExamples } from '../config/dataKinds';
import { rowLength } from '../config/rowLength';
import type { RunConfig, TrainConfig } from '../config/schema';
import type { ModelShape } from '../model/programs';
import {
  adapterParameters,
  baseParameters,
  modelWith,
  trainableParameters,
} from '../model/programs';
import type { ParameterSpec } from '../model/slmParameters';
import type { Problem } from '../problem';
import { sizeOf } from '../tensor/tensor';
import { memoryOf } from './memoryModel';
import type { MemoryParts } from './memoryModel';
import { planWarnings } from './planWarnings';
import type { PlanFacts, TokenCount } from './planFacts';

export interface Plan {
  readonly steps: number;
  /** Of a run in epochs over data that is not tokenized yet. */
  readonly isStepsEstimate: boolean;
  readonly tokensPerStep: number;
  readonly tokens: number;
  readonly trainTokens: TokenCount;
  readonly validationTokens: TokenCount | undefined;
  /** How often the run goes through its data. */
  readonly epochs: number;
  readonly parameters: {
    readonly total: number;
    readonly trainable: number;
    readonly byPart: readonly { readonly name: string; readonly count: number }[];
  };
  readonly memoryBytes: MemoryParts;
  readonly diskBytes: {
    readonly checkpoint: number;
    /** Checkpoints that are kept at once at most, one being written. */
    readonly checkpoints: number;
    /** The whole run folder at its largest. */
    readonly run: number;
  };
  readonly free: { readonly memory: number; readonly disk: number };
  readonly warnings: readonly Problem[];
}

export function planRun(config: RunConfig, facts: PlanFacts): Plan {
  const { train, adapter } = config;
  const model: ModelShape = modelWith(facts.model, adapter);
  const time = rowLength(config, facts.model.block_size);
  const tokensPerStep = train.batch_size * train.gradient_accumulation * time;
  const steps =
    train.epochs === undefined
      ? train.max_steps
      : Math.ceil((train.epochs * facts.trainTokens.count) / tokensPerStep);
  const tokens = tokensPerStep * steps;
  const plan = {
    steps,
    isStepsEstimate: train.epochs !== undefined && facts.trainTokens.isEstimate,
    tokensPerStep,
    tokens,
    trainTokens: facts.trainTokens,
    validationTokens: facts.validationTokens,
    epochs: tokens / Math.max(1, facts.trainTokens.count),
    parameters: parametersOf(model),
    memoryBytes: memoryFor(model, { ...train, segmented: hasExamples(config.data) }, time),
    diskBytes: diskFor(config, model, steps),
    free: { memory: facts.freeMemory, disk: facts.freeDisk },
  };
  return { ...plan, warnings: planWarnings(plan, { config, model, time, memoryFor }) };
}

/** In memory between steps. */
const MOMENT_BITS = { adamw: 32, adamw8bit: 8, paged_adamw8bit: 0 } as const;

/** What of a config decides the memory of a step. */
export type MemorySettings = Pick<
  TrainConfig,
  'batch_size' | 'gradient_accumulation' | 'gradient_checkpointing' | 'optimizer'
> & { readonly segmented?: boolean };

export function memoryFor(
  model: ModelShape,
  train: MemorySettings,
  /** Tokens of a row. */
  time: number,
): MemoryParts {
  const batch = { batch: train.batch_size, time };
  return memoryOf({
    ...{ model, batch },
    accumulates: train.gradient_accumulation > 1,
    recomputes: train.gradient_checkpointing,
    segmented: train.segmented ?? false,
    momentBits: MOMENT_BITS[train.optimizer],
  });
}

/** Names of parameters → the part of the model that they belong to. */
const PARTS: readonly [part: string, name: RegExp][] = [
  ['adapter', /\.lora_[AB]$/],
  ['token embedding', /(^token_emb|\.embed_tokens|\.wte)\./],
  ['position embedding', /\.wpe\./],
  ['attention', /\.(self_)?attn\./],
  ['MLP', /\.mlp\./],
  ['norms', /(^|[._])(ln\w*|norm|layernorm)\./],
  ['head', /^lm_head\./],
];

function parametersOf(model: ModelShape): Plan['parameters'] {
  const all = [...baseParameters(model), ...adapterParameters(model)];
  const byPart = PARTS.map(([name, pattern]) => ({
    name,
    count: countOf(all.filter(parameter => partOf(parameter) === pattern)),
  })).filter(({ count }) => count > 0);
  return { total: countOf(all), trainable: countOf(trainableParameters(model)), byPart };
}

function partOf({ name }: ParameterSpec): RegExp {
  const part = PARTS.find(([, pattern]) => pattern.test(name));
  if (!part) throw new Error(`${name} belongs to no part of the plan`);
  return part[1];
}

const countOf = (parameters: readonly ParameterSpec[]): number =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const FLOAT = 4;
/** A `step` line of the log and its row in the cache of the series. */
const STEP_BYTES = 250;
/** Names, shapes, hashes and states beside a checkpoint's numbers. */
const CHECKPOINT_EXTRA = 20_000;

function diskFor(
  { train, model: source }: RunConfig,
  model: ModelShape,
  steps: number,
): Plan['diskBytes'] {
  const { save_every, keep_checkpoints } = train;
  const trainable = countOf(trainableParameters(model));
  const isPaged = train.optimizer === 'paged_adamw8bit';
  const moment = train.optimizer === 'adamw' ? FLOAT : 1;
  const checkpoint = (FLOAT + 2 * moment) * trainable + CHECKPOINT_EXTRA;
  const saves = save_every === 0 ? 1 : Math.ceil(steps / save_every);
  const checkpoints = Math.min(saves, keep_checkpoints + 2); // the best and the next one
  const keepsBase = model.lora && !('from' in source); // else nobody could use the adapter
  const base = keepsBase ? FLOAT * countOf(baseParameters(model)) : 0;
  const pages = isPaged ? 2 * moment * trainable : 0;
  const run = checkpoints * checkpoint + base + pages + steps * STEP_BYTES;
  return { checkpoint, checkpoints, run };
}
