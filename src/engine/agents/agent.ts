/**
 * What an agent is: how it asks, how it judges what was written, and how it asks again. The two of the
 * small-model notebook, and one that computes. Pure; knows nothing of models.
 */
import type { AgentName } from '../../protocol/evaluation';
import { gsm8kPrompt } from '../data/gsm8k';
import { strip } from '../data/pythonSpace';
import { flexibleAnswer, normalAnswer, strictAnswer } from '../metrics/extractAnswer';

export interface Agent {
  readonly name: AgentName;
  /** The first prompt. */
  ask(question: string): string;
  /** Null when the text is good. */
  critique(text: string): string | null;
  /** The next prompt after a text that is not good. */
  askAgain(prompt: string, text: string, critique: string): string;
  /** `<<expr=` is computed while the model writes. */
  readonly calculates: boolean;
}

const INTEGERS = /-?\d+/g;

const basePrompt = (question: string): string =>
  `Solve the following problem step by step.\nExplain your reasoning clearly.\n\nQuestion: ${question}\nAnswer:`;

const retryPrompt = (prompt: string, text: string, critique: string): string =>
  `${prompt}\n\nPrevious attempt:\n${text}\n\nCritique:\n${critique}\n\nFix the mistakes and answer again carefully.`;

const retrying = { ask: basePrompt, askAgain: retryPrompt, calculates: false };

export const agents: Readonly<Record<AgentName, Agent>> = {
  /** Good: a number, and a "therefore". */
  slm: {
    name: 'slm',
    ...retrying,
    critique(text) {
      const hasNumber = text.search(INTEGERS) >= 0;
      if (hasNumber && text.toLowerCase().includes('therefore')) return null;
      if (!hasNumber) return 'No final numeric answer was provided.';
      if (text.includes('?')) return 'The answer appears uncertain.';
      return 'The reasoning may contain arithmetic or logical errors.';
    },
  },
  /** Good: an equals sign, and its last number at the very end. */
  math: {
    name: 'math',
    ...retrying,
    critique(text) {
      const last = text.match(INTEGERS)?.at(-1);
      if (last === undefined) return 'No numerical reasoning found.';
      if (!text.includes('=')) return 'The solution does not show explicit calculations.';
      return strip(text).endsWith(last) ? null : 'Check the arithmetic carefully and recompute.';
    },
  },
  /** In GSM8K's form; good: a `#### ` answer. Asks again in the same words. */
  calculator: {
    name: 'calculator',
    ask: gsm8kPrompt,
    askAgain: prompt => prompt,
    critique: text => (strictAnswer(text) === null ? 'There is no line `#### <answer>`.' : null),
    calculates: true,
  },
};

/** The number that a text comes to: after `#### `, else the last. */
export function answerIn(text: string): string | null {
  const found = strictAnswer(text) ?? flexibleAnswer(text);
  return found === null ? null : normalAnswer(found);
}
