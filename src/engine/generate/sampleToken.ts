/** Chooses the next token from logits. Pure: the random number is the caller's. */

export interface Sampling {
  /** 0 is greedy. */
  temperature: number;
  /** Keep the k most likely tokens; 0 = all. */
  topK: number;
  /** Keep the most likely tokens that together reach this probability; 1 = all. */
  topP: number;
  /** Drop tokens less likely than this share of the likeliest; 0 = none. */
  minP?: number | undefined;
  /** Logits of tokens that occurred are divided by this when positive, else multiplied; 1 = off. */
  repetitionPenalty?: number | undefined;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1 };

/** The rule that kept a token from being chosen. */
export type Cut = 'top-k' | 'top-p' | 'min-p';

export interface Candidate {
  id: number;
  /** Of all tokens, at the temperature of the sampling (1 when greedy), before anything is cut. */
  probability: number;
  cut?: Cut;
}

export interface Chosen {
  token: number;
  /** As of a candidate. */
  probability: number;
  /** The likeliest tokens, most likely first, the chosen one among them. */
  alternatives: Candidate[];
  /** How many tokens the rules left to choose from. */
  survivors: number;
  /** Of the probabilities of all tokens, in nats; told with alternatives only. */
  entropy?: number;
}

export interface Drawing {
  /** In [0, 1). */
  random: number;
  /** Tokens so far. */
  context?: readonly number[];
  /** How many of the likeliest tokens to tell. */
  alternatives?: number;
}

/**
 * Repetition penalty, temperature, top-k, top-p, then min-p, in the order of transformers 4.46.
 * @param logits of one position; not changed
 */
export function chooseToken(
  logits: Float32Array,
  sampling: Sampling,
  { random, context = [], alternatives = 0 }: Drawing,
): Chosen {
  const scores = penalised(logits, sampling.repetitionPenalty ?? 1, context);
  const kept = likeliest(scores, sampling);
  const at = sampling.temperature === 0 ? 0 : draw(kept.weights.subarray(0, kept.nucleus), random);
  const token = kept.order[at]!;
  const chosen = {
    token,
    probability: kept.weights[at]! / kept.mass,
    survivors: kept.nucleus,
  };
  if (alternatives === 0) return { ...chosen, alternatives: [] };
  return {
    ...chosen,
    alternatives: told(scores, kept, sampling, { token, alternatives }),
    entropy: entropyOf(scores, kept.mass, sampling.temperature),
  };
}

export const sampleToken = (logits: Float32Array, sampling: Sampling, random: number): number =>
  chooseToken(logits, sampling, { random }).token;

function penalised(
  logits: Float32Array,
  penalty: number,
  context: readonly number[],
): Float32Array {
  if (penalty === 1) return logits;
  const scores = Float32Array.from(logits);
  for (const id of new Set(context)) {
    const score = scores[id]!;
    scores[id] = score > 0 ? score / penalty : score * penalty;
  }
  return scores;
}

interface Kept {
  /** Ids, most likely first; equals in the order of their ids. */
  order: Int32Array;
  /** exp((score − highest)/temperature) of each in `order`. */
  weights: Float64Array;
  /** The first so many may be chosen. */
  nucleus: number;
  /** Sum of the weights of all tokens. */
  mass: number;
}

/** Sorts no more than the rules need: a vocabulary has 100,000 tokens, a nucleus mostly a few. */
function likeliest(scores: Float32Array, sampling: Sampling): Kept {
  const { temperature, topK, topP, minP = 0 } = sampling;
  const t = temperature === 0 ? 1 : temperature;
  const highest = largest(scores);
  let mass = 0;
  for (const score of scores) mass += Math.exp((score - highest) / t);
  if (temperature === 0) {
    const first = scores.indexOf(highest);
    return { order: Int32Array.of(first), weights: Float64Array.of(1), nucleus: 1, mass };
  }
  const rank = topK > 0 ? Math.min(topK, scores.length) : scores.length;
  // A token below e^-30 of the likeliest is never drawn: random numbers have 2^-32 steps.
  const order = sortedAbove(scores, rank, highest - 30 * t);
  const weights = Float64Array.from(order, id => Math.exp((scores[id]! - highest) / t));
  const afterTopP = nucleusSize(weights, topP);
  return { order, weights, nucleus: aboveShare(weights.subarray(0, afterTopP), minP), mass };
}

function largest(xs: Float32Array): number {
  let most = -Infinity;
  for (const x of xs) if (x > most) most = x;
  return most;
}

/** The `count` likeliest ids with a score of at least `least`, sorted. */
function sortedAbove(scores: Float32Array, count: number, least: number): Int32Array {
  const bound = Math.max(least, count < scores.length ? nthLargest(scores, count) : -Infinity);
  const ids: number[] = [];
  for (let id = 0; id < scores.length; id++) if (scores[id]! >= bound) ids.push(id);
  ids.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return Int32Array.from(ids.slice(0, count));
}

function nthLargest(scores: Float32Array, n: number): number {
  return Float32Array.from(scores).sort()[scores.length - n]!;
}

/** How many of the descending weights it takes to reach the share `topP`; at least one. */
function nucleusSize(weights: Float64Array, topP: number): number {
  if (topP >= 1) return weights.length;
  const enough = topP * sum(weights);
  let reached = 0;
  const index = weights.findIndex(w => (reached += w) >= enough);
  return index < 0 ? weights.length : index + 1;
}

/** How many of the descending weights are at least this share of the first. */
function aboveShare(weights: Float64Array, share: number): number {
  const index = weights.findIndex(w => w < share * weights[0]!);
  return index < 0 ? weights.length : index;
}

function draw(weights: Float64Array, random: number): number {
  let left = random * sum(weights);
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/** −Σ p·log p with p = exp((score − highest)/t) / mass. */
function entropyOf(scores: Float32Array, mass: number, temperature: number): number {
  const t = temperature === 0 ? 1 : temperature;
  const highest = largest(scores);
  let weighted = 0;
  for (const score of scores) {
    const x = (score - highest) / t;
    if (x > -700) weighted += Math.exp(x) * x;
  }
  return Math.max(0, Math.log(mass) - weighted / mass);
}

const sum = (xs: Float64Array): number => xs.reduce((total, x) => total + x, 0);

/** The likeliest tokens with what cut them off, and the chosen one if it is not among them. */
function told(
  scores: Float32Array,
  kept: Kept,
  sampling: Sampling,
  { token, alternatives }: { token: number; alternatives: number },
): Candidate[] {
  const t = sampling.temperature === 0 ? 1 : sampling.temperature;
  const highest = largest(scores);
  const ids = [...sortedAbove(scores, Math.min(alternatives, scores.length), -Infinity)];
  if (!ids.includes(token)) ids.push(token);
  return ids.map((id, rank) => {
    const probability = Math.exp((scores[id]! - highest) / t) / kept.mass;
    const cut =
      sampling.temperature === 0 || id === token ? undefined : cutOf(rank, kept, sampling);
    return { id, probability, ...(cut && { cut }) };
  });
}

function cutOf(rank: number, kept: Kept, { topK, topP }: Sampling): Cut | undefined {
  if (rank < kept.nucleus) return undefined;
  if (topK > 0 && rank >= topK) return 'top-k';
  return rank >= nucleusSize(kept.weights, topP) ? 'top-p' : 'min-p';
}
