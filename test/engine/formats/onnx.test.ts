import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import protobuf from 'protobufjs/light';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, tensorsOf, valuesOf, withFile } from './opened';
import { outcomeOf } from './outcome';

const fixtures = join(__dirname, '../../fixtures/onnx');
const file = (name: string) => join(fixtures, name);
const folder = scratchFolder();

describe.each(['raw.onnx', 'typed.onnx'])('initializers of %s', name => {
  const tensors = tensorsOf(file(name));
  it.each(
    'float:float32 double:float64 float16 bfloat16 int8 uint8 int16 uint16 int32 uint32 int64 uint64'
      .split(' ')
      .map(both => both.split(':')),
  )('%s', (key, dtype = key) => {
    const tensor = tensors.get(key)!;
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.shape).toEqual([2, 3]);
    expect(valuesOf(tensor)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('bool', () => {
    expect(tensors.get('bool')?.data).toEqual(Uint8Array.of(0, 1, 1, 1, 1, 1));
  });
});

it('reads typed numbers of all sizes and signs', () => {
  const tensors = tensorsOf(file('typed.onnx'));
  expect(tensors.get('negative')?.data).toEqual(
    BigInt64Array.of(-1n, -(2n ** 63n), 2n ** 53n + 1n),
  );
  expect(tensors.get('small')?.data).toEqual(Int8Array.of(-128, 127));
  expect(tensors.get('large')?.data).toEqual(BigUint64Array.of(2n ** 64n - 1n));
});

it('reads elements that stand in one field each', () => {
  const tensors = tensorsOf(file('unpacked.onnx'));
  expect(tensors.get('single')?.data).toEqual(Int32Array.of(1, -1));
  expect(tensors.get('floats')?.data).toEqual(Float32Array.of(1.5, -2));
});

it('says what the model says of itself', () => {
  expect(withFile(file('raw.onnx'), ({ metadata }) => Object.fromEntries(metadata))).toEqual({
    ir_version: '9',
    producer: 'weightroom tests',
    producer_version: '1.0',
    model_version: '3',
    doc: 'Văn bản',
    graph: 'main',
    'opset ai.onnx': '17',
    'opset com.microsoft': '1',
    author: 'nobody',
    nodes: '2',
    inputs: 'x',
    outputs: 'y',
  });
});

it.each([
  ['f8', 'F8_E4M3', 3, 'onnx.unsupported-dtype'],
  ['i4', 'I4', 2, 'onnx.unsupported-dtype'],
  ['i4_typed', 'I4', 2, 'onnx.unreadable'],
  ['complex', 'C64', 8, 'onnx.unreadable'],
  ['text', 'TEXT', 0, 'onnx.unreadable'],
  ['sparse', 'float32', 8, 'onnx.unreadable'],
])('names and sizes %s, and refuses to read it', (name, dtype, bytes, code) => {
  withFile(file('foreign.onnx'), open => {
    expect(open.entries.get(name)).toMatchObject({ dtype, bytes });
    expect(problemOf(() => open.read(name)).code).toBe(code);
    expect(open.read('fine').data).toEqual(Float32Array.of(1));
  });
});

it('is refused when cut at any byte before its last parts, which need not be there', () => {
  const bytes = readFileSync(file('unpacked.onnx'));
  const path = join(folder, 'cut.onnx');
  for (let length = 1; length < bytes.byteLength; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    expect(outcomeOf(path)).toMatch(/^onnx\.(truncated|no-graph|bad-field)$/);
  }
});

/** The little of ONNX's schema that these models need. */
const { nested } = protobuf.Root.fromJSON({
  nested: {
    Entry: { fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
    Tensor: {
      fields: {
        dims: { type: 'int64', id: 1, rule: 'repeated' },
        dataType: { type: 'int32', id: 2 },
        floats: { type: 'float', id: 4, rule: 'repeated' },
        name: { type: 'string', id: 8 },
        raw: { type: 'bytes', id: 9 },
        external: { type: 'Entry', id: 13, rule: 'repeated' },
        location: { type: 'int32', id: 14 },
      },
    },
    Graph: { fields: { initializer: { type: 'Tensor', id: 5, rule: 'repeated' } } },
    Opset: { fields: { version: { type: 'int64', id: 2 } } },
    Model: {
      fields: {
        version: { type: 'int64', id: 1 },
        graph: { type: 'Graph', id: 7 },
        opset: { type: 'Opset', id: 8 },
      },
    },
  },
});
const Model = nested!.Model as protobuf.Type;
const model = (...initializer: object[]): Uint8Array =>
  Model.encode({ version: 8, graph: { initializer }, opset: { version: 17 } }).finish();
const one = { name: 'w', dataType: 1, dims: [2] };

describe('a tensor that does not fit is refused', () => {
  const path = join(folder, 'case.onnx');
  it.each<[string, Uint8Array, string]>([
    ['raw data of another size', model({ ...one, raw: Buffer.alloc(7) }), 'onnx.data-size'],
    ['fewer elements', model({ ...one, floats: [1] }), 'onnx.data-size'],
    ['no elements', model(one), 'onnx.data-size'],
    ['a negative dimension', model({ ...one, dims: [-1] }), 'onnx.bad-shape'],
    [
      'dimensions too large to exist',
      model({ ...one, dims: [2 ** 40, 2 ** 40] }),
      'onnx.bad-shape',
    ],
    ['an unknown type', model({ ...one, dataType: 99 }), 'onnx.unknown-dtype'],
    ['no type', model({ ...one, dataType: 0 }), 'onnx.unknown-dtype'],
    ['no name', model({ ...one, name: '', floats: [1, 2] }), 'onnx.no-name'],
    [
      'two of one name',
      model({ ...one, floats: [1, 2] }, { ...one, floats: [1, 2] }),
      'onnx.duplicate-name',
    ],
    ['two graphs', Buffer.concat([model(), model()]), 'onnx.no-graph'],
    ['no graph', Buffer.from([8, 8]), 'onnx.no-graph'],
    ['a group', Buffer.from([8, 8, 0x3b]), 'onnx.bad-field'],
    [
      'a number without end',
      Buffer.from([8, ...Array.from({ length: 12 }, () => 0xff)]),
      'onnx.bad-field',
    ],
    ['a length past the end', Buffer.from([8, 8, 0x3a, 0xff, 0xff, 0xff, 0x7f]), 'onnx.truncated'],
    ['a field 0', Buffer.from([8, 8, 0, 0]), 'onnx.bad-field'],
  ])('%s', (_, bytes, wanted) => {
    writeFileSync(path, bytes);
    expect(outcomeOf(path)).toBe(wanted);
  });
});

describe('data beside the model', () => {
  const home = join(folder, 'model');
  const path = join(home, 'model.onnx');
  const data = Buffer.from(Float32Array.of(1, 2, 3).buffer);
  const at = (location: string, more: Record<string, string> = {}) => {
    const external = Object.entries({ location, ...more }).map(([key, value]) => ({ key, value }));
    writeFileSync(path, model({ ...one, external, location: 1 }));
    return outcomeOf(path);
  };

  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, 'inner'), { recursive: true });
    writeFileSync(join(home, 'w.data'), data);
    writeFileSync(join(home, 'inner/w.data'), data);
    writeFileSync(join(folder, 'outside.data'), data);
    mkdirSync(join(folder, 'model-evil'), { recursive: true });
    writeFileSync(join(folder, 'model-evil/w.data'), data);
  });

  it.each<[string, Record<string, string>]>([
    ['w.data', {}],
    ['inner/w.data', {}],
    ['w.data', { offset: '4', length: '8' }],
    ['w.data', { offset: '0', checksum: 'abc' }],
  ])('is read from %s with %j', (location, more) => {
    expect(at(location, more)).toBe('ok');
    const first = Number(more.offset ?? 0) / 4 + 1;
    expect(tensorsOf(path).get('w')?.data).toEqual(Float32Array.of(first, first + 1));
    withFile(path, ({ entries }) =>
      expect(entries.get('w')?.at).toEqual({
        file: join(home, location),
        offset: Number(more.offset ?? 0),
      }),
    );
  });

  it.each<[string, Record<string, string>?]>([
    ['../outside.data'],
    ['inner/../../outside.data'],
    ['../model-evil/w.data'],
    [join(folder, 'outside.data')],
    ['~/outside.data'],
    ['file:///etc/passwd'],
    ['C:\\outside.data'],
    ['..\\outside.data'],
    ['w.data\0.txt'],
    [''],
    ['.'],
    ['inner'],
    ['missing.data'],
    ['w.data', { offset: '8' }],
    ['w.data', { offset: '-4' }],
    ['w.data', { offset: '1e1' }],
    ['w.data', { offset: '99999999999999999999' }],
    ['w.data', { length: '4294967296' }],
    ['w.data', { length: '4' }],
  ])('is refused at %j with %j', (location, more = {}) => {
    expect(at(location, more)).toMatch(/^onnx\.(external-data|data-size)$/);
  });

  it('is refused behind a link that leads out, soft or hard', () => {
    symlinkSync(join(folder, 'outside.data'), join(home, 'soft.data'));
    symlinkSync(join(folder, 'model-evil'), join(home, 'linked'));
    linkSync(join(folder, 'outside.data'), join(home, 'hard.data'));
    for (const location of ['soft.data', 'linked/w.data', 'hard.data'])
      expect(at(location), location).toBe('onnx.external-data');
  });

  it('is read in the layout of a hub cache, where model and data are links into one folder', () => {
    const [blobs, snapshot] = [join(folder, 'cache/blobs'), join(folder, 'cache/snapshots/abc')];
    mkdirSync(blobs, { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    copyFileSync(file('external.onnx'), join(blobs, '1'));
    copyFileSync(file('external.data'), join(blobs, '2'));
    symlinkSync('../../blobs/1', join(snapshot, 'model.onnx'));
    symlinkSync('../../blobs/2', join(snapshot, 'external.data'));
    const { data } = tensorsOf(join(snapshot, 'model.onnx')).get('w300')!;
    expect(data).toEqual(Float32Array.from({ length: 300 }, (_, i) => i));
  });
});
