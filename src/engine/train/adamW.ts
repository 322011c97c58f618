/**
 * AdamW (Loshchilov & Hutter 2019) as torch.optim.AdamW computes it, in place on typed arrays, and
 * the gradient norm it is clipped by. Knows nothing of graphs or of what the parameters are.
 */
import { sizeOf, type Tensor } from '../tensor/tensor';
import {
  type Blockwise,
  dequantiseInto,
  quantiseFrom,
  signedLevels,
  unsignedLevels,
  zeroBlocks,
} from '../tensor/blockwise';
import { add, array, div, mul, scalar, sqrt, sub, vectorLoop } from '../tensor/vectorLoop';

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
}

/** In float32, or in 8 bits by blocks. */
export type Moments =
  | { readonly first: Float32Array; readonly second: Float32Array }
  | { readonly first: Blockwise; readonly second: Blockwise };

/** The optimizer's state: two moments per parameter. */
export type AdamWState = Map<string, Moments>;

/** Where moments are between updates: what was changed is set again. */
export interface MomentStore {
  get(parameter: string): Moments | undefined;
  set(parameter: string, moments: Moments): unknown;
}

/** Fewer numbers than these are not worth 8 bits, as in bitsandbytes. */
const LEAST_IN_8_BITS = 4096;

/** @param bits of each moment */
export const startAdamW = (trainable: ReadonlyMap<string, Tensor>, bits: 8 | 32 = 32): AdamWState =>
  new Map([...freshMoments(trainable, bits)]);

/** One after the other, so that they need not all be in memory. */
export function* freshMoments(
  trainable: ReadonlyMap<string, Pick<Tensor, 'shape'>>,
  bits: 8 | 32,
): Generator<[string, Moments]> {
  for (const [name, { shape }] of trainable) yield [name, startMoments(sizeOf(shape), bits)];
}

const startMoments = (count: number, bits: 8 | 32): Moments =>
  bits === 8 && count >= LEAST_IN_8_BITS
    ? { first: zeroBlocks(count, signedLevels), second: zeroBlocks(count, unsignedLevels) }
    : { first: new Float32Array(count), second: new Float32Array(count) };

const squares = vectorLoop({
  arrays: ['g'],
  scalars: [],
  sum: mul(array('g'), array('g')),
});

/** L2 norm over all gradients together, summed in double precision. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const g of gradients) sum += squares({ g }, {});
  return Math.sqrt(sum);
}

const sumInPlace = vectorLoop({
  arrays: ['sum', 'g'],
  scalars: [],
  stores: { sum: add(array('sum'), array('g')) },
});

/** Adds the gradient of a further micro-batch. */
export function accumulate(sum: Float32Array, g: Float32Array): void {
  sumInPlace({ sum, g }, {});
}

/** torch.nn.utils.clip_grad_norm_: the factor that brings `norm` down to `limit`; 0 = no limit. */
export const clipFactor = (norm: number, limit: number): number =>
  limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;

export interface AdamWStep {
  /** 1 for the first update. */
  t: number;
  lr: number;
  /** Gradients are multiplied by this first. */
  scale: number;
}

const updateInPlace = (() => {
  const g = mul(array('g'), scalar('scale'));
  const m = add(mul(scalar('beta1'), array('m')), mul(scalar('rest1'), g));
  const v = add(mul(scalar('beta2'), array('v')), mul(mul(scalar('rest2'), g), g));
  const rootOfV = add(mul(sqrt(v), scalar('root')), scalar('epsilon'));
  const p = sub(mul(array('p'), scalar('decay')), div(mul(scalar('rate'), m), rootOfV));
  return vectorLoop({
    arrays: ['p', 'g', 'm', 'v'],
    scalars: ['scale', 'beta1', 'rest1', 'beta2', 'rest2', 'root', 'epsilon', 'decay', 'rate'],
    stores: { p, m, v },
  });
})();

/** One update of one parameter: p ← p·(1 − lr·wd) − lr·m̂ / (√v̂ + ε). */
export function adamWUpdate(
  p: Float32Array,
  g: Float32Array,
  { first, second }: Moments,
  settings: AdamWSettings,
  step: AdamWStep,
): void {
  if (first instanceof Float32Array) {
    updateAll({ p, g, m: first, v: second as Float32Array }, settings, step);
    return;
  }
  const moments = [
    { blocks: first, levels: signedLevels },
    { blocks: second as Blockwise, levels: unsignedLevels },
  ] as const;
  for (let from = 0; from < p.length; from += AT_ONCE) {
    const part = (x: Float32Array) => x.subarray(from, Math.min(from + AT_ONCE, p.length));
    const [m, v] = scratch.map(array => array.subarray(0, part(p).length));
    dequantiseInto(m!, first, signedLevels, from);
    dequantiseInto(v!, moments[1].blocks, unsignedLevels, from);
    updateAll({ p: part(p), g: part(g), m: m!, v: v! }, settings, step);
    for (const [i, { blocks, levels }] of moments.entries())
      quantiseFrom([m!, v!][i]!, blocks, levels, from);
  }
}

/** Numbers whose moments are in float32 at a time, a multiple of the block size. */
const AT_ONCE = 1 << 16;
const scratch = [new Float32Array(AT_ONCE), new Float32Array(AT_ONCE)] as const;

function updateAll(
  arrays: Record<'p' | 'g' | 'm' | 'v', Float32Array>,
  { beta1, beta2, epsilon, weight_decay }: AdamWSettings,
  { t, lr, scale }: AdamWStep,
): void {
  updateInPlace(arrays, {
    ...{ scale, beta1, beta2, epsilon },
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    root: 1 / Math.sqrt(1 - beta2 ** t),
    decay: 1 - lr * weight_decay,
    rate: lr / (1 - beta1 ** t),
  });
}
