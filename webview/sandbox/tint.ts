/** How tokens are tinted by what is known of them. Pure. */
import type { Token } from '../../src/protocol/sandboxView';

export const tints = ['none', 'probability', 'entropy'] as const;
export type Tint = (typeof tints)[number];

/** Strengths of the tint; the style sheet has a class for each. */
export const LEVELS = 6;

/** A token as likely as this is not remarkable. */
export const SURE = 0.6;

/** Nats at which the tint is strongest: as undecided as among 55 equals. */
export const UNDECIDED = 4;

/** 0 = none … LEVELS. */
export function tintLevel({ probability, entropy }: Token, tint: Tint): number {
  if (tint === 'none') return 0;
  const share = tint === 'probability' ? 1 - probability / SURE : (entropy ?? 0) / UNDECIDED;
  return Math.ceil(Math.min(1, Math.max(0, share)) * LEVELS);
}
