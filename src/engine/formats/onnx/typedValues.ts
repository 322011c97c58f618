/**
 * Elements that stand in a typed field of a message, packed or one field each, as the bytes that a
 * tensor of them has. Knows nothing of names or shapes.
 */
import type { Dtype } from '../../tensor/tensor';
import { dtypeBytes } from '../../tensor/tensor';
import type { ByteSource } from '../byteSource';
import { bytesOf, lazySource, memorySource } from '../byteSource';
import type { Field, MessageReader, Span } from './message';

const SCAN_BYTES = 1 << 20;

export class TypedValues {
  /** Runs of packed elements, and the places of single ones, in order. */
  private readonly runs: Span[] = [];

  constructor(private readonly reader: MessageReader) {}

  add(field: Field): void {
    if (field.wire === 'bytes') this.runs.push(field.span);
    else {
      const start = this.reader.varint(field.at, field.at + 10).end; // past the tag
      const bytes = { fixed32: 4, fixed64: 8, varint: 0 }[field.wire];
      const end = bytes > 0 ? start + bytes : this.reader.varint(start, start + 10).end;
      this.runs.push({ start, end });
    }
  }

  /**
   * The elements as row-major bytes of `dtype`.
   * @param refuse called when there are not `count` of them
   */
  source(dtype: Dtype, count: number, refuse: (found: number) => never): ByteSource {
    const width = dtypeBytes[dtype];
    const [run, ...more] = this.runs;
    const isFixed = dtype === 'float32' || dtype === 'float64';
    const found = isFixed ? this.bytes / width : this.countVarints();
    if (found !== count) refuse(found);
    if (run === undefined) return memorySource(new Uint8Array());
    if (isFixed && more.length === 0) return this.reader.part(run);
    return lazySource(count * width, () =>
      memorySource(isFixed ? this.joined() : decodeVarints(this.joined(), dtype, count)),
    );
  }

  private get bytes(): number {
    return this.runs.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  private joined(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.bytes);
    let at = 0;
    for (const run of this.runs) {
      all.set(bytesOf(this.reader.part(run)), at);
      at += run.end - run.start;
    }
    return all;
  }

  /** Each ends with a byte whose highest bit is clear; one that has no end does not count. */
  private countVarints(): number {
    let count = 0;
    for (const run of this.runs) {
      const source = this.reader.part(run);
      for (let at = 0; at < source.bytes; at += SCAN_BYTES) {
        const chunk = new Uint8Array(Math.min(SCAN_BYTES, source.bytes - at));
        source.read(chunk, at);
        for (const byte of chunk) if (byte < 0x80) count++;
      }
    }
    return count;
  }
}

/** The low bits of each number, as many as the type has. */
function decodeVarints(bytes: Uint8Array, dtype: Dtype, count: number): Uint8Array {
  const width = dtypeBytes[dtype];
  const result = new Uint8Array(count * width);
  const view = new DataView(result.buffer);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let [low, high] = [0, 0];
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift > 25 && shift < 64)
        high |= shift < 32 ? bits >> (32 - shift) : bits << (shift - 32);
      if (byte < 0x80) break;
    }
    if (dtype === 'bool') view.setUint8(i, low !== 0 || high !== 0 ? 1 : 0);
    else if (width === 1) view.setUint8(i, low & 0xff);
    else if (width === 2) view.setUint16(i * 2, low & 0xffff, true);
    else {
      view.setInt32(i * width, low, true);
      if (width === 8) view.setInt32(i * 8 + 4, high, true);
    }
  }
  return result;
}
