/**
 * A protobuf message in a file, walked field by field without being read: what is long stays where
 * it is. Knows nothing of ONNX. Source: protobuf's encoding, wire types 0, 1, 2 and 5.
 */
import type { ByteSource } from '../byteSource';
import { ByteWindow, partOf } from '../byteSource';

export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Field = { readonly id: number; readonly at: number } & (
  | { readonly wire: 'varint' | 'fixed64' | 'fixed32'; readonly value: bigint }
  | { readonly wire: 'bytes'; readonly span: Span }
);

/** @throws `onnx.<kind>` at a byte */
export type RefuseMessage = (kind: string, what: string, at: number) => never;

/** Of one file, so that a hostile one ends. */
const MAX_FIELDS = 20_000_000;
const MAX_VARINT_BYTES = 10;

export class MessageReader {
  private readonly window: ByteWindow;
  private fields = 0;

  constructor(
    readonly source: ByteSource,
    readonly refuse: RefuseMessage,
  ) {
    this.window = new ByteWindow(source, at =>
      refuse('truncated', 'it ends here, so it was cut off; download or copy it again', at),
    );
  }

  *walk({ start, end }: Span): Generator<Field> {
    for (let at = start; at < end;) {
      if (++this.fields > MAX_FIELDS) this.refuse('too-complex', 'it has too many fields', at);
      const tag = this.varint(at, end);
      const id = Number(tag.value >> 3n);
      if (id < 1 || id > 0x1fffffff) this.refuse('bad-field', 'a field of it has no number', at);
      const field = this.content(Number(tag.value & 7n), id, at, { start: tag.end, end });
      yield field.field;
      at = field.end;
    }
  }

  private content(wire: number, id: number, at: number, { start, end }: Span) {
    switch (wire) {
      case 0: {
        const varint = this.varint(start, end);
        return { field: { id, at, wire: 'varint' as const, value: varint.value }, end: varint.end };
      }
      case 1: {
        const value = this.inside(start, 8, end).readBigUInt64LE();
        return { field: { id, at, wire: 'fixed64' as const, value }, end: start + 8 };
      }
      case 5: {
        const value = BigInt(this.inside(start, 4, end).readUInt32LE());
        return { field: { id, at, wire: 'fixed32' as const, value }, end: start + 4 };
      }
      case 2: {
        const length = this.varint(start, end);
        if (length.value > BigInt(end - length.end))
          this.refuse(
            'truncated',
            `${length.value} bytes should follow and ${end - length.end} do`,
            at,
          );
        const span = { start: length.end, end: length.end + Number(length.value) };
        return { field: { id, at, wire: 'bytes' as const, span }, end: span.end };
      }
      default:
        return this.refuse('bad-field', `a field of it is of the unknown kind ${wire}`, at);
    }
  }

  /** Unsigned; negative numbers are those beyond 2^63. */
  varint(at: number, end: number): { value: bigint; end: number } {
    const bytes = this.window.view(at, Math.min(MAX_VARINT_BYTES, end - at));
    let value = 0n;
    for (const [i, byte] of bytes.entries()) {
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + i + 1 };
    }
    return this.refuse('bad-field', 'a number of it has no end', at);
  }

  text({ start, end }: Span, most = 1 << 20): string {
    if (end - start > most)
      return this.refuse('too-complex', `a text of it has ${end - start} bytes`, start);
    return this.window.view(start, end - start).toString('utf8');
  }

  part = ({ start, end }: Span): ByteSource => partOf(this.source, start, end - start);

  private inside(at: number, length: number, end: number): Buffer {
    return at + length > end
      ? this.refuse('truncated', 'a number of it is cut off', at)
      : this.window.view(at, length);
  }
}
