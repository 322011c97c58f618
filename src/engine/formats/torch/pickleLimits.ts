/** How much a pickle may ask of its reader: room for a model of 200,000 tensors, and an end. */
export const limits = {
  /** Of one pickle; inline arrays count and are not read. */
  bytes: 2 ** 31,
  opcodes: 16_000_000,
  /** Lists, tuples, dicts, records and tensors. */
  objects: 4_000_000,
  stack: 200_000,
  memo: 4_000_000,
  /** Bytes of one text and of all. */
  text: 1 << 24,
  allText: 1 << 27,
  /** Bytes of one whole number. */
  integer: 256,
  /** Of containers in containers. */
  depth: 200,
  /** Values met on the way through what was read, those met again included. */
  visits: 8_000_000,
  /** Values met in containers that were met before: sharing, which a bomb multiplies. */
  revisits: 200_000,
} as const;
