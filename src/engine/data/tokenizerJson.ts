/**
 * Our trained tokenizers as Hugging Face `tokenizer.json` files (BPE model, ByteLevel form), so that
 * transformers and others read them. Reads back only what was written here. Touches no files.
 */
import { BYTE_LETTERS } from './byteLetters';
import { BPE_PIECES, tokensOf } from './trainBpe';
import type { Merge } from './trainBpe';
import { END_OF_TEXT } from './tokenizer';

export function toTokenizerJson(merges: readonly Merge[]): string {
  return JSON.stringify(tokenizerOf(merges), null, 1);
}

/** The merges of a file written by `toTokenizerJson`; undefined for any other text. */
export function readTokenizerJson(text: string): Merge[] | undefined {
  try {
    const file = JSON.parse(text) as ReturnType<typeof tokenizerOf>;
    const ids = file.model.vocab;
    const merges = file.model.merges.map((merge): Merge => {
      const [left = '', right = ''] = merge.split(' ');
      return [ids[left] ?? NaN, ids[right] ?? NaN];
    });
    return JSON.stringify(file) === JSON.stringify(tokenizerOf(merges)) ? merges : undefined;
  } catch {
    return undefined; // no JSON, or of another form: the caller names the file
  }
}

function tokenizerOf(merges: readonly Merge[]) {
  const tokens = tokensOf(merges).map(toVisible);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: tokens.length,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: BPE_PIECES }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id): [string, number] => [token, id])),
      merges: merges.map(([left, right]) => `${tokens[left]} ${tokens[right]}`),
    },
  };
}

const toVisible = (bytes: string): string =>
  Array.from(bytes, byte => BYTE_LETTERS[byte.charCodeAt(0)]).join('');
