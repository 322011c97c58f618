/**
 * How much memory training needs at its peak, part by part, from sizes alone: the program that will
 * run is built for a few blocks and walked through. What was measured rather than counted stands in
 * COEFFICIENTS.
 */
import type { Value } from '../graph/graph';
import { logitChunkBytes, logitChunks } from '../model/lossHead';
import { nf4Sizes } from '../model/nf4';
import { nf4Layers } from '../model/nf4Program';
import {
  type BatchShape,
  baseParameters,
  type ModelShape,
  trainableParameters,
  trainingProgram,
} from '../model/programs';
import { sizeOf } from '../tensor/tensor';
import { heldBy } from './graphMemory';

/** Bytes at the peak of a step; `peak` is their sum. */
export interface MemoryParts {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  readonly logits: number;
  readonly runtime: number;
  readonly peak: number;
}

/**
 * Fitted to the peak resident memory of training processes on the CPU; the test holds those
 * measurements.
 */
const COEFFICIENTS = {
  /** Node, the runtime's code and its threads, in bytes. */
  runtimeBytes: 175e6,
  /** A compiled node, here and in the runtime, in bytes. */
  nodeBytes: 10e3,
  /** Of activations: what lies between them, and what the runtime needs on the way. */
  activations: 1.15,
  /** Of logits: the last of them are made when activations are going. */
  logits: 0.8,
  /** Of the trainable weights: gradients fetched from the runtime, in part where others have been. */
  fetched: 0.6,
  /** More of those with several micro-batches: their sum. */
  accumulated: 0.8,
};

const FLOAT = 4;

export interface TrainingSizes {
  readonly model: ModelShape;
  readonly batch: BatchShape;
  readonly accumulates: boolean;
  /** Blocks are computed again for their gradients. */
  readonly recomputes?: boolean;
  /** Rows hold several examples. */
  readonly segmented?: boolean;
  /** Of the optimizer's moments; 0 when they are kept on the disk. */
  readonly momentBits?: 0 | 8 | 32;
}

export function memoryOf(sizes: TrainingSizes): MemoryParts {
  const { model, accumulates, momentBits = 32 } = sizes;
  const c = COEFFICIENTS;
  const trainable = FLOAT * numbers(trainableParameters(model));
  const held = heldInRun(sizes);
  const parts = {
    weights: weightBytes(model) + held.masks,
    gradients: held.gradients + trainable * (c.fetched + (accumulates ? c.accumulated : 0)),
    optimizer: (2 * trainable * momentBits) / 32,
    activations: c.activations * held.activations,
    logits: c.logits * held.logits,
    runtime: c.runtimeBytes + c.nodeBytes * held.nodes,
  };
  return { ...parts, peak: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

function weightBytes(model: ModelShape): number {
  const packed = nf4Layers(model);
  const inFew = new Set(packed.map(({ name }) => name));
  const few = packed.reduce((sum, { shape }) => {
    const sizes = nf4Sizes(sizeOf(shape));
    return sum + sizes.packed + sizes.largest + FLOAT * sizes.nested;
  }, 0);
  const wide = baseParameters(model).filter(({ name }) => !inFew.has(name));
  const adapter = model.lora ? numbers(trainableParameters(model)) : 0;
  return few + FLOAT * (numbers(wide) + adapter);
}

/** What a run of the program holds, in bytes, and how many nodes it has. */
interface HeldInRun {
  activations: number;
  logits: number;
  gradients: number;
  nodes: number;
  masks: number;
}

/** Blocks are alike: what one more takes is seen from a few. */
const [FEW, MORE] = [2, 4];

/** So are parts of the logits: of a smaller vocabulary there are fewer. */
const [FEW_CHUNKS, MORE_CHUNKS] = [16, 32];

function heldInRun(sizes: TrainingSizes): HeldInRun {
  const { model, batch } = sizes;
  const { vocab_size } = model.base;
  const rows = batch.batch * batch.time;
  const chunks = logitChunks(rows, vocab_size);
  if (chunks <= MORE_CHUNKS) return heldInBlocks(sizes);
  const few = Math.max(1, Math.round((vocab_size * FEW_CHUNKS) / chunks));
  const more = Math.max(few + 1, Math.round((vocab_size * MORE_CHUNKS) / chunks));
  const at = (vocab_size: number): [number, HeldInRun] => {
    const smaller = { ...model, base: { ...model.base, vocab_size } };
    return [vocab_size, heldInBlocks({ ...sizes, model: smaller })];
  };
  const held = onLine(at(few), at(more), vocab_size);
  const bytes = (vocabulary: number) => logitChunkBytes(rows, vocabulary, false);
  return { ...held, logits: (held.logits * bytes(vocab_size)) / bytes(more) };
}

function heldInBlocks(sizes: TrainingSizes): HeldInRun {
  const layers = sizes.model.base.n_layer;
  if (layers <= MORE) return heldWith(sizes, layers);
  return onLine([FEW, heldWith(sizes, FEW)], [MORE, heldWith(sizes, MORE)], layers);
}

/** What is held at `x`, from what is held at two other places. */
function onLine(
  [x0, few]: [number, HeldInRun],
  [x1, more]: [number, HeldInRun],
  x: number,
): HeldInRun {
  const at = (key: keyof HeldInRun) =>
    Math.max(0, more[key] + ((x - x1) * (more[key] - few[key])) / (x1 - x0));
  return {
    activations: at('activations'),
    logits: at('logits'),
    gradients: at('gradients'),
    nodes: at('nodes'),
    masks: at('masks'),
  };
}

function heldWith({ model, batch, recomputes, segmented }: TrainingSizes, n_layer: number) {
  const some = { ...model, base: { ...model.base, n_layer } };
  const { graph, dropout } = trainingProgram(some, batch, {
    recomputes,
    segmented: segmented ?? false,
    mostScored: segmented ? batch.batch * batch.time : undefined,
  });
  const { byPart } = heldBy(graph, partOf);
  const part = (name: string) => byPart.get(name) ?? 0;
  return {
    activations: part('activations'),
    logits: part('logits'),
    gradients: part('gradients'),
    nodes: graph.nodes.length,
    masks: FLOAT * numbers(dropout),
  };
}

const partOf = ({ name }: Value): string =>
  name.startsWith('grad/') ? 'gradients' : /(^|\.)head\./.test(name) ? 'logits' : 'activations';

const numbers = (values: readonly { shape: readonly number[] }[]): number =>
  values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
