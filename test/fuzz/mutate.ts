/** Damage to bytes, as chance and malice do it, from a seed. Knows nothing of formats. */

export type Random = () => number;

const INTERESTING = [0, 1, 2, 7, 8, 0x10, 0x20, 0x2e, 0x7f, 0x80, 0xfe, 0xff];
const WORDS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const below = (random: Random, end: number): number => Math.floor(random() * end);
export const oneOf = <T>(random: Random, list: readonly T[]): T =>
  list[below(random, list.length)]!;

type Damage = (bytes: Buffer, random: Random) => Buffer;

/** A place and a length, most of them short. */
function span(bytes: Buffer, random: Random): [from: number, length: number] {
  const from = below(random, bytes.length + 1);
  const most = Math.min(bytes.length - from, 2 ** below(random, 10));
  return [from, below(random, most + 1)];
}

const damages: readonly Damage[] = [
  function flipBit(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[below(random, copy.length)]! ^= 1 << below(random, 8);
    return copy;
  },
  function setByte(bytes, random) {
    const copy = Buffer.from(bytes);
    const value = random() < 0.5 ? below(random, 256) : oneOf(random, INTERESTING);
    if (copy.length > 0) copy[below(random, copy.length)] = value;
    return copy;
  },
  function setWord(bytes, random) {
    const width = oneOf(random, [2, 4, 8]);
    if (bytes.length < width) return bytes;
    const copy = Buffer.from(bytes);
    const word = Buffer.alloc(8);
    word.writeBigUInt64LE(oneOf(random, WORDS));
    const turned =
      random() < 0.8 ? word.subarray(0, width) : Buffer.from(word.subarray(0, width)).reverse();
    turned.copy(copy, below(random, copy.length - width + 1));
    return copy;
  },
  function remove(bytes, random) {
    const [from, length] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  },
  function repeat(bytes, random) {
    const [from, length] = span(bytes, random);
    const times = 1 + below(random, 4);
    const part = bytes.subarray(from, from + length);
    return Buffer.concat([
      bytes.subarray(0, from),
      ...Array<Buffer>(times).fill(part),
      bytes.subarray(from),
    ]);
  },
  function move(bytes, random) {
    const [from, length] = span(bytes, random);
    const part = bytes.subarray(from, from + length);
    const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
    const to = below(random, rest.length + 1);
    return Buffer.concat([rest.subarray(0, to), part, rest.subarray(to)]);
  },
  function insert(bytes, random) {
    const at = below(random, bytes.length + 1);
    const part = Buffer.from(
      Array.from({ length: 1 + below(random, 16) }, () => below(random, 256)),
    );
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  function cut(bytes, random) {
    return bytes.subarray(0, below(random, bytes.length + 1));
  },
  function changeDigit(bytes, random) {
    const places = [...bytes.keys()].filter(at => bytes[at]! >= 0x30 && bytes[at]! <= 0x39);
    if (places.length === 0) return bytes;
    const at = oneOf(random, places);
    const digits = oneOf(random, ['0', '9', '-1', '1.0', '1e9', '99999999999999999999', '007', '']);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(digits), bytes.subarray(at + 1)]);
  },
];

/** One to five damages, one after the other. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  const count = 1 + below(random, random() < 0.7 ? 2 : 5);
  let result = bytes;
  for (let i = 0; i < count; i++) result = oneOf(random, damages)(result, random);
  return result;
}

/** The beginning of one and the end of another. */
export function splice(a: Buffer, b: Buffer, random: Random): Buffer {
  return Buffer.concat([
    a.subarray(0, below(random, a.length + 1)),
    b.subarray(below(random, b.length + 1)),
  ]);
}
