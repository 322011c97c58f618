/**
 * The decoder of a `tokenizer.json` as bytes of each token: a text is the tokens' bytes one after
 * another, read as UTF-8, less a space at its start or end. That is what allows streaming.
 */
import { bytesOfLetters } from '../byteLetters';
import type { AddedToken } from './addedTokens';
import type { JsonFields } from './jsonFields';
import type { Vocabulary } from './vocabulary';

export interface Decoding {
  /** Of the bytes of all tokens, in the order of their ids. */
  readonly bytes: Uint8Array;
  /** Token `id` is `bytes[starts[id] .. starts[id + 1])`. */
  readonly starts: Uint32Array;
  /** A text loses one space at its start, or end. */
  readonly trimsStart: boolean;
  readonly trimsEnd: boolean;
}

/** Of all tokens together. */
const MOST_BYTES = 64e6;
const LONGEST_REPLACEMENT = 64;

interface Rule {
  bytesOf(token: string): Buffer;
  /** Of added tokens, where they are not as others. */
  addedBytesOf?: (token: string) => Buffer;
  trimsStart?: boolean;
  trimsEnd?: boolean;
}

/** @throws `tokenizer.unsupported`, `tokenizer.bad-form` */
export function readDecoding(
  fields: JsonFields | undefined,
  { tokens }: Vocabulary,
  added: readonly AddedToken[],
): Decoding {
  const rule = fields ? ruleOf(fields) : spaced;
  const contents = new Map(added.map(({ id, content }) => [id, content]));
  const count = added.reduce((most, { id }) => Math.max(most, id + 1), tokens.length);
  let total = 0;
  const bytesOf = (id: number): Buffer => {
    const content = contents.get(id);
    if (content !== undefined) return rule.addedBytesOf?.(content) ?? rule.bytesOf(content);
    const token = tokens[id];
    return token === undefined ? utf8('\ufffd') : rule.bytesOf(token);
  };
  const parts = Array.from({ length: count }, (_, id) => {
    const part = bytesOf(id);
    total += part.length;
    return total > MOST_BYTES ? fields?.refuse('type', 'makes the tokens too long') : part;
  }).filter(part => part !== undefined);
  const starts = new Uint32Array(count + 1);
  parts.forEach((part, id) => (starts[id + 1] = starts[id]! + part.length));
  const { trimsStart = false, trimsEnd = false } = rule;
  return { bytes: new Uint8Array(Buffer.concat(parts)), starts, trimsStart, trimsEnd };
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

const spaced: Rule = { bytesOf: token => utf8(` ${token}`), trimsStart: true };

function ruleOf(fields: JsonFields): Rule {
  const type = fields.string('type');
  switch (type) {
    case 'ByteLevel':
      // An added "é" is meant as it is written, though it could be read as a byte.
      return { bytesOf: token => bytesOfLetters(token) ?? utf8(token), addedBytesOf: utf8 };
    case 'Metaspace':
      return metaspace(fields);
    case 'WordPiece':
      return wordPiece(fields);
    case 'BPEDecoder': {
      const suffix = fields.string('suffix', '</w>');
      return { bytesOf: token => utf8(token.replaceAll(suffix, ' ')), trimsEnd: true };
    }
    case 'Sequence':
      return sequence(fields.objects('decoders'), fields);
    default:
      return sequence([fields], fields);
  }
}

function metaspace(fields: JsonFields): Rule {
  const replacement = fields.string('replacement', '▁');
  const scheme = fields.string(
    'prepend_scheme',
    fields.boolean('add_prefix_space', true) ? 'always' : 'never',
  );
  return {
    bytesOf: token => utf8(token.replaceAll(replacement, ' ')),
    trimsStart: scheme !== 'never',
  };
}

function wordPiece(fields: JsonFields): Rule {
  const prefix = fields.string('prefix', '##');
  const cleans = fields.boolean('cleanup', true);
  return {
    bytesOf(token) {
      if (token.startsWith(prefix)) return utf8(token.slice(prefix.length));
      return utf8(cleans ? cleaned(` ${token}`) : ` ${token}`);
    },
    trimsStart: true,
  };
}

/** `cleanup` of Hugging Face's WordPiece decoder. */
const cleaned = (token: string): string => token.replace(/ (?=[.?!,]|n't|'(?:m|s|ve|re))/g, '');

const BYTE = /^<0x([0-9A-F]{2})>$/;

/** SentencePiece's decoder is spelt out in small steps; others with such steps are not known. */
function sequence(steps: readonly JsonFields[], fields: JsonFields): Rule {
  const rewrites: ((token: string) => string)[] = [];
  let hasBytes = false;
  let isFused = false;
  let trimsStart = false;
  for (const step of steps) {
    const type = step.string('type');
    if (type === 'Replace' && !isFused) {
      const from =
        step.optional('pattern')?.string('String') ?? step.refuse('pattern', 'is missing');
      const to = step.string('content');
      if (to.length > LONGEST_REPLACEMENT) step.refuse('content', 'is too long');
      rewrites.push(token => token.replaceAll(from, to));
    } else if (type === 'ByteFallback' && !isFused) hasBytes = true;
    else if (type === 'Fuse') isFused = true;
    else if (type === 'Strip' && isFused && isOneSpaceAtStart(step)) trimsStart = true;
    else if (type === 'Metaspace' && steps.length > 1 && !isFused) {
      const rule = metaspace(step);
      rewrites.push(token => rule.bytesOf(token).toString('utf8'));
      trimsStart ||= rule.trimsStart ?? false;
    } else fields.unsupported(`the decoder "${type.slice(0, 40)}" where it stands`);
  }
  return {
    bytesOf(token) {
      const byte = hasBytes ? BYTE.exec(token)?.[1] : undefined;
      if (byte !== undefined) return Buffer.from([parseInt(byte, 16)]);
      return utf8(rewrites.reduce((text, step) => step(text), token));
    },
    trimsStart,
  };
}

function isOneSpaceAtStart(strip: JsonFields): boolean {
  const [start, stop] = [strip.count('start'), strip.count('stop')];
  return strip.string('content') === ' ' && start === 1 && stop === 0;
}
