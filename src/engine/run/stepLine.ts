/**
 * Reads the `step` lines of `events.jsonl` faster than a JSON parser: they are flat, alike, and
 * nearly all of a long log. Whatever it does not know it leaves to the parser.
 */
import type { RunEvent, StepEvent } from '../../protocol/runEvent';

/** `,"crc":"xxxxxxxx"}` */
const SEAL_BYTES = 18;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, sign => sign.charCodeAt(0));
const HEAD = bytesOf('{"type":"step"');
const SEAL = bytesOf(',"crc":"');
const SEAL_END = bytesOf('"}');
const NULL = bytesOf('null');
const KEYS = (['step', 'loss', 'lr', 'grad_norm', 'tokens', 'seconds', 'seq', 'time'] as const).map(
  name => bytesOf(`,"${name}":`),
);

export type LoggedStep = StepEvent & Pick<RunEvent, 'seq' | 'time'>;

/**
 * The step event in `bytes` from `start` to `end`, without the newline; undefined when the line is
 * of another kind, unusual in any way, or not as it was written: the caller parses it then.
 */
export function parseStepLine(
  bytes: Uint8Array,
  start: number,
  end: number,
): LoggedStep | undefined {
  const seal = end - SEAL_BYTES;
  if (!holds(bytes, start, HEAD) || !holds(bytes, seal, SEAL)) return undefined;
  let at = start + HEAD.length;
  for (let field = 0; field < KEYS.length; field++) {
    const key = KEYS[field]!;
    if (!holds(bytes, at, key)) return undefined;
    at = readNumber(bytes, at + key.length, seal, field);
    if (at < 0) return undefined;
  }
  if (at !== seal || !isSealed(bytes, start, seal)) return undefined;
  const [step, loss, lr, grad_norm, tokens, seconds, seq, time] = values;
  return { type: 'step', step, loss, lr, grad_norm, tokens, seconds, seq, time };
}

/** Where the values of a line are gathered: one line at a time. */
const values: [number, number, number, number, number, number, number, number] = [
  0, 0, 0, 0, 0, 0, 0, 0,
];

function holds(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Puts a JSON number, or NaN for null, into `values[field]`; the byte behind it, −1 if none. */
function readNumber(bytes: Uint8Array, from: number, end: number, field: number): number {
  const isNegative = bytes[from] === MINUS;
  let at = isNegative ? from + 1 : from;
  const first = at;
  let mantissa = 0;
  let dot = -1;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (bytes[at] === DOT && dot < 0) dot = at;
    else break;
  }
  const decimals = dot < 0 ? 0 : at - dot - 1;
  const sign = bytes[at];
  // A mantissa below 2⁵³ and a power of ten up to 10²² are exact doubles, so their quotient is
  // rounded once: the value that a parser finds (Clinger, 1990).
  if (at > first && mantissa < 2 ** 53 && decimals < POWERS.length && isBehind(sign)) {
    const value = mantissa / POWERS[decimals]!;
    values[field as 0] = isNegative ? -value : value;
    return at;
  }
  if (holds(bytes, from, NULL)) {
    values[field as 0] = NaN;
    return from + NULL.length;
  }
  if (sign === LOWER_E || sign === UPPER_E) while (at < end && bytes[at] !== COMMA) at++;
  const value = Number(latin1(bytes, from, at));
  values[field as 0] = value;
  return at > first && value === value ? at : -1;
}

/** Whether a number may end before this sign: not before an exponent. */
const isBehind = (sign: number | undefined): boolean => sign !== LOWER_E && sign !== UPPER_E;

const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to);

function isSealed(bytes: Uint8Array, start: number, seal: number): boolean {
  const from = seal + SEAL.length;
  let written = 0;
  for (let at = from; at < from + 8; at++) {
    const digit = hexDigit(bytes[at]!);
    if (digit < 0) return false;
    written = (written << 4) | digit;
  }
  return holds(bytes, from + 8, SEAL_END) && crc32Of(bytes, start, seal) === written;
}

const hexDigit = (byte: number): number =>
  byte >= ZERO && byte <= 0x39 ? byte - ZERO : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;

/** CRC-32 as a signed number, four bytes at a time: a call of zlib's per line costs more. */
function crc32Of(bytes: Uint8Array, from: number, to: number): number {
  const [a, b, c, d] = TABLES;
  let crc = -1;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = d[crc & 255]! ^ c[(crc >>> 8) & 255]! ^ b[(crc >>> 16) & 255]! ^ a[crc >>> 24]!;
  }
  for (; at < to; at++) crc = a[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc;
}

const TABLES = crcTables();

function crcTables(): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const next = (table: Int32Array) => table.map(crc => (crc >>> 8) ^ first[crc & 255]!);
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
