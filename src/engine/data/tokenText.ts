/** What tokens look like to people, and where byte-level tokens stand in a text. Pure. */

const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** The text of bytes, or `<E1><BA>` where they are a part of a character. */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return Array.from(bytes, byte => `<${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join(
      '',
    );
  }
}

/**
 * Places of tokens whose bytes together are the text's UTF-8.
 * @param lengths of the tokens, in bytes
 * @returns `[start, end)` in UTF-16 code units; a token that has only a part of a character's bytes
 *   has the place of all of it
 */
export function placesOfBytes(text: string, lengths: readonly number[]): [number, number][] {
  const bytes = Buffer.from(text, 'utf8');
  const isWhole = (at: number) => at >= bytes.length || (bytes[at]! & 0xc0) !== 0x80;
  let start = 0;
  const starts = lengths.map(length => (start += length) - length);
  let byte = 0;
  let unit = 0;
  /** Code units before the character that `at` is in, or begins. */
  const unitsBefore = (at: number) => {
    for (; byte + lengthAt(bytes, byte) <= at && byte < bytes.length; byte += lengthAt(bytes, byte))
      unit += lengthAt(bytes, byte) === 4 ? 2 : 1;
    return unit;
  };
  return starts.map((from, i) => {
    const first = unitsBefore(from);
    const to = from + lengths[i]!;
    const end = unitsBefore(to);
    const rest = isWhole(to) ? 0 : lengthAt(bytes, byte) === 4 ? 2 : 1;
    return [first, end + rest];
  });
}

/** Bytes of the character that begins there. */
function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
