/**
 * Whether two models are one: their logits over the same tokens, how far they are apart at most and
 * where, and how often both would say the same. Knows nothing of how the second was made.
 */
import type { Equivalence } from '../../protocol/merge';
import type { ModelFolder } from '../model/modelFolder';
import { randomStream, below } from '../tensor/random';
import { tensor } from '../tensor/tensor';
import { trace } from './trace';

/**
 * What rounding explains, by how weights are kept: four to five times the most that was seen of merged
 * adapters of four families (2e-5, 2.3e-3 and 2.5e-2), since deeper models add up more of it.
 */
export const EQUIVALENCE_LIMITS = { float32: 1e-4, float16: 1e-2, bfloat16: 1e-1 } as const;

const ROWS = 2;
const LONGEST = 64;

/** The same tokens at random, always. @param limit largest difference that counts as none */
export async function compareModels(
  open: { first: () => ModelFolder; second: () => ModelFolder },
  limit: number,
): Promise<Equivalence> {
  const { base } = open.first().model;
  const time = Math.min(LONGEST, base.block_size);
  const next = randomStream(0, 'data');
  const ids = BigInt64Array.from({ length: ROWS * time }, () =>
    BigInt(below(next, base.vocab_size)),
  );
  const logits = async (side: () => ModelFolder): Promise<Float32Array> => {
    const { model, weights } = side();
    const idx = tensor('int64', [ROWS, time], ids);
    const traced = await trace(model, weights, { idx, gradients: false });
    return traced.get('logits')!.data as Float32Array;
  };
  const first = await logits(open.first);
  const second = await logits(open.second);
  return { ...compareLogits(first, second, base.vocab_size, limit) };
}

/** @param first, second [positions, vocabulary] */
export function compareLogits(
  first: Float32Array,
  second: Float32Array,
  vocabulary: number,
  limit: number,
): Equivalence {
  const positions = first.length / vocabulary;
  let [largest, at, scale, agreed, divergence] = [0, 0, 0, 0, 0];
  for (let i = 0; i < first.length; i++) {
    scale = Math.max(scale, Math.abs(first[i]!));
    const difference = Math.abs(first[i]! - second[i]!);
    if (difference > largest || Number.isNaN(difference)) [largest, at] = [difference, i];
    if (Number.isNaN(largest)) break; // nothing is farther apart
  }
  for (let p = 0; p < positions; p++) {
    const [a, b] = [first, second].map(x => x.subarray(p * vocabulary, (p + 1) * vocabulary));
    if (highest(a!) === highest(b!)) agreed++;
    divergence += divergenceOf(a!, b!) / positions;
  }
  const relative = largest / scale;
  return {
    largest: relative,
    largestAt: { position: Math.floor(at / vocabulary), token: at % vocabulary },
    agreement: agreed / positions,
    positions,
    divergence,
    isEquivalent: relative <= limit,
  };
}

function highest(xs: Float32Array): number {
  let best = 0;
  for (let i = 1; i < xs.length; i++) if (xs[i]! > xs[best]!) best = i;
  return best;
}

/** Kullback–Leibler: Σ p·(log p − log q). */
function divergenceOf(a: Float32Array, b: Float32Array): number {
  const [za, zb] = [logSum(a), logSum(b)];
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const logP = a[i]! - za;
    sum += Math.exp(logP) * (logP - (b[i]! - zb));
  }
  return Math.max(0, sum);
}

function logSum(xs: Float32Array): number {
  const most = xs[highest(xs)]!;
  let sum = 0;
  for (const x of xs) sum += Math.exp(x - most);
  return most + Math.log(sum);
}
