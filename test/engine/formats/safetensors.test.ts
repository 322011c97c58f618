import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { disk } from '../../../src/engine/files/fileSystem';
import {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
} from '../../../src/engine/formats/safetensors';
import { ProblemError } from '../../../src/engine/problem';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { tensor } from '../../../src/engine/tensor/tensor';
import { problemOf } from './opened';

const fixtures = join(__dirname, '../../fixtures/safetensors');
const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with this header text, `data` bytes of zeros after it. */
function fileWith(header: string | Uint8Array, data = 0): string {
  const bytes = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.byteLength));
  const path = join(folder, 'case.safetensors');
  writeFileSync(path, Buffer.concat([length, bytes, Buffer.alloc(data)]));
  return path;
}

/** The code of the refusal, or `ok`. Anything but a typed error fails the test. */
function verdict(path: string): string {
  try {
    const file = openSafetensors(path);
    file.close();
    return 'ok';
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error.problem.where.file).toBe(path);
    expect(error.problem.where.byte).toBeGreaterThanOrEqual(0);
    return error.problem.code.replace('safetensors.', '');
  }
}

/** The reference's error class in our words. */
const classes: Readonly<Record<string, string>> = {
  HeaderTooSmall: 'header-too-small',
  HeaderTooLarge: 'header-too-large',
  InvalidHeaderLength: 'invalid-header-length',
  InvalidHeader: 'invalid-header',
  InvalidHeaderDeserialization: 'invalid-header-json',
  TensorInvalidInfo: 'tensor-size',
  InvalidOffset: 'invalid-offset',
  MetadataIncompleteBuffer: 'incomplete-buffer',
  ValidationOverflow: 'overflow',
  OK: 'ok',
};

describe('the verdict of the reference', () => {
  const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
    string,
    string
  >;
  const files = readdirSync(fixtures).filter(name => name.endsWith('.safetensors'));
  it.each(files)('is ours on %s', name => {
    const theirs = expected[name.replace('.safetensors', '')];
    const ours = verdict(join(fixtures, name));
    const known = classes[/^\w+/.exec(theirs!)![0]];
    if (known === undefined) expect(theirs).toMatch(/refused?/);
    expect(ours).toBe(known ?? (ours === 'ok' ? 'a refusal' : ours));
  });

  const one = (fields: string) => `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]${fields}}}`;
  const shaped = (shape: string, end = 0) =>
    `{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,${end}]}}`;
  it.each([
    ['an empty object', '{}', 0, 'ok'],
    ['an unknown field', one(',"x":[1,{"y":null}]'), 4, 'ok'],
    ['an empty name', '{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4, 'ok'],
    ['no metadata', '{"__metadata__":null}', 0, 'ok'],
    ['a dimension of 2^64-1 beside 0', shaped('[0,18446744073709551615]'), 0, 'ok'],
    ['a dimension of 2^64', shaped('[0,18446744073709551616]'), 0, 'invalid-header-json'],
    ['a dimension 1.0', shaped('[1.0]', 4), 4, 'invalid-header-json'],
    ['a dimension 1e0', shaped('[1e0]', 4), 4, 'invalid-header-json'],
    ['a dimension -0', shaped('[-0]'), 0, 'invalid-header-json'],
    ['a dimension 01', shaped('[01]', 4), 4, 'invalid-header-json'],
    ['metadata twice', '{"__metadata__":{},"__metadata__":{}}', 0, 'invalid-header-json'],
    ['a field twice', one(',"shape":[1]'), 4, 'invalid-header-json'],
    [
      'half a character in a name',
      '{"\\ud800":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      0,
      'invalid-header-json',
    ],
    ['a byte order mark', '\ufeff{}', 0, 'invalid-header-json'],
    ['a NUL after the object', '{}\0', 0, 'invalid-header-json'],
    ['nesting 200 deep', '['.repeat(200) + ']'.repeat(200), 0, 'invalid-header-json'],
    ['an empty header', '', 0, 'invalid-header-json'],
    [
      'three offsets',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}',
      4,
      'invalid-header-json',
    ],
    ['half a byte', '{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}', 1, 'misaligned'],
    [
      'a distant empty tensor',
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[9007199254740993,9007199254740993]}}',
      0,
      'invalid-offset',
    ],
  ])('is ours on %s', (_, header, data, wanted) => {
    expect(verdict(fileWith(header, data))).toBe(wanted);
  });

  it('differs, by intent, where a tensor name stands twice', () => {
    const twice =
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    expect(verdict(fileWith(twice, 4))).toBe('invalid-header-json');
  });
});

it.each([
  ['lfs_pointer', /git lfs pull/],
  ['html_error_page', /web page/],
])('says what %s really is', (name, advice) => {
  expect(() => openSafetensors(join(fixtures, `${name}.safetensors`))).toThrow(advice);
});

it('refuses every damaged header with a typed error', () => {
  const good = readFileSync(join(fixtures, 'proto_key.safetensors'));
  const path = join(folder, 'mutant.safetensors');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      (changes, length) => {
        const mutant = Buffer.from(good);
        for (const [at, byte] of changes) mutant[at] = byte;
        writeFileSync(path, length % 3 === 0 ? mutant.subarray(0, length) : mutant);
        expect(verdict(path)).toMatch(/^[a-z-]+$/);
      },
    ),
    { numRuns: 1000, seed: 7 },
  );
});

it('names the tensor and the type it cannot read', () => {
  const path = fileWith('{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}', 4);
  const file = openSafetensors(path);
  expect(file.entries.get('a')).toMatchObject({ dtype: 'F8_E4M3', shape: [4], bytes: 4 });
  expect(() => file.read('a')).toThrow(/"a".*F8_E4M3/);
  expect(() => file.read('b')).toThrow(/no tensor "b"/);
  file.close();
});

it('reads any range of a tensor, and refuses one that leads out of it', () => {
  const path = join(folder, 'range.safetensors');
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  writeSafetensors(disk, path, new Map([['a', tensor('float32', [3, 4], values)]]));
  const file = openSafetensors(path);
  for (let from = 0; from <= 12; from++)
    for (let to = from; to <= 12; to++)
      expect(file.readRange('a', from, to)).toEqual({
        dtype: 'float32',
        shape: [to - from],
        data: values.slice(from, to),
      });
  for (const [from, to] of [
    [-1, 2],
    [0, 13],
    [5, 4],
    [0.5, 1],
    [0, NaN],
  ] as const)
    expect(problemOf(() => file.readRange('a', from, to)).code).toBe('safetensors.out-of-range');
  expect(Buffer.concat([...file.readBytes('a', 7)])).toEqual(Buffer.from(values.buffer));
  file.close();
});

describe('a written file', () => {
  const tensors = new Map<string, Tensor>([
    ['b', tensor('int8', [3], Int8Array.of(-1, 0, 1))],
    ['__proto__', tensor('float32', [2, 2], Float32Array.of(1.5, -0, NaN, Infinity))],
    ['scalar', tensor('float64', [], Float64Array.of(Math.PI))],
    ['none', tensor('int64', [0, 5], new BigInt64Array(0))],
    ['bf', tensor('bfloat16', [2], Uint16Array.of(0x3f80, 0xbf80))],
    ['part', tensor('float32', [2], Float32Array.of(7, 8, 9).subarray(1))],
    ['é😀"\\', tensor('uint32', [1], Uint32Array.of(4294967295))],
  ]);
  const path = join(folder, 'written.safetensors');

  it('gives back names, types, shapes and bits', () => {
    writeSafetensors(disk, path, tensors, new Map([['format', 'pt']]));
    const file = openSafetensors(path);
    expect(file.metadata).toEqual(new Map([['format', 'pt']]));
    expect(new Set(file.entries.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, wanted] of tensors) expect(file.read(name)).toEqual(wanted);
    file.close();
  });

  it('aligns every tensor to its type and says where it lies in the file', () => {
    writeSafetensors(disk, path, tensors);
    const bytes = readFileSync(path);
    const { entries } = openSafetensors(path);
    for (const [name, { at }] of entries)
      expect(at!.offset % tensors.get(name)!.data.BYTES_PER_ELEMENT).toBe(0);
    const { at } = entries.get('scalar')!;
    expect(at?.file).toBe(path);
    expect(bytes.readDoubleLE(at!.offset)).toBe(Math.PI);
    expect(bytes[8]).toBe('{'.charCodeAt(0));
  });

  it('is the same file again when what was read is written', () => {
    writeSafetensors(disk, path, tensors);
    const again = join(folder, 'again.safetensors');
    writeSafetensors(disk, again, readSafetensors(path));
    expect(readFileSync(again)).toEqual(readFileSync(path));
  });
});
