/**
 * Everything a run needs before its first step: data, weights, the training graph; announced as
 * phases. A resumed run is compared with its checkpoint here, before anything is changed.
 */
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { RunEventBody, StartEvent } from '../../protocol/runEvent';
import { rowLength } from '../config/rowLength';
import type { RunConfig } from '../config/schema';
import { requireSpace } from '../files/requireSpace';
import { hashWeights } from '../model/modelFolder';
import {
  adapterParameters,
  baseParameters,
  type ModelShape,
  modelWith,
  trainableParameters,
} from '../model/programs';
import { sizeOf, type Tensor } from '../tensor/tensor';
import { type AdamWState, freshMoments } from '../train/adamW';
import { openTrainer, type Trainer } from '../train/trainer';
import type { Checkpoint } from './checkpoint';
import { versionsHere } from './environment';
import { restoreState } from './optimizerTensors';
import { openPagedMoments } from './pagedMoments';
import { phase } from './phase';
import type { ExecuteInput } from './runProcess';
import { rememberResolved } from './runFolder';
import { openSource, type RunSource } from './runSource';
import { modelSizes, startWeights } from './runWeights';
import { dataHashes, hashJson, type ResumeFacts, validateResume } from './validateResume';

/** A checkpoint holds each trained weight and its two moments; a new one stands beside the old one. */
const CHECKPOINT_COPIES = 3;
const CHECKPOINTS_AHEAD = 2;

export interface OpenRun {
  readonly config: RunConfig;
  readonly model: ModelShape;
  readonly source: RunSource;
  readonly trainer: Trainer;
  /** Optimizer updates of the whole run. */
  readonly steps: number;
  readonly tokensPerStep: number;
  /** What a checkpoint remembers to compare a resume with. */
  readonly facts: ResumeFacts;
  /** Folder of the frozen base under an adapter, for `adapter_config.json`. */
  readonly baseDir: string;
  /** What training changes, beside weights and moments. */
  readonly progress: {
    step: number;
    tokens: number;
    best?: { step: number; loss: number; accuracy?: number };
    /** The evaluation due at this step was left in the middle. */
    owesEvaluation: boolean;
    /** Evaluations since the best one. */
    worseEvaluations: number;
  };
}

export async function* openRun(input: ExecuteInput): AsyncGenerator<RunEventBody, OpenRun> {
  const { config, resumeFrom, fs, runDir } = input;
  const configDir = dirname(input.configPath);
  const base = modelSizes(config, configDir, fs);
  const model = modelWith(base, config.adapter);
  const { batch_size, gradient_accumulation } = config.train;
  const tokensPerStep = batch_size * gradient_accumulation * rowLength(config, base.block_size);
  yield startEvent(input, model, tokensPerStep);

  const source = yield* openSource(input, base);
  const shape = { batch: batch_size, time: source.time };
  const steps = stepsOf(config, source);
  const startStep = resumeFrom?.step ?? 0;
  yield* source.notices.map(notice(startStep));
  if (config.train.epochs !== undefined)
    yield {
      type: 'length',
      step: startStep,
      max_steps: steps,
      steps_per_epoch: source.stepsPerEpoch,
    };

  const weightsPhase = phase('weights', weightsDetail(config, model));
  yield weightsPhase.begin;
  const { weights, baseWeights, baseDir, errors } = startWeights(input, model, configDir);
  const facts: ResumeFacts = {
    configHash: hashJson(config),
    ...dataHashes(source.hashes),
    ...(model.lora && { weightsHash: hashWeights(baseWeights) }),
    versions: versionsHere(),
    threads: availableParallelism(),
    device: config.device,
  };
  if (!resumeFrom) {
    const { configHash, dataHash, tokenizerHash, device } = facts;
    rememberResolved(runDir, { configHash, dataHash, tokenizerHash, device }, fs);
  }
  const restored = resumeFrom && (yield* restore(resumeFrom, facts, weights));
  yield weightsPhase.end();
  if (errors && !resumeFrom) yield quantisationNotice(errors);

  requireSpace(
    fs,
    runDir,
    CHECKPOINTS_AHEAD * CHECKPOINT_COPIES * 4 * countOf(model, trainableParameters),
  );

  const graphPhase = phase('graph', `${config.device} · batch ${shape.batch} × ${shape.time}`);
  yield graphPhase.begin;
  const { paged, state } = momentsOf(input, model, restored);
  const trainer = await openTrainer({
    model,
    shape,
    mostScored: source.mostScored,
    recomputes: config.train.gradient_checkpointing,
    weights,
    device: config.device,
    optimizer: config.train,
    momentBits: momentBitsOf(config.train),
    decaysMatricesOnly: config.train.weight_decay_on === 'matrices',
    clip_grad_norm: config.train.clip_grad_norm,
    seed: config.train.seed,
    ...(state && { state }),
  });
  yield graphPhase.end();

  return {
    ...{ config, model, source, steps, tokensPerStep, facts, baseDir },
    trainer: {
      ...trainer,
      async dispose() {
        await trainer.dispose();
        paged?.dispose();
      },
    },
    progress: {
      step: resumeFrom?.step ?? 0,
      tokens: resumeFrom?.state.tokens ?? 0,
      owesEvaluation: resumeFrom?.state.owesEvaluation ?? false,
      worseEvaluations: resumeFrom?.state.worseEvaluations ?? 0,
      ...(resumeFrom?.state.bestEval && { best: resumeFrom.state.bestEval }),
    },
  };
}

/** A run of `epochs` ends where the last of them does. */
export const stepsOf = (
  { train: { epochs, max_steps } }: RunConfig,
  { stepsPerEpoch }: Pick<RunSource, 'stepsPerEpoch'>,
): number => (epochs === undefined ? max_steps : Math.max(1, Math.ceil(epochs * stepsPerEpoch)));

const notice =
  (step: number) =>
  (message: string): RunEventBody => ({ type: 'notice', step, code: 'data.left-out', message });

const momentBitsOf = ({ optimizer }: RunConfig['train']): 8 | 32 =>
  optimizer === 'adamw' ? 32 : 8;

/** Those of the checkpoint; on the disk where the config says so. */
function momentsOf({ config, runDir, fs }: ExecuteInput, model: ModelShape, restored?: AdamWState) {
  if (config.train.optimizer !== 'paged_adamw8bit') return { paged: undefined, state: restored };
  const paged = openPagedMoments(fs, join(runDir, 'moments'));
  const trainable = new Map(trainableParameters(model).map(p => [p.name, p]));
  const start = restored ?? freshMoments(trainable, momentBitsOf(config.train));
  for (const [name, moments] of start) paged.set(name, moments);
  return { paged, state: paged };
}

function quantisationNotice(errors: ReadonlyMap<string, number>): RunEventBody {
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const worst = [...errors].reduce((a, b) => (b[1] > a[1] ? b : a));
  const mean = [...errors.values()].reduce((sum, x) => sum + x, 0) / errors.size;
  return {
    type: 'notice',
    step: 0,
    code: 'quantization.error',
    message: `${errors.size} layers of the base are held in NF4, off by ${percent(mean)} on average, at most ${percent(worst[1])} in ${worst[0]}.`,
    layers: [...errors].map(([layer, error]) => [layer, Number(error.toPrecision(4))]),
  };
}

function startEvent(
  { runDir, name, config, resumeFrom }: ExecuteInput,
  model: ModelShape,
  tokensPerStep: number,
): StartEvent {
  const [base, adapter] = [countOf(model, baseParameters), countOf(model, adapterParameters)];
  return {
    type: 'start',
    run: basename(runDir),
    name,
    pid: process.pid,
    device: config.device,
    step: resumeFrom?.step ?? 0,
    max_steps: config.train.max_steps,
    parameters: base + adapter,
    trainable: countOf(model, trainableParameters),
    tokens_per_step: tokensPerStep,
    vocab_size: model.base.vocab_size,
  };
}

const countOf = (model: ModelShape, list: typeof baseParameters): number =>
  list(model).reduce((n, p) => n + sizeOf(p.shape), 0);

function weightsDetail({ model, train }: RunConfig, shape: ModelShape): string {
  const total = countOf(shape, baseParameters);
  const trained = shape.lora ? ` · ${countOf(shape, adapterParameters)} trained` : '';
  const origin = 'from' in model ? `from ${model.from}` : `seed ${train.seed}`;
  return `${total} parameters${trained} · ${origin}`;
}

/** Compares, then goes on: the checkpoint's weights over the fresh ones, and its moments. */
function* restore(
  checkpoint: Checkpoint,
  facts: ResumeFacts,
  weights: Map<string, Tensor>,
): Generator<RunEventBody, AdamWState> {
  const differences = validateResume(checkpoint.state, facts);
  for (const [name, t] of checkpoint.weights) weights.set(name, t);
  if (differences.length > 0)
    yield {
      type: 'notice',
      step: checkpoint.step,
      code: 'resume.approximate',
      message: `The run goes on, but not to the same bit: ${differences.join('; ')}.`,
    };
  return restoreState(checkpoint.optimizer);
}
