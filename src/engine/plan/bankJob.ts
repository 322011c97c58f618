/** What is to be held on a device with memory banks, from a Weightroom or a tt-train config. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readConfig } from '../config/readConfig';
import { rowLength } from '../config/rowLength';
import type { RunConfig } from '../config/schema';
import { isTtTrainConfig, readTtTrain, shapeOfTransformer, type TtTrain } from '../config/ttTrain';
import { meshOf } from '../config/ttTrainRules';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import type { BaseShape } from '../model/families';
import type { ModelShape } from '../model/modelShape';
import { fail, type Problem } from '../problem';
import { planFacts } from './planFacts';

/** What an optimizer keeps for each parameter that trains, a tensor of its shape each. */
export interface OptimizerState {
  readonly name: string;
  readonly format: 'bfloat16' | 'float32';
}

export interface BankJob {
  readonly name: string;
  readonly kind: 'weightroom' | 'tt-train';
  readonly model: ModelShape;
  /** Rows of a micro-batch over all devices, and tokens of a row. */
  readonly batch: number;
  readonly time: number;
  readonly accumulation: number;
  readonly optimizer: { readonly name: string; readonly states: readonly OptimizerState[] };
  /** Each block is computed again for its gradient instead of kept. */
  readonly recomputes: boolean;
  /** Devices that the batch is split over, and the matrices. */
  readonly dataParallel: number;
  readonly tensorParallel: number;
}

export interface ReadJob {
  /** Undefined when a problem is an error. */
  readonly job: BankJob | undefined;
  readonly problems: readonly Problem[];
}

const state = (name: string, format: OptimizerState['format']): OptimizerState => ({
  name,
  format,
});

/** The states of tt-train's optimizers, after its README. */
function statesOf({
  type,
  momentum,
  amsgrad,
  kahan_summation,
}: TtTrain['training_config']['optimizer']): OptimizerState[] {
  switch (type) {
    case 'NoOp':
      return [];
    case 'SGD':
    case 'SGDComposite':
      return momentum === 0 ? [] : [state('momentum', 'bfloat16')];
    case 'AdamWFullPrecision':
      return ['master weights', 'm', 'v', ...(amsgrad ? ['largest v'] : [])].map(name =>
        state(name, 'float32'),
      );
    case 'AdamW':
    case 'MorehAdamW':
    case 'AdamWComposite':
      return [
        'm',
        'v',
        ...(amsgrad ? ['largest v'] : []),
        ...(kahan_summation && type === 'AdamWComposite' ? ['kahan sum'] : []),
      ].map(name => state(name, 'bfloat16'));
  }
}

/** @param path of the config, whose text may be newer than the file */
export function readBankJob(text: string, path: string, fs: FileSystem = disk): ReadJob {
  return isTtTrainConfig(text) ? ttTrainJob(text, path, fs) : weightroomJob(text, path, fs);
}

function weightroomJob(text: string, path: string, fs: FileSystem): ReadJob {
  const { config, name, problems } = readConfig(text, path);
  if (!config) return { job: undefined, problems };
  const baseDir = dirname(resolve(path));
  const { model } = planFacts({ config, baseDir, runsDir: join(baseDir, 'runs'), fs });
  return { job: jobOf(config, name, model), problems };
}

function jobOf(config: RunConfig, name: string, base: BaseShape): BankJob {
  const { train, adapter } = config;
  return {
    name,
    kind: 'weightroom',
    model: { base, ...(adapter && { lora: adapter }) },
    batch: train.batch_size,
    time: rowLength(config, base.block_size),
    accumulation: train.gradient_accumulation,
    optimizer: { name: 'AdamW', states: [state('m', 'bfloat16'), state('v', 'bfloat16')] },
    recomputes: train.gradient_checkpointing,
    dataParallel: 1,
    tensorParallel: 1,
  };
}

function ttTrainJob(text: string, path: string, fs: FileSystem): ReadJob {
  const { config, problems } = readTtTrain(text, {
    file: path,
    readModelConfig: named => findModelConfig(named, dirname(resolve(path)), fs),
  });
  if (!config) return { job: undefined, problems };
  const { transformer, training_config: training, lora_config } = config;
  if (!transformer)
    return fail(
      'plan.no-model',
      `${path} says no sizes of a model: it has neither \`transformer_config\` nor \`training_config.model_config\`.`,
      { file: path },
    );
  const targets = lora_config?.target_modules;
  const rank = lora_config?.r ?? lora_config?.rank;
  const base = shapeOfTransformer(transformer);
  const mesh = meshOf(config);
  return {
    problems,
    job: {
      name: training.project_name ?? 'tt-train',
      kind: 'tt-train',
      model: {
        base,
        ...(rank !== undefined && { lora: { r: rank, alpha: rank, targets: targetsOf(targets) } }),
      },
      batch: training.batch_size,
      time: base.block_size,
      accumulation: training.gradient_accumulation_steps,
      optimizer: { name: training.optimizer.type, states: statesOf(training.optimizer) },
      recomputes: transformer.runner_type === 'memory_efficient',
      ...mesh,
    },
  };
}

/** ttml's names of adapted layers in canonical ones; all linear layers when none is named. */
function targetsOf(named: string | readonly string[] | undefined): string[] {
  const text = typeof named === 'string' ? named : (named ?? []).join('|');
  const canonical: readonly [RegExp, readonly string[]][] = [
    [/q_linear|qkv_linear/, ['q_proj', 'c_attn']],
    [/kv_linear/, ['k_proj', 'v_proj', 'c_attn']],
    [/out_linear/, ['o_proj', 'attn.c_proj']],
    [/w1|w_gate_up/, ['gate_proj']],
    [/w3|w_gate_up/, ['up_proj']],
    [/w2/, ['down_proj']],
    [/fc1/, ['c_fc']],
    [/fc2/, ['mlp.c_proj']],
  ];
  const found = canonical.flatMap(([pattern, names]) => (pattern.test(text) ? names : []));
  return found.length > 0 ? [...new Set(found)] : ['_proj', 'c_attn', 'c_fc', 'c_proj'];
}

const LEVELS_ABOVE = 4;

/** Beside the config, above it, or in tt-train: its configs name paths from there. */
export function findModelConfig(path: string, from: string, fs: FileSystem): string | undefined {
  const home = process.env['TT_METAL_HOME'];
  const above = Array.from({ length: LEVELS_ABOVE }, (_, i) =>
    resolve(from, ...Array.from({ length: i }, () => '..'), path),
  );
  const inHome =
    home === undefined ? [] : ['tt-train', 'tt-train/configs'].map(p => join(home, p, path));
  const candidates = isAbsolute(path) ? [path] : [...above, ...inHome];
  const found = candidates.find(candidate => exists(fs, candidate));
  return found === undefined ? undefined : readText(fs, found);
}
