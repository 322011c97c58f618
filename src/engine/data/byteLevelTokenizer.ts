/**
 * What all our tokenizers share: tokens are strings of bytes, any bytes can be written, and the last
 * id ends a text. Knows nothing of how a text is cut into tokens.
 */
import { placesOfBytes, textOfBytes } from './tokenText';
import { END_OF_TEXT } from './tokenizer';
import type { EncodeOptions, Tokenizer } from './tokenizer';

export interface ByteLevelVocabulary {
  name: string;
  hash: string;
  /** Byte strings by id; the id after the last one is the end of text. */
  tokens: readonly string[];
  /** Appends the ids of `text`, in which `<|endoftext|>` is any other text. */
  encodeInto(ids: number[], text: string): void;
  toJson?: () => string;
}

export function byteLevelTokenizer(vocabulary: ByteLevelVocabulary): Tokenizer {
  const { name, hash, tokens, toJson } = vocabulary;
  const endOfText = tokens.length;
  const bytesOf = (id: number) =>
    Buffer.from(id === endOfText ? END_OF_TEXT : (tokens[id] ?? REPLACEMENT), 'latin1');
  const encode = (text: string, options: EncodeOptions = {}) => {
    const ids: number[] = [];
    const [first = '', ...others] = options.readSpecialTokens ? text.split(END_OF_TEXT) : [text];
    vocabulary.encodeInto(ids, first);
    for (const other of others) {
      ids.push(endOfText);
      vocabulary.encodeInto(ids, other);
    }
    return ids;
  };
  return {
    name,
    vocabSize: tokens.length + 1,
    endOfText,
    roles: { bos: endOfText, eos: endOfText },
    endIds: [endOfText],
    hash,
    encode,
    encodeWithOffsets(text, options) {
      const ids = encode(text, options);
      const lengths = ids.map(id => bytesOf(id).length);
      return { ids, offsets: placesOfBytes(text, lengths) };
    },
    decode(ids, { skipSpecialTokens = false } = {}) {
      const shown = Array.from(ids).filter(id => !skipSpecialTokens || id !== endOfText);
      return decoder.decode(Buffer.concat(shown.map(bytesOf)));
    },
    bytesOf,
    tokenText: id => textOfBytes(bytesOf(id)),
    isSpecial: id => id === endOfText,
    ...(toJson && { toJson }),
  };
}

/** UTF-8 of `text`, one character (0–255) per byte. Lone surrogates become U+FFFD. */
export const toByteString = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What an id outside the vocabulary decodes to. */
const REPLACEMENT = toByteString('\uFFFD');

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
