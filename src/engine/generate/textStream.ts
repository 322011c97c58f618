/** Text from tokens as they come: a character whose bytes are not all there yet is held back. */
import type { DecodeOptions, Tokenizer } from '../data/tokenizer';

export interface TextStream {
  /** The text that `token` completes; may be empty. */
  push(token: number): string;
  /** What was held back, when no more will come. */
  end(): string;
}

/** Special tokens such as `<|im_end|>` are shown as they are written, unless they are skipped. */
export function textStream(
  tokenizer: Pick<Tokenizer, 'bytesOf' | 'isSpecial'>,
  { skipSpecialTokens = false }: DecodeOptions = {},
): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: token =>
      skipSpecialTokens && tokenizer.isSpecial(token)
        ? ''
        : decoder.decode(tokenizer.bytesOf(token), { stream: true }),
    end: () => decoder.decode(),
  };
}
