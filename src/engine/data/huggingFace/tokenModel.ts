/**
 * The model of a `tokenizer.json`: tokens of one piece. BPE is our own; WordPiece and Unigram are
 * those of @huggingface/tokenizers, behind the same two arrays.
 */
import { Unigram, WordPiece } from '@huggingface/tokenizers';
import { readBpe } from './bpeModel';
import type { JsonFields } from './jsonFields';
import { MOST_TOKENS, readVocabulary, type Vocabulary } from './vocabulary';

export interface TokenModel {
  readonly vocabulary: Vocabulary;
  encode(piece: string): Tokens;
  /** Whether a piece may be cut before each run of `mark` and give the same tokens. */
  canBeCutAt?(mark: string): boolean;
}

/** Tokens `ids[i]` of the letters `[starts[i], ends[i])` of a piece, in UTF-16 code units. */
export interface Tokens {
  readonly ids: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** @throws `tokenizer.unsupported`, `tokenizer.bad-form` */
export function readModel(model: JsonFields, isByteLevel: boolean): TokenModel {
  const type = model.optionalString('type') ?? guessType(model);
  if (type === 'BPE') return readBpe(model, isByteLevel);
  if (isByteLevel) return model.unsupported(`the model "${type.slice(0, 40)}" over bytes`);
  if (type === 'WordPiece') return readWordPiece(model);
  if (type === 'Unigram') return readUnigram(model);
  return model.unsupported(`the model "${type.slice(0, 40)}"`);
}

/** Files of before 2021 do not say. */
const guessType = (model: JsonFields): string => (model.raw('merges') === undefined ? '' : 'BPE');

function readWordPiece(model: JsonFields): TokenModel {
  const vocabulary = readVocabulary(model, 'vocab');
  const unk_token = model.string('unk_token', '[UNK]');
  const unknown = vocabulary.idOf.get(unk_token) ?? model.refuse('unk_token', 'is no token');
  const prefix = model.string('continuing_subword_prefix', '##');
  const library = new WordPiece({
    type: 'WordPiece',
    vocab: Object.fromEntries(vocabulary.idOf),
    unk_token,
    continuing_subword_prefix: prefix,
    ...(model.raw('max_input_chars_per_word') !== undefined && {
      max_input_chars_per_word: model.count('max_input_chars_per_word'),
    }),
  });
  return {
    vocabulary,
    encode(piece) {
      const ids = library.encode([piece]).map(token => vocabulary.idOf.get(token)!);
      if (ids.length === 1 && ids[0] === unknown) return { ids, starts: [0], ends: [piece.length] };
      let end = 0;
      const ends = ids.map(
        (id, i) => (end += lengthOf(vocabulary, id) - (i > 0 ? prefix.length : 0)),
      );
      return { ids, starts: [0, ...ends.slice(0, -1)], ends };
    },
  };
}

function readUnigram(model: JsonFields): TokenModel {
  if (model.boolean('byte_fallback', false)) model.unsupported('Unigram with byte_fallback');
  const list = model.list('vocab');
  if (list.length === 0 || list.length > MOST_TOKENS) model.refuse('vocab', 'is empty or too long');
  const vocab = list.map((entry, id) => {
    const [token, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    return typeof token === 'string' && typeof score === 'number'
      ? ([token, score] as [string, number])
      : model.refuse(`vocab[${id}]`, 'is not a token with a score');
  });
  const tokens = vocab.map(([token]) => token);
  const vocabulary = { tokens, idOf: new Map(tokens.map((token, id) => [token, id])) };
  if (vocabulary.idOf.size < tokens.length) model.refuse('vocab', 'has a token twice');
  const unk_id = model.count('unk_id');
  if (unk_id >= tokens.length) model.refuse('unk_id', 'is no token');
  const library = new Unigram({ type: 'Unigram', vocab, unk_id } as never, '</s>');
  return {
    vocabulary,
    encode(piece) {
      const ids: number[] = [];
      const starts: number[] = [];
      const ends: number[] = [];
      let end = 0;
      for (const text of library.encode([piece])) {
        const id = vocabulary.idOf.get(text) ?? unk_id;
        const start = end;
        end += text.length;
        if (id === unk_id && ids.at(-1) === unk_id) ends[ends.length - 1] = end;
        else {
          ids.push(id);
          starts.push(start);
          ends.push(end);
        }
      }
      return { ids, starts, ends };
    },
  };
}

const lengthOf = ({ tokens }: Vocabulary, id: number): number => tokens[id]?.length ?? 0;
