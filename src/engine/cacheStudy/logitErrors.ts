/** What a rebuilt cache does to the model's next-token distributions. Pure. */

export interface LogitErrors {
  /** KL(full ‖ other) in nats: mean and largest over the positions. */
  readonly kl: number;
  readonly klMax: number;
  readonly top1: number;
}

/** @param full logits [positions, vocab] from the full cache, the truth */
export function logitErrors(full: Float32Array, other: Float32Array, vocab: number): LogitErrors {
  const positions = full.length / vocab;
  let [sum, most, agree] = [0, 0, 0];
  for (let at = 0; at < full.length; at += vocab) {
    const [truth, guess] = [full.subarray(at, at + vocab), other.subarray(at, at + vocab)];
    const kl = divergence(truth, guess);
    sum += kl;
    most = Math.max(most, kl);
    if (likeliest(truth) === likeliest(guess)) agree++;
  }
  return { kl: sum / positions, klMax: most, top1: agree / positions };
}

/** Σ p·(log p − log q), at least 0. */
function divergence(truth: Float32Array, guess: Float32Array): number {
  const [a, b] = [logSum(truth), logSum(guess)];
  let sum = 0;
  for (let i = 0; i < truth.length; i++) {
    const logP = truth[i]! - a;
    sum += Math.exp(logP) * (logP - (guess[i]! - b));
  }
  return Math.max(0, sum);
}

/** log Σ exp(x) */
function logSum(logits: Float32Array): number {
  let most = -Infinity;
  for (const x of logits) if (x > most) most = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - most);
  return most + Math.log(sum);
}

export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/**
 * exp of the mean cross-entropy of `ids`, each predicted by the row before it.
 * @param logits [rows, vocab]; row i is what comes after the i-th of what was read
 * @param first index into what was read of the first id that counts, ≥ 1
 */
export function perplexityOf(
  logits: Float32Array,
  ids: readonly number[],
  { vocab, first }: { vocab: number; first: number },
): number | null {
  if (ids.length <= first) return null;
  let sum = 0;
  for (let i = first; i < ids.length; i++) {
    const row = logits.subarray((i - 1) * vocab, i * vocab);
    sum += logSum(row) - row[ids[i]!]!;
  }
  return Math.exp(sum / (ids.length - first));
}
