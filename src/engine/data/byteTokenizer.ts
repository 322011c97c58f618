/** The tokenizer without a vocabulary: a token is a byte of UTF-8, and id 256 ends a text. */
import { createHash } from 'node:crypto';
import { byteLevelTokenizer } from './byteLevelTokenizer';

export const byteTokenizer = byteLevelTokenizer({
  name: 'bytes',
  hash: createHash('sha256').update('bytes').digest('hex'), // nothing else decides the ids
  tokens: Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)),
  encodeInto(ids, text) {
    for (const byte of Buffer.from(text, 'utf8')) ids.push(byte);
  },
});
