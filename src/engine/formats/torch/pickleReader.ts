/** The arguments of a pickle's opcodes, one after the other, within bounds. */
import type { ByteWindow } from '../byteSource';
import { limits } from './pickleLimits';
import type { PyBytes } from './pyValue';

/** @throws `torch.<kind>` at a byte of the pickle's source */
export type RefusePickle = (kind: string, what: string, at: number) => never;

export class PickleReader {
  private textBytes = 0;

  /** @param at of the source, where the pickle begins */
  constructor(
    private readonly window: ByteWindow,
    public at: number,
    readonly refuse: RefusePickle,
  ) {}

  /** The next `length` bytes, valid until the next call. */
  take(length: number): Buffer {
    const bytes = this.window.view(this.at, length);
    this.at += length;
    return bytes;
  }

  u8 = (): number => this.take(1)[0]!;
  u16 = (): number => this.take(2).readUInt16LE();
  u32 = (): number => this.take(4).readUInt32LE();
  i32 = (): number => this.take(4).readInt32LE();
  float = (): number => this.take(8).readDoubleBE();

  /** A length of eight bytes. */
  u64(): number {
    const { at } = this;
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      this.refuse('truncated', 'it speaks of more bytes than any file has', at);
    return Number(value);
  }

  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    this.needs(length);
    this.textBytes += length;
    if (length > limits.text || this.textBytes > limits.allText)
      this.refuse('too-complex', `it holds too much text (${this.textBytes} bytes)`, this.at);
    return this.take(length).toString(encoding);
  }

  /** Bytes that stay where they are. */
  bytes(length: number): PyBytes {
    const { at } = this;
    this.needs(length);
    this.at += length;
    return { kind: 'bytes', content: { at, bytes: length } };
  }

  private needs(length: number): void {
    if (length > this.window.source.bytes - this.at)
      this.refuse('truncated', `${length} bytes should follow and are not there`, this.at);
  }

  /** Text up to the end of its line, without it. */
  line(): string {
    const { at } = this;
    for (let length = 64; ; length *= 2) {
      const rest = Math.min(length, this.window.source.bytes - at);
      const end = this.window.view(at, rest).indexOf(0x0a);
      if (end >= 0) {
        const line = this.text(end, 'latin1');
        this.at++;
        return line;
      }
      if (rest < length) return this.refuse('truncated', 'a line of it has no end', at);
      if (length > limits.text) return this.refuse('too-complex', 'a line of it is too long', at);
    }
  }

  /** A whole number of so many bytes, two's complement. */
  integer(length: number): number | bigint {
    if (length > limits.integer)
      this.refuse('too-complex', `it holds a number of ${length} bytes`, this.at);
    const hex = Buffer.from(this.take(length)).reverse().toString('hex');
    return narrow(length === 0 ? 0n : BigInt.asIntN(length * 8, BigInt(`0x${hex}`)));
  }
}

/** As a JavaScript number where that is exact. */
export const narrow = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
