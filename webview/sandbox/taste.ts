/**
 * What the view remembers for itself: how its user likes to look at texts. No facts: those come from
 * the host each time.
 */
import type { Tint } from './tint';
import { tints } from './tint';

export const promptLooks = ['text', 'rendered', 'tokens'] as const;
export type PromptLook = (typeof promptLooks)[number];

export interface Taste {
  prompt: PromptLook;
  tint: Tint;
  scrollTogether: boolean;
  /** Column that is looked at; null = the first. */
  column: string | null;
}

const plain: Taste = { prompt: 'text', tint: 'probability', scrollTogether: true, column: null };

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  if (typeof memory !== 'object' || memory === null) return { ...plain };
  const { prompt, tint, scrollTogether, column } = memory as Record<keyof Taste, unknown>;
  return {
    prompt: promptLooks.find(look => look === prompt) ?? plain.prompt,
    tint: tints.find(each => each === tint) ?? plain.tint,
    scrollTogether: typeof scrollTogether === 'boolean' ? scrollTogether : plain.scrollTogether,
    column: typeof column === 'string' ? column : null,
  };
}
