/** Two texts token by token: how far they are the same, and where they part. Pure. */
import type { Outcome } from '../../src/protocol/sandboxView';

export interface Comparison {
  /** So many tokens are the same in both. */
  readonly equal: number;
  /** Both have a token there and it is another one. */
  readonly divergesAt: number | null;
  /** One is over where the other goes on. */
  readonly endsFirst: 0 | 1 | null;
  /** Nothing more will come that could differ. */
  readonly isDecided: boolean;
}

export const isOver = ({ status }: Outcome): boolean =>
  status.kind === 'ended' || status.kind === 'failed';

export function compare(a: Outcome, b: Outcome): Comparison {
  const shorter = Math.min(a.tokens.length, b.tokens.length);
  const isSame = (at: number) =>
    a.tokens[at]!.id === b.tokens[at]!.id && a.tokens[at]!.piece === b.tokens[at]!.piece;
  let equal = 0;
  while (equal < shorter && isSame(equal)) equal++;
  const diverges = equal < shorter;
  const [first, second] = [a.tokens.length, b.tokens.length];
  const endsFirst =
    diverges || first === second ? null : first < second ? endOf(a, 0) : endOf(b, 1);
  return {
    equal,
    divergesAt: diverges ? equal : null,
    endsFirst,
    isDecided: diverges || endsFirst !== null || (isOver(a) && isOver(b)),
  };
}

const endOf = (outcome: Outcome, which: 0 | 1): 0 | 1 | null => (isOver(outcome) ? which : null);

/** "token 13" where they part, "nowhere" when they are the same to the end. */
export function partingText(a: Outcome, b: Outcome): string {
  const { equal, divergesAt, endsFirst, isDecided } = compare(a, b);
  if (!isDecided) return '–';
  return divergesAt === null && endsFirst === null ? 'nowhere' : `token ${equal + 1}`;
}

/** Mean of the probabilities of what was picked; NaN of nothing. */
export const meanProbability = ({ tokens }: Outcome): number =>
  tokens.reduce((sum, token) => sum + token.probability, 0) / tokens.length;

/** Where the model was least sure of what it took; undefined in an empty text. */
export function leastLikely({ tokens }: Outcome): number | undefined {
  const least = Math.min(...tokens.map(token => token.probability));
  const at = tokens.findIndex(token => token.probability === least);
  return at < 0 ? undefined : at;
}
