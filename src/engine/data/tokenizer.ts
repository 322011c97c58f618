/**
 * What a tokenizer is, and the one place that opens one by its name in a config. Text exists only
 * before `encode` and after `decode`; knows nothing of files of data or of models.
 */
import type { FileSystem } from '../files/fileSystem';
import { fail } from '../problem';

export interface Tokenizer {
  /** As in a config: `gpt2`, `bytes` or `bpe:<size>`; of a Hugging Face folder, the folder's name. */
  readonly name: string;
  /** Ids are 0 … vocabSize - 1. */
  readonly vocabSize: number;
  /** Id that ends an example. */
  readonly endOfText: number | undefined;
  /** Ids of tokens with a part to play, by the part: `bos`, `eos`, `unk`, `pad`, … */
  readonly roles: Readonly<Partial<Record<TokenRole, number>>>;
  /** Ids after which a generated text is over. */
  readonly endIds: readonly number[];
  /** SHA-256, in hex, of all that decides the ids. */
  readonly hash: string;
  /** @throws `tokenizer.…` for a tokenizer that somebody else made */
  encode(text: string, options?: EncodeOptions): number[];
  /** As `encode`, with the place of each token in the text. */
  encodeWithOffsets(text: string, options?: EncodeOptions): TokenPlaces;
  /** The inverse of `encode`. Bytes that are no UTF-8 and unknown ids become U+FFFD. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The bytes one id stands for, e.g. to decode a stream with `TextDecoder`. */
  bytesOf(id: number): Uint8Array;
  /** One token for people to read: its text, or its bytes as `<E1><BA>` where they are no text. */
  tokenText(id: number): string;
  /** Whether it says something about a text (`<|im_start|>`) and is no part of it. */
  isSpecial(id: number): boolean;
  /** A Hugging Face `tokenizer.json`, where the tokenizer was trained here. */
  toJson?(): string;
  /** Ends what it holds outside of memory; it cannot encode any more. */
  dispose?(): void;
}

export type TokenRole = 'bos' | 'eos' | 'unk' | 'pad' | 'sep' | 'cls' | 'mask';

export interface EncodeOptions {
  /** Reads special tokens in the text, such as `<|endoftext|>`, as these. Default: as any other text. */
  readSpecialTokens?: boolean;
  /** Puts before and after it what the model was trained to see there, such as `<s>`. */
  addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  skipSpecialTokens?: boolean;
}

export interface TokenPlaces {
  readonly ids: number[];
  /**
   * `[start, end)` of each token, in UTF-16 code units. Tokens of one character's bytes share its
   * place; a token that stands for nothing in the text has an empty one.
   */
  readonly offsets: readonly [number, number][];
}

export interface TokenizerSource {
  /** A `tokenizer.json` to load (`bpe:<size>`). */
  file?: string;
  fs?: FileSystem;
  /** Texts to train on when there is no `file` (`bpe:<size>`). */
  trainOn?: Iterable<string>;
  signal?: AbortSignal;
}

export const END_OF_TEXT = '<|endoftext|>';

/**
 * @param name `gpt2`, `bytes` or `bpe:<size>`
 * @throws `data.unknown-tokenizer`, `data.no-tokenizer` (`none`), `data.untrained-tokenizer`
 *   (`bpe:<size>` without file or texts), `data.bad-tokenizer` and what trainBpe throws
 */
export async function openTokenizer(
  name: string,
  source: TokenizerSource = {},
): Promise<Tokenizer> {
  if (name === 'bytes') return (await import('./byteTokenizer')).byteTokenizer;
  if (name === 'gpt2') return (await import('./gpt2Tokenizer')).openGpt2();
  if (name === 'none')
    fail(
      'data.no-tokenizer',
      'Tokenizer `none` has no text; name `gpt2`, `bytes` or `bpe:<size>`.',
    );

  const size = /^bpe:(\d+)$/.exec(name)?.[1];
  if (size === undefined)
    fail(
      'data.unknown-tokenizer',
      `Unknown tokenizer "${name}"; use gpt2, bytes, bpe:<size> or none.`,
    );
  const { loadBpe, bpeTokenizer } = await import('./bpeTokenizer');
  if (source.file !== undefined) return loadBpe(name, source.file, source.fs);
  if (source.trainOn === undefined)
    fail('data.untrained-tokenizer', `${name} is trained on data, and no text was given.`);
  const { trainBpe } = await import('./trainBpe');
  return bpeTokenizer(name, await trainBpe(source.trainOn, Number(size), source.signal));
}
