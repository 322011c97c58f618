/** GPT-2's letters for bytes (`bytes_to_unicode` of its encoder.py), by byte. Pure. */

/** A printable byte is itself, the others follow from U+0100 on. */
export const BYTE_LETTERS: readonly string[] = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let unprintable = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isPrintable(byte) ? byte : 0x100 + unprintable++),
  );
})();

const byteOfLetter = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));

/** The bytes of a token in these letters; undefined when it has any other letter. */
export function bytesOfLetters(token: string): Buffer | undefined {
  const bytes = Array.from(token, letter => byteOfLetter.get(letter));
  return bytes.includes(undefined) ? undefined : Buffer.from(bytes as number[]);
}
