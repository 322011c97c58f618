/** Chooses the next token from logits. Pure: the random number is the caller's. */
import { fail } from '../problem';
import { Ranking } from './ranking';

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
 * @throws `generate.not-finite`
 */
export function chooseToken(
  logits: Float32Array,
  sampling: Sampling,
  { random, context = [], alternatives = 0 }: Drawing,
): Chosen {
  const { temperature } = sampling;
  const scores = penalised(logits, sampling.repetitionPenalty ?? 1, context);
  const ranking = new Ranking(scores, temperature === 0 ? 1 : temperature);
  if (!(ranking.mass > 0))
    fail(
      'generate.not-finite',
      'The model answers with numbers that are NaN or infinite: its weights are damaged, or too large for what they were stored as. Open their file in VS Code: the statistics of a tensor count such numbers. Then load or convert the model again.',
    );
  const kept = applyRules(ranking, sampling);
  const token =
    temperature === 0 ? ranking.first : ranking.idAt(draw(ranking, kept.survivors, random));
  const chosen = {
    token,
    probability: ranking.weightOf(token) / ranking.mass,
    survivors: kept.survivors,
  };
  if (alternatives === 0) return { ...chosen, alternatives: [] };
  return {
    ...chosen,
    alternatives: told(ranking, kept, { token, count: Math.min(alternatives, scores.length) }),
    entropy: ranking.entropy,
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

/** How many of the likeliest tokens each rule left. Greedy there are no rules, and one token. */
interface Kept {
  readonly topK?: number;
  readonly topP?: number;
  readonly survivors: number;
}

function applyRules(ranking: Ranking, { temperature, topK: k, topP: p, minP = 0 }: Sampling): Kept {
  if (temperature === 0) return { survivors: 1 };
  const topK = k > 0 ? Math.min(k, ranking.size) : ranking.size;
  const topP = p >= 1 ? topK : ranking.reaching(p * ranking.massOf(topK), topK);
  return { topK, topP, survivors: minP > 0 ? Math.max(1, ranking.atLeast(minP, topP)) : topP };
}

/** @returns a rank below `survivors` */
const draw = (ranking: Ranking, survivors: number, random: number): number =>
  Math.max(0, ranking.reaching(random * ranking.massOf(survivors), survivors) - 1);

/** The likeliest tokens with what cut them off, and the chosen one if it is not among them. */
function told(
  ranking: Ranking,
  kept: Kept,
  { token, count }: { token: number; count: number },
): Candidate[] {
  const ids = Array.from({ length: count }, (_, rank) => ranking.idAt(rank));
  if (!ids.includes(token)) ids.push(token);
  return ids.map((id, rank) => {
    const cut = id === token ? undefined : cutOf(rank, kept);
    return { id, probability: ranking.weightOf(id) / ranking.mass, ...(cut && { cut }) };
  });
}

function cutOf(rank: number, { topK, topP, survivors }: Kept): Cut | undefined {
  if (topK === undefined || topP === undefined || rank < survivors) return undefined;
  if (rank >= topK) return 'top-k';
  return rank >= topP ? 'top-p' : 'min-p';
}
