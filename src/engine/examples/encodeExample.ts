/**
 * The text of an example as tokens, each of which is trained or not. A token belongs to the part that
 * it begins in: what a model is asked is cut into tokens before it has answered. Touches no files.
 */
import type { Tokenizer } from '../data/tokenizer';
import type { ExampleText } from './exampleTexts';

export interface EncodedExample {
  readonly ids: number[];
  /** By token: 1 when the model learns to write it, else 0. */
  readonly trained: number[];
}

/** @param isChat the text holds all special tokens that the model is to see */
export function encodeExample(
  tokenizer: Tokenizer,
  { text, trained: spans, end }: ExampleText,
  isChat: boolean,
): EncodedExample {
  const options = { readSpecialTokens: isChat, addSpecialTokens: !isChat };
  const { ids, offsets } = tokenizer.encodeWithOffsets(text, options);
  let span = 0;
  const trained = offsets.map(([from, to]) => {
    while (span < spans.length && spans[span]![1] <= from) span++;
    const [start, stop] = spans[span] ?? [Infinity, Infinity];
    return from >= start && to <= stop && to > from ? 1 : 0;
  });
  const { endOfText } = tokenizer;
  if (end !== 'none' && endOfText !== undefined && ids.at(-1) !== endOfText) {
    ids.push(endOfText);
    trained.push(end === 'trained' ? 1 : 0);
  }
  return { ids, trained };
}
