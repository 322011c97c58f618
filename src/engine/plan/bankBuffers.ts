/**
 * Every buffer of a training step on a device with tiles: weights, gradients, optimizer, activations,
 * logits, and the cache of keys and values that sampling needs. Activations after ttml's modules,
 * checked against the peaks that tt-metal's PR 16205 measured. Pure arithmetic.
 */
import type { DeviceLayout } from '../devices/layout';
import { toTiles, ttmlLayout } from '../devices/ttmlLayout';
import { cacheShape, isSlm } from '../model/families';
import { adapterParameters, baseParameters } from '../model/modelShape';
import { sizeOf } from '../tensor/tensor';
import { type BankedBuffer, inBanks, TILE_BYTES } from './bankMemory';
import type { BankDevice } from '../devices/bankDevice';
import type { BankJob } from './bankJob';

export type BankCategory =
  'weights' | 'gradients' | 'optimizer' | 'activations' | 'logits' | 'kv-cache';

export interface PlannedBuffer extends BankedBuffer {
  readonly name: string;
  readonly category: BankCategory;
  readonly layout: string;
  readonly shape: readonly number[];
  /** Bytes of its elements without what fills up tiles. */
  readonly neededBytes: number;
  /** The block of activations that are freed together; absent for what stays. */
  readonly block?: number;
}

type Format = 'bfloat16' | 'float32';
const ELEMENT_BYTES: Record<Format, number> = { bfloat16: 2, float32: 4 };
const FORMAT_NAMES: Record<Format, string> = { bfloat16: 'bf16 tiles', float32: 'fp32 tiles' };

interface TileTensor {
  name: string;
  category: BankCategory;
  shape: readonly number[];
  format?: Format;
  block?: number;
}

export type BuffersByPhase = Record<
  'model' | 'optimizer' | 'forward' | 'gradients' | 'sampling',
  PlannedBuffer[]
>;

export function buffersOf(job: BankJob, device: BankDevice): BuffersByPhase {
  const inTiles = (tensors: readonly TileTensor[]) => tensors.map(t => tiled(t, device));
  const weights = weightTensors(job);
  const trained = weights.filter(({ trains }) => trains);
  const named = (prefix: string, category: BankCategory, format?: Format) =>
    trained.map(({ name, shape }) => ({
      name: `${prefix} of ${name}`,
      category,
      shape,
      ...(format && { format }),
    }));
  return {
    model: inTiles(weights.map(({ name, shape }) => ({ name, shape, category: 'weights' }))),
    optimizer: inTiles(
      job.optimizer.states.flatMap(({ name, format }) => named(name, 'optimizer', format)),
    ),
    forward: inTiles([...activationTensors(job), logitsTensor(job)]),
    gradients: inTiles(named('gradient', 'gradients')),
    sampling: inTiles(cacheTensors(job)),
  };
}

/** The last two dimensions are filled up to whole tiles; those before count them. */
function tiled(
  { name, category, shape, format = 'bfloat16', block }: TileTensor,
  device: BankDevice,
): PlannedBuffer {
  const [rows = 1, columns = 1] = shape.slice(-2);
  const tiles = (sizeOf(shape.slice(0, -2)) * toTiles(rows) * toTiles(columns)) / 1024;
  const pageBytes = TILE_BYTES[format];
  return {
    ...inBanks({ bytes: tiles * pageBytes, pageBytes }, device),
    ...{ name, category, shape, layout: FORMAT_NAMES[format] },
    neededBytes: sizeOf(shape) * ELEMENT_BYTES[format],
    ...(block !== undefined && { block }),
  };
}

interface WeightTensor {
  name: string;
  shape: readonly number[];
  trains: boolean;
}

/** Plans of one model differ in all else. */
const known = new WeakMap<BankJob['model'], Map<number, readonly WeightTensor[]>>();

function weightTensors({ model, tensorParallel }: BankJob): readonly WeightTensor[] {
  const ofModel = known.get(model) ?? new Map<number, readonly WeightTensor[]>();
  known.set(model, ofModel);
  const tensors = ofModel.get(tensorParallel) ?? makeWeightTensors(model, tensorParallel);
  ofModel.set(tensorParallel, tensors);
  return tensors;
}

/** As the device holds them; for a family it has no module for, as they are. */
function makeWeightTensors(
  model: BankJob['model'],
  tensorParallel: number,
): readonly WeightTensor[] {
  const { base, lora } = model;
  const adapters = adapterParameters(model).map(({ name, shape }) => ({
    name,
    shape,
    trains: true,
  }));
  const own = isSlm(base)
    ? baseParameters(model).map(({ name, shape }) => ({ name, shape, trains: !lora }))
    : [...layoutOf(model.base, tensorParallel).tensors.values()].map(({ name, shape }) => ({
        name,
        shape: splitOver(name, shape, tensorParallel),
        trains: !lora,
      }));
  return [...own, ...adapters];
}

const layoutOf = (base: BankJob['model']['base'], devices: number): DeviceLayout =>
  ttmlLayout(base, { vocabularyMultiple: 32 * devices });

/** Rows of what multiplies first, columns of what multiplies last; norms and embeddings are copies. */
function splitOver(name: string, shape: readonly number[], devices: number): readonly number[] {
  const [a = 1, b = 1, rows = 1, columns = 1] = shape;
  if (/\/(q_linear|kv_linear|qkv_linear|w1|w3|fc1|fc)\/weight$/.test(name))
    return [a, b, rows / devices, columns];
  if (/\/(q_linear|kv_linear|qkv_linear|fc1)\/bias$/.test(name))
    return [a, b, rows, columns / devices];
  if (/\/(out_linear|w2|fc2)\/weight$/.test(name)) return [a, b, rows, columns / devices];
  return shape;
}

const perDevice = ({ batch, dataParallel }: BankJob): number => Math.ceil(batch / dataParallel);

/** What a block keeps until its gradient is computed, in the order in which it is made. */
function blockTensors(job: BankJob, block: number): TileTensor[] {
  const { base } = job.model;
  const [B, T, n] = [perDevice(job), job.time, job.tensorParallel];
  const heads = base.n_head / n;
  const { heads: shared, size } = cacheShape(base);
  const [C, Q, KV] = [base.n_embed, heads * size, (shared / n) * size];
  const I = ('n_inner' in base ? base.n_inner : 4 * base.n_embed) / n;
  const act = (name: string, width: number): TileTensor => ({
    name: `block ${block}: ${name}`,
    category: 'activations',
    shape: [B, 1, T, width],
    block,
  });
  const scores: TileTensor = {
    ...act('attention weights', T),
    shape: [B, heads, T, T],
  };
  const isLlama = base.family !== 'gpt2' && !isSlm(base);
  const attention = isLlama
    ? [act('queries', Q), act('keys and values', 2 * KV)]
    : [act('queries, keys and values', Q + 2 * KV)];
  const rotated = isLlama ? [act('rotated queries', Q), act('rotated keys', KV)] : [];
  const inner = isLlama
    ? [act('gate', I), act('silu of gate', I), act('up', I), act('gate times up', I)]
    : [act('inner', I), act('gelu of inner', I)];
  return [
    act('attention norm', C),
    ...attention,
    ...[act('query heads', Q), act('key heads', KV), act('value heads', KV)],
    ...rotated,
    scores,
    ...[act('mixed heads', Q), act('attention output', C), act('after attention', C)],
    act('feed-forward norm', C),
    ...inner,
    act('after feed-forward', C),
  ];
}

/** With blocks that are computed again only one of them is whole at a time. */
function activationTensors(job: BankJob): TileTensor[] {
  const { base } = job.model;
  const kept = (i: number): TileTensor => ({
    name: `block ${i}: its input`,
    category: 'activations',
    shape: [perDevice(job), 1, job.time, base.n_embed],
  });
  const blocks = Array.from({ length: base.n_layer }, (_, i) => i);
  if (!job.recomputes) return blocks.flatMap(i => blockTensors(job, i));
  return [...blocks.map(kept), ...blockTensors(job, base.n_layer - 1)];
}

function logitsTensor(job: BankJob): TileTensor {
  const width = toTiles(job.model.base.vocab_size, 32 * job.tensorParallel) / job.tensorParallel;
  return { name: 'logits', category: 'logits', shape: [perDevice(job), 1, job.time, width] };
}

/** One text as long as the model takes. */
function cacheTensors(job: BankJob): TileTensor[] {
  const { heads, size } = cacheShape(job.model.base);
  return Array.from({ length: job.model.base.n_layer }, (_, i) =>
    ['keys', 'values'].map((what): TileTensor => ({
      name: `block ${i}: cached ${what}`,
      category: 'kv-cache',
      shape: [1, heads / job.tensorParallel, job.model.base.block_size, size],
    })),
  ).flat();
}
