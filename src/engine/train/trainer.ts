/**
 * The training step on a device: gradients of micro-batches, accumulated, clipped, applied. Knows
 * nothing of files, schedules over time, or where batches come from.
 */
import type { BatchShape, DropoutSite, ModelShape, TrainingProgram } from '../model/programs';
import { gradientOf, scoringProgram, trainingProgram } from '../model/programs';
import { chosenRowFeeds } from '../model/lossHead';
import { addRows } from '../model/sparseRows';
import { positionFeeds, sightOf } from '../model/startProgram';
import { collectGarbage } from '../session/collectGarbage';
import { openSession, type Session, type SessionOptions } from '../session/session';
import { fillDropoutMask, randomStream } from '../tensor/random';
import { sizeOf, type Tensor, tensor, zeros } from '../tensor/tensor';
import {
  type AdamWSettings,
  accumulate,
  adamWUpdate,
  clipFactor,
  globalNorm,
  type MomentStore,
  startAdamW,
} from './adamW';
import { type Batch, type ExampleBatch, scoredIn } from './batches';

/** Bytes of gradients beyond which last step's are worth a collection of some milliseconds. */
const WORTH_COLLECTING = 32 * 2 ** 20;

export interface TrainerOptions extends SessionOptions {
  model: ModelShape;
  shape: BatchShape;
  /** Batches are of examples, of which at most so many positions are scored; else of windows. */
  mostScored?: number | undefined;
  /** Saves memory for more computing: see `trainingProgram`. */
  recomputes?: boolean | undefined;
  /** All parameters by name; the trainable ones are updated in place. */
  weights: Map<string, Tensor>;
  optimizer: AdamWSettings;
  /** Whether only matrices decay, and no biases and norms. */
  decaysMatricesOnly?: boolean;
  clip_grad_norm: number;
  /** Seed of dropout. */
  seed: number;
  /** Of the moments of AdamW; those in 8 bits are a little less exact. */
  momentBits?: 8 | 32;
  /** Moments to go on from. */
  state?: MomentStore;
}

export interface StepResult {
  loss: number;
  /** Before clipping. */
  gradNorm: number;
  /** False when loss or gradients were not finite: nothing was changed. */
  applied: boolean;
}

export interface Evaluated {
  /** Cross-entropy in nats. */
  readonly loss: number;
  /** Share of positions whose likeliest token is the right one. */
  readonly accuracy: number;
}

export interface Trainer {
  readonly weights: Map<string, Tensor>;
  readonly trainable: ReadonlyMap<string, Tensor>;
  readonly state: MomentStore;
  /** Update number `step` (from 0) at learning rate `lr`; every scored position counts the same. */
  step(step: number, lr: number, batches: readonly Batch[]): Promise<StepResult>;
  /** Means over all scored positions of the batches, so far and at the end. */
  evaluate(batches: Iterable<Batch>): AsyncGenerator<Evaluated, Evaluated>;
  dispose(): Promise<void>;
}

export async function openTrainer(options: TrainerOptions): Promise<Trainer> {
  const { model, shape, weights, optimizer, seed, mostScored, recomputes } = options;
  const segmented = mostScored !== undefined;
  const program = trainingProgram(model, shape, { mostScored, segmented, recomputes });
  const session = await openSession(program.graph, options);
  const trainable = new Map(program.trainable.map(p => [p.name, parameter(weights, p.name)]));
  const state = options.state ?? startAdamW(trainable, options.momentBits);
  let scorer: Session | undefined;
  const settingsOf = (name: string): AdamWSettings =>
    options.decaysMatricesOnly && trainable.get(name)!.shape.length < 2
      ? { ...optimizer, weight_decay: 0 }
      : optimizer;
  const gradientBytes = 4 * program.trainable.reduce((n, p) => n + sizeOf(p.shape), 0);

  const gradients = async (step: number, batches: readonly Batch[]) => {
    let loss = 0;
    let sums: Map<string, Float32Array> | undefined;
    const scored = batches.map(scoredIn);
    const total = scored.reduce((n, count) => n + count, 0);
    for (const [micro, batch] of batches.entries()) {
      if (scored[micro] === 0) continue;
      const feeds = feedsOf(options, batch, { share: scored[micro]! / total, trains: true });
      for (const [name, mask] of dropoutMasks(program, [seed, step, micro])) feeds.set(name, mask);
      const outputs = await session.run(feeds);
      addRows(outputs, program.sparse);
      loss += scalarOf(outputs, 'loss');
      const fetched = new Map(
        program.trainable.map(p => [p.name, floatsOf(outputs, gradientOf(p.name))]),
      );
      if (!sums) sums = fetched;
      else for (const [name, g] of fetched) accumulate(sums.get(name)!, g);
    }
    return { loss, gradients: sums ?? new Map<string, Float32Array>() };
  };

  return {
    weights,
    trainable,
    state,
    async step(step, lr, batches) {
      if (gradientBytes > WORTH_COLLECTING) collectGarbage();
      const { loss, gradients: sums } = await gradients(step, batches);
      const gradNorm = globalNorm(sums.values());
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm))
        return { loss, gradNorm, applied: false };
      const update = { t: step + 1, lr, scale: clipFactor(gradNorm, options.clip_grad_norm) };
      for (const [name, g] of sums) {
        const moments = state.get(name)!;
        adamWUpdate(floatsOf(trainable, name), g, moments, settingsOf(name), update);
        state.set(name, moments);
      }
      return { loss, gradNorm, applied: true };
    },
    async *evaluate(batches) {
      scorer ??= await openSession(
        scoringProgram(model, shape, { mostScored, segmented }),
        options,
      );
      let [sum, misses, count] = [0, 0, 0];
      const means = () => ({ loss: sum / count, accuracy: 1 - misses / count });
      for (const batch of batches) {
        const positions = scoredIn(batch);
        if (positions === 0) continue;
        const outputs = await scorer.run(feedsOf(options, batch, { share: 1, trains: false }));
        sum += scalarOf(outputs, 'loss') * positions;
        misses += scalarOf(outputs, 'misses') * positions;
        count += positions;
        yield means();
      }
      return means();
    },
    async dispose() {
      await session.dispose();
      await scorer?.dispose();
    },
  };
}

/** @param share of this batch's mean in the loss */
function feedsOf(
  options: TrainerOptions,
  batch: Batch,
  { share, trains }: { share: number; trains: boolean },
): Map<string, Tensor> {
  const feeds = new Map<string, Tensor>([...options.weights, ['ids', batch.ids]]);
  const each = share / Math.max(1, scoredIn(batch));
  const more =
    'scored' in batch
      ? exampleFeeds(options, batch, { each, trains })
      : [
          ['targets', batch.targets] as const,
          [
            'weights',
            tensor(
              'float32',
              [batch.counts.length],
              batch.counts.map(c => c * each),
            ),
          ] as const,
        ];
  for (const [name, fed] of more) feeds.set(name, fed);
  return feeds;
}

function exampleFeeds(
  { model, shape, mostScored }: TrainerOptions,
  { segments, positions, scored }: ExampleBatch,
  { each, trains }: { each: number; trains: boolean },
): Map<string, Tensor> {
  if (mostScored === undefined) throw new Error('a batch of examples for a program of windows');
  const embeddingTrains = trains && !model.lora;
  const chosen = { ...scored, weights: scored.rows.map(() => each) };
  return new Map([
    ['sight', sightOf(shape, segments)],
    ...positionFeeds(model.base, shape, positions, shape.time),
    ...chosenRowFeeds(mostScored, model.base.vocab_size, embeddingTrains, chosen),
  ]);
}

function* dropoutMasks(
  { dropout }: TrainingProgram,
  [seed, step, micro]: readonly [number, number, number],
): Generator<[string, Tensor]> {
  for (const [index, site] of dropout.entries()) {
    const mask = maskBuffer(site);
    fillDropoutMask(mask.data, site.p, randomStream(seed, 'dropout', step, micro, index));
    yield [`mask/${site.name}`, mask];
  }
}

const maskBuffers = new WeakMap<DropoutSite, Tensor<'float32'>>();

/** One buffer per site, filled anew for every micro-batch. */
function maskBuffer(site: DropoutSite): Tensor<'float32'> {
  const known = maskBuffers.get(site) ?? zeros(site.shape);
  maskBuffers.set(site, known);
  return known;
}

function parameter(weights: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const found = weights.get(name);
  if (!found) throw new Error(`no weights for ${name}`);
  return found;
}

function floatsOf(tensors: ReadonlyMap<string, Tensor>, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32`);
  return data;
}

const scalarOf = (tensors: ReadonlyMap<string, Tensor>, name: string): number =>
  floatsOf(tensors, name)[0] ?? NaN;
