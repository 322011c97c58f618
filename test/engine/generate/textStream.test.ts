import { expect, it } from 'vitest';
import { textStream } from '../../../src/engine/generate/textStream';

/** One token a byte. */
const bytes = {
  bytesOf: (id: number) => Uint8Array.of(id),
  isSpecial: (id: number) => id === 0,
};

it('holds a character back until all its bytes are there', () => {
  const stream = textStream(bytes);
  const pieces = [...Buffer.from('aé😀!')].map(byte => stream.push(byte));
  expect(pieces).toEqual(['a', '', 'é', '', '', '', '😀', '!']);
  expect(stream.end()).toBe('');
});

it('shows at the end that a character was never finished', () => {
  const stream = textStream(bytes);
  expect([stream.push(0xf0), stream.push(0x9f), stream.end()]).toEqual(['', '', '\ufffd']);
});

it('keeps a byte order mark, which is a character of the text', () => {
  const stream = textStream(bytes);
  expect([0xef, 0xbb, 0xbf, 0x61].map(byte => stream.push(byte)).join('')).toBe('\ufeffa');
});

it('leaves special tokens out when it is asked to', () => {
  const shown = (skipSpecialTokens: boolean) => {
    const stream = textStream(bytes, { skipSpecialTokens });
    return [0x61, 0, 0x62].map(byte => stream.push(byte));
  };
  expect(shown(false)).toEqual(['a', '\0', 'b']);
  expect(shown(true)).toEqual(['a', '', 'b']);
});
