/**
 * How sure the mean loss of one text is, whose tokens are no independent draws: by blocks of tokens
 * in a row (batch means; Schmeiser 1982), long enough that what one says of the next hardly matters.
 * Pure.
 */

/** Summed −ln p of so many tokens. */
export interface TokenLoss {
  readonly nats: number;
  readonly tokens: number;
}

/** More of them would be shorter, and more alike; so many cost the interval 4 % of its width. */
const MOST_BLOCKS = 30;
const FEWEST_BLOCKS = 10;
const SHORTEST_BLOCK = 50;

/** Tokens below which a text says nothing of how sure its perplexity is. */
export const FEWEST_TOKENS = FEWEST_BLOCKS * SHORTEST_BLOCK;

/**
 * The losses of a text as sums over 10 to 30 blocks of at least 50 tokens in a row, as equally long
 * as can be. Undefined for fewer than `FEWEST_TOKENS`.
 * @param losses nats, of each token in the order of the text
 */
export function lossBlocks(losses: readonly number[]): TokenLoss[] | undefined {
  const tokens = losses.length;
  if (tokens < FEWEST_TOKENS) return undefined;
  const count = Math.min(MOST_BLOCKS, Math.floor(tokens / SHORTEST_BLOCK));
  const startOf = (block: number) => Math.floor((block * tokens) / count);
  return Array.from({ length: count }, (_, block) => {
    const part = losses.slice(startOf(block), startOf(block + 1));
    return { nats: part.reduce((sum, x) => sum + x, 0), tokens: part.length };
  });
}

/**
 * The 97.5 % point of Student's distribution, by its expansion around the normal one (Abramowitz and
 * Stegun 26.7.5): within 1e-4 from 9 degrees of freedom on.
 */
export function studentQuantile(degrees: number): number {
  const z = 1.959963984540054;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
