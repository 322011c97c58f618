/**
 * A JSON reader for headers of untrusted binary files, on bytes: it keeps what `JSON.parse` loses
 * (repeated names, how a number was written, where each value stands) and refuses what that lets
 * through (lone surrogates, nesting without end). Knows nothing of any file format.
 */
import { isUtf8 } from 'node:buffer';

export type StrictJson =
  | { kind: 'object'; at: number; members: StrictMember[] }
  | { kind: 'array'; at: number; items: StrictJson[] }
  | { kind: 'string'; at: number; text: string }
  /** `literal` exactly as in the file, e.g. `1e0`. */
  | { kind: 'number'; at: number; literal: string }
  | { kind: 'boolean' | 'null'; at: number };

export interface StrictMember {
  name: string;
  /** Byte offset of the name. */
  at: number;
  value: StrictJson;
}

/** What is wrong with the text, at which byte of it. */
export class StrictJsonError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

const MAX_DEPTH = 127;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const [QUOTE, BACKSLASH, COMMA, COLON, SPACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x20];

/** @throws StrictJsonError */
export const parseStrictJson = (bytes: Uint8Array): StrictJson => readerOf(bytes).document();

/**
 * The members of a document that is an object, one after the other: none is kept, however many there
 * are.
 * @throws StrictJsonError, after some members if the mistake comes after them
 */
export const strictMembers = (bytes: Uint8Array): Generator<StrictMember> =>
  readerOf(bytes).documentMembers();

function readerOf(bytes: Uint8Array): Reader {
  if (!isUtf8(bytes)) throw new StrictJsonError('is not UTF-8', 0);
  return new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

class Reader {
  private at = 0;
  /** One character a byte, so that regular expressions see byte offsets. */
  private readonly latin: string;

  constructor(private readonly bytes: Buffer) {
    this.latin = bytes.toString('latin1');
  }

  document(): StrictJson {
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.bytes.length) this.refuse('has something after its JSON');
    return value;
  }

  *documentMembers(): Generator<StrictMember> {
    this.skipSpace();
    if (this.latin[this.at] !== '{') {
      this.document(); // a mistake in it comes first
      throw new StrictJsonError('is not an object', 0);
    }
    this.at++;
    this.skipSpace();
    if (!this.takeWord('}'))
      for (;;) {
        yield this.member(0);
        this.skipSpace();
        if (this.takeWord('}')) break;
        if (this.bytes[this.at++] !== COMMA) this.refuse('is not JSON: a comma is missing', -1);
      }
    this.skipSpace();
    if (this.at < this.bytes.length) this.refuse('has something after its JSON');
  }

  private value(depth: number): StrictJson {
    if (depth > MAX_DEPTH) this.refuse(`is nested more than ${MAX_DEPTH} deep`);
    this.skipSpace();
    const at = this.at;
    const first = this.latin[at];
    if (first === '{') return { kind: 'object', at, members: this.members(depth) };
    if (first === '[') return { kind: 'array', at, items: this.items(depth) };
    if (first === '"') return { kind: 'string', at, text: this.string() };
    if (this.takeWord('null')) return { kind: 'null', at };
    if (this.takeWord('true') || this.takeWord('false')) return { kind: 'boolean', at };
    NUMBER.lastIndex = at;
    const literal = NUMBER.exec(this.latin)?.[0];
    if (literal === undefined) this.refuse('is not JSON');
    this.at += literal.length;
    return { kind: 'number', at, literal };
  }

  private members(depth: number): StrictMember[] {
    const members: StrictMember[] = [];
    this.sequence('}', () => members.push(this.member(depth)));
    return members;
  }

  private member(depth: number): StrictMember {
    this.skipSpace();
    const at = this.at;
    if (this.bytes[at] !== QUOTE) this.refuse('is not JSON: a name is missing');
    const name = this.string();
    this.skipSpace();
    if (this.bytes[this.at++] !== COLON) this.refuse('is not JSON: a colon is missing', -1);
    return { name, at, value: this.value(depth + 1) };
  }

  private items(depth: number): StrictJson[] {
    const items: StrictJson[] = [];
    this.sequence(']', () => items.push(this.value(depth + 1)));
    return items;
  }

  /** `item (, item)*` or nothing, from the opening bracket to past the closing one. */
  private sequence(close: '}' | ']', item: () => void): void {
    this.at++;
    this.skipSpace();
    if (this.takeWord(close)) return;
    for (;;) {
      item();
      this.skipSpace();
      if (this.takeWord(close)) return;
      if (this.bytes[this.at++] !== COMMA) this.refuse('is not JSON: a comma is missing', -1);
    }
  }

  private string(): string {
    const start = ++this.at;
    let plain = true;
    for (; this.bytes[this.at] !== QUOTE; this.at++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) this.refuse('is not JSON: a string has no end');
      if (byte < SPACE) this.refuse('is not JSON: a control character in a string');
      if (byte !== BACKSLASH) continue;
      plain = false;
      this.at++;
    }
    const text = this.bytes.toString('utf8', start, this.at++);
    return plain ? text : this.unescape(text, start);
  }

  private unescape(text: string, start: number): string {
    const result = text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]?))/g, (_, hex?: string, sign = '') => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      const character = ESCAPES[sign as string];
      if (character === undefined) throw new StrictJsonError('is not JSON: a bad escape', start);
      return character;
    });
    if (/\p{Surrogate}/u.test(result))
      throw new StrictJsonError('has half a character in a name', start);
    return result;
  }

  private takeWord(word: string): boolean {
    if (!this.latin.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private skipSpace(): void {
    for (;;) {
      const c = this.latin[this.at];
      if (c !== ' ' && c !== '\n' && c !== '\r' && c !== '\t') return;
      this.at++;
    }
  }

  private refuse(message: string, back = 0): never {
    throw new StrictJsonError(message, this.at + back);
  }
}
