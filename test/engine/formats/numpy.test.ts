import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, tensorsOf, valuesOf, withFile } from './opened';
import { outcomeOf } from './outcome';

const fixtures = join(__dirname, '../../fixtures/numpy');
const file = (name: string) => join(fixtures, name);
const path = join(scratchFolder(), 'case.npy');

describe.each(['zoo.npz', 'zoo.compressed.npz'])('%s', name => {
  const tensors = tensorsOf(file(name));
  const dtypes = 'float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64'.split(
    ' ',
  );

  it.each(dtypes)('gives %s in either byte order and either order of dimensions', dtype => {
    for (const key of [dtype, `big_${dtype}`, `fortran_${dtype}`]) {
      const tensor = tensors.get(key)!;
      expect(tensor.dtype).toBe(dtype);
      expect(tensor.shape).toEqual([2, 3]);
      expect(valuesOf(tensor), key).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it.each<[string, number[], number[]]>([
    ['bool', [2, 3], [0, 0, 0, 1, 1, 1]],
    ['scalar', [], [2.5]],
    ['empty', [0, 3], []],
    ['vector', [5], [0, 1, 2, 3, 4]],
    ['cube', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ['big_fortran', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['special', [5], [NaN, Infinity, -Infinity, -0, Math.fround(1e-45)]],
    ['folder/inside', [2, 3], [0, 1, 2, 3, 4, 5]],
  ])('gives %s', (key, shape, values) => {
    expect(tensors.get(key)!.shape).toEqual(shape);
    expect(valuesOf(tensors.get(key)!)).toEqual(values);
  });
});

it('says where an array lies that can be used as it is', () => {
  withFile(file('zoo.npz'), ({ entries }) => {
    const { at, bytes } = entries.get('float32')!;
    const found = readFileSync(at!.file).subarray(at!.offset, at!.offset + bytes);
    expect(new Float32Array(Uint8Array.from(found).buffer)).toEqual(
      Float32Array.of(0, 1, 2, 3, 4, 5),
    );
    for (const name of ['fortran_float32', 'big_float32'])
      expect(entries.get(name)?.at).toBeUndefined();
  });
});

it('names an array after its file', () => {
  expect([...tensorsOf(file('float32.npy')).keys()]).toEqual(['float32']);
});

it.each([1, 2, 3])('reads version %i', version => {
  const tensor = tensorsOf(file(`version${version}.npy`)).get(`version${version}`)!;
  expect(valuesOf(tensor)).toEqual([0, 1, 2, 3, 4, 5]);
});

it.each([
  ['complex', 'C64', 48],
  ['double', 'C128', 96],
  ['long', 'F128', 96],
  ['text', 'TEXT', 16],
  ['bytes', 'TEXT', 4],
  ['void', 'VOID', 6],
  ['time', 'DATETIME', 16],
])('names and sizes %s, and refuses to read it', (name, dtype, bytes) => {
  withFile(file('foreign.npz'), open => {
    expect(open.entries.get(name)).toMatchObject({ dtype, bytes });
    expect(problemOf(() => open.read(name)).code).toBe('npz.unsupported-dtype');
  });
});

describe('what is no plain array is refused', () => {
  it.each([
    ['objects.npy', 'npy.object-array', /Python objects/],
    ['objects.npz', 'npz.object-array', /objects\.npy.*Python objects/],
    ['structured.npy', 'npy.structured-dtype', /several fields/],
  ])('%s', (name, code, words) => {
    const problem = problemOf(() => withFile(file(name), () => undefined));
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(words);
    expect(problem.where.byte).toBeGreaterThan(0);
  });

  const array = (header: string, data = 24, version = 1): Buffer => {
    const text = Buffer.from(header.padEnd(101, ' ') + '\n');
    const head = Buffer.alloc(version === 1 ? 10 : 12);
    head.write('\x93NUMPY', 'latin1');
    head[6] = version;
    if (version === 1) head.writeUInt16LE(text.byteLength, 8);
    else head.writeUInt32LE(text.byteLength, 8);
    return Buffer.concat([head, text, Buffer.alloc(data)]);
  };
  const described = (descr: string, shape: string, order = 'False') =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const good = described("'<f4'", '(2, 3)');

  it.each<[string, Buffer, string]>([
    ['a good one, which is not', array(good), 'ok'],
    [
      'with keys in another order',
      array(`{'shape': (2, 3), "descr": "<f4", 'fortran_order': False}`),
      'ok',
    ],
    ['of Python 2', array(described("'<f4'", '(2L, 3L)')), 'ok'],
    ['with too much data', array(good, 25), 'npy.data-size'],
    ['with too little data', array(good, 23), 'npy.data-size'],
    ['of a version to come', array(good, 24, 4), 'npy.bad-version'],
    ['with a header past its end', array(good, 24, 2).subarray(0, 50), 'npy.truncated'],
    ['with a huge header', array(good.padEnd(20_000)), 'npy.header-too-large'],
    ['that would be run', array(`__import__('os').system('touch evil')`), 'npy.bad-header'],
    ['that would be run in its shape', array(described("'<f4'", 'exit(),')), 'npy.bad-header'],
    ['with a negative dimension', array(described("'<f4'", '(-2, 3)')), 'npy.bad-header'],
    ['with a fractional dimension', array(described("'<f4'", '(2.0, 3)')), 'npy.bad-header'],
    ['of a shape that is none', array(described("'<f4'", '6')), 'npy.bad-header'],
    [
      'of a shape too large to exist',
      array(described("'<f4'", '(9999999999, 9999999999)')),
      'npy.bad-header',
    ],
    ['of an unknown order', array(described("'<f4'", '(2, 3)', '0')), 'npy.bad-header'],
    ['of an unknown type', array(described("'<z4'", '(2, 3)')), 'npy.unsupported-dtype'],
    ['of a float of 3 bytes', array(described("'<f3'", '(2, 3)')), 'npy.unsupported-dtype'],
    [
      'with a key twice',
      array(`{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}`),
      'npy.bad-header',
    ],
    [
      'with an unknown key',
      array(`{'descr': '<f4', 'x': 1, 'fortran_order': False, 'shape': (6,)}`),
      'npy.bad-header',
    ],
    ['without a key', array(`{'descr': '<f4', 'shape': (6,)}`), 'npy.bad-header'],
    ['with something after it', array(`${good} + 1`), 'npy.bad-header'],
    ['of records', array(described("[('a', '<f4')]", '(6,)')), 'npy.structured-dtype'],
    ['of objects', array(described("'|O'", '(3,)')), 'npy.object-array'],
    ['cut after its magic', Buffer.from('\x93NUMPY', 'latin1'), 'npy.bad-version'],
    ['cut after its version', Buffer.from('\x93NUMPY\x01\x00\x05', 'latin1'), 'npy.truncated'],
  ])('%s', (_, bytes, wanted) => {
    writeFileSync(path, bytes);
    expect(outcomeOf(path)).toBe(wanted);
  });
});

it('reads an array that is longer than what one looks at first', () => {
  copyFileSync(file('many.npy'), path);
  withFile(path, ({ entries }) => expect(entries.get('case')?.shape).toHaveLength(32));
});
