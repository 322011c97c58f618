/** Files of one size are told apart by their content, and little of a large one is read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleHash } from '../../../src/engine/generate/contentSample';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
const MIB = 2 ** 20;
const HEADER = 5000;

/** A safetensors file of so many bytes, of which one may be another. */
function hashOf(size: number, changed?: number): string {
  const path = join(scratch, 'model.safetensors');
  const bytes = Buffer.alloc(size, 7);
  bytes.writeBigUInt64LE(BigInt(HEADER - 8), 0);
  if (changed !== undefined) bytes[changed]! ^= 1;
  writeFileSync(path, bytes);
  return sampleHash(path, size);
}

describe('the hash of a sample', () => {
  it.each([
    ['anywhere in a small file', MIB, 123_457],
    ['in the last byte of a small file', MIB, MIB - 1],
    ['in the header of a large one', 8 * MIB, HEADER - 1],
    ['right after the header', 8 * MIB, HEADER],
    ['in the last byte of a large one', 8 * MIB, 8 * MIB - 1],
  ])('is another for a bit %s', (_where, size, changed) => {
    expect(hashOf(size, changed)).not.toBe(hashOf(size));
  });

  it('is the same for the same bytes, and does not look between its pieces', () => {
    expect(hashOf(8 * MIB)).toBe(hashOf(8 * MIB));
    expect(hashOf(8 * MIB, HEADER + 4096)).toBe(hashOf(8 * MIB));
  });

  it('of a file that became shorter is an error', () => {
    const path = join(scratch, 'short.json');
    writeFileSync(path, '{}');
    expect(() => sampleHash(path, 10)).toThrow(/shorter/);
  });
});
