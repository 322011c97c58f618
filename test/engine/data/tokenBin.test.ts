import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { readSidecar, sidecarPath } from '../../../src/engine/data/binSidecar';
import {
  checkVocabulary,
  dtypeFor,
  openTokenBin,
  writeTokenBin,
} from '../../../src/engine/data/tokenBin';
import type { BinFacts, Tokens } from '../../../src/engine/data/tokenBin';
import { disk } from '../../../src/engine/files/fileSystem';
import { scratchFolder } from '../../durability/scratchFolder';
import { refusalOf } from './refusal';

const folder = scratchFolder();
const path = join(folder, 'x.bin');

const facts: BinFacts = {
  tokenizer: 'gpt2',
  tokenizerHash: 'abc',
  vocabSize: 50257,
  endOfText: 50256,
  examples: 2,
  source: { file: 'x.jsonl', sha256: 'def', bytes: 10, format: 'gsm8k', part: [0, 2] },
};

const write = (tokens: Tokens) => writeTokenBin(disk, path, tokens, facts);

describe('a token bin', () => {
  it.each<[string, Tokens, number[]]>([
    ['uint16', Uint16Array.of(1, 0x1234, 65535), [1, 0, 0x34, 0x12, 255, 255]],
    ['uint32', Uint32Array.of(70000), [0x70, 0x11, 1, 0]],
  ])('is little-endian %s and comes back as it was', (dtype, tokens, bytes) => {
    write(tokens);
    expect([...readFileSync(path)]).toEqual(bytes);
    const bin = openTokenBin(path);
    expect(bin).toMatchObject({ path, dtype, tokens, length: tokens.length });
    expect(bin.sidecar).toMatchObject({
      ...facts,
      version: 1,
      dtype,
      tokens: tokens.length,
      sha256: bin.sha256,
    });
  });

  it('comes back as it was, for any tokens', () => {
    fc.assert(
      fc.property(fc.uint16Array({ minLength: 1 }), tokens => {
        write(tokens);
        expect(openTokenBin(path).tokens).toEqual(tokens);
      }),
      { numRuns: 30 },
    );
  });

  it('without a sidecar is uint16', () => {
    const other = join(folder, 'other.bin');
    writeFileSync(other, Uint8Array.of(1, 2));
    const bin = openTokenBin(other);
    expect(bin).toMatchObject({ dtype: 'uint16', tokens: Uint16Array.of(0x0201) });
    expect(bin).not.toHaveProperty('sidecar');
  });

  it('of a vocabulary beyond 65,536 is uint32', () => {
    expect([257, 65536, 65537].map(dtypeFor)).toEqual(['uint16', 'uint16', 'uint32']);
  });

  it('is never written empty', async () => {
    expect((await refusalOf(() => write(new Uint16Array()))).code).toBe('data.empty');
  });
});

describe('openTokenBin refuses', () => {
  beforeEach(() => write(Uint16Array.of(1, 2, 3)));
  const edit = (key: string, value: unknown) => {
    const sidecar = { ...readSidecar(path), [key]: value };
    writeFileSync(sidecarPath(path), JSON.stringify(sidecar));
  };
  const alone = (bytes: number) => {
    disk.rm(sidecarPath(path));
    truncateSync(path, bytes);
  };

  it.each<[string, () => void, string, object]>([
    ['an empty file', () => alone(0), 'data.empty', { byte: 0 }],
    ['an odd length', () => alone(5), 'data.bin-odd-length', { byte: 4 }],
    ['a file cut off', () => truncateSync(path, 4), 'data.bin-truncated', { byte: 4 }],
    [
      'a file cut off inside a token',
      () => truncateSync(path, 5),
      'data.bin-truncated',
      { byte: 5 },
    ],
    ['a longer file', () => writeFileSync(path, Buffer.alloc(8)), 'data.bin-changed', {}],
    [
      'a flipped bit',
      () => writeFileSync(path, Uint8Array.of(1, 0, 2, 0, 2, 0)),
      'data.bin-changed',
      {},
    ],
    ['a missing file', () => disk.rm(path), 'disk.missing', {}],
    [
      'a sidecar of another dtype',
      () => edit('dtype', 'uint32'),
      'data.bin-truncated',
      { byte: 6 },
    ],
  ])('%s', async (_, damage, code, where) => {
    damage();
    const problem = await refusalOf(() => openTokenBin(path));
    expect(problem).toMatchObject({ code, where: { file: path, ...where } });
  });

  it.each<[string, () => void]>([
    ['is no JSON', () => writeFileSync(sidecarPath(path), '{')],
    ['has another version', () => edit('version', 2)],
    ['has a negative count', () => edit('tokens', -1)],
    ['has no source', () => edit('source', undefined)],
  ])('a sidecar that %s', async (_, damage) => {
    damage();
    const problem = await refusalOf(() => openTokenBin(path));
    expect(problem).toMatchObject({ code: 'data.bad-sidecar', where: { file: sidecarPath(path) } });
  });

  it('a folder', async () => {
    expect((await refusalOf(() => openTokenBin(folder))).code).toMatch(/^disk\./);
  });
});

describe('checkVocabulary', () => {
  it.each<[Tokens, number]>([
    [Uint16Array.of(1, 2, 9, 10), 4],
    [Uint32Array.of(1, 2, 9, 10), 8],
  ])('names the byte of the first token beyond the vocabulary', async (tokens, byte) => {
    write(tokens);
    const bin = openTokenBin(path);
    checkVocabulary(bin, 11);
    const problem = await refusalOf(() => checkVocabulary(bin, 9));
    expect(problem).toMatchObject({
      code: 'data.token-beyond-vocabulary',
      where: { file: path, byte },
    });
    expect(problem.message).toContain(`token 9 at byte ${byte}`);
  });
});
