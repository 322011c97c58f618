import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disk, type FileSystem } from '../../../src/engine/files/fileSystem';
import { isTemporary } from '../../../src/engine/files/temporary';
import { ProblemError } from '../../../src/engine/problem';
import type { ConvertOptions } from '../../../src/engine/formats/convert';
import { convertToSafetensors } from '../../../src/engine/formats/convert';
import { encodeHeader } from '../../../src/engine/formats/encodeSafetensors';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { openWeights } from '../../../src/engine/formats/weightFolder';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { tensor } from '../../../src/engine/tensor/tensor';
import { faultyFileSystem } from '../../durability/faultyFileSystem';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, tensorsOf, valuesOf, withFile } from './opened';

const fixtures = join(__dirname, '../../fixtures');
const scratch = scratchFolder();
let folders = 0;
function newFolder(): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
}

function convert(source: string, target: string, options?: ConvertOptions) {
  const file = openWeights(source);
  try {
    return convertToSafetensors(file, target, options);
  } finally {
    file.close();
  }
}

const byName = <T>(tensors: ReadonlyMap<string, T>) =>
  new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('gives the same tensors as safetensors', () => {
  it.each([
    'torch/zoo.zip.pt',
    'torch/zoo.legacy.pt',
    'torch/zoo.deflated.pt',
    'torch/zoo.bigendian.pt',
  ])('%s', name => {
    const target = join(newFolder(), 'zoo.safetensors');
    const { notes } = convert(join(fixtures, name), target);
    const expected = readSafetensors(join(fixtures, 'torch/zoo.expected.safetensors'));
    expected.delete('head_again');
    expect(byName(readSafetensors(target))).toEqual(byName(expected));
    expect(notes).toEqual(['head_again is the same memory as head and is kept once']);
  });

  it.each([
    'numpy/zoo.npz',
    'numpy/zoo.compressed.npz',
    'onnx/typed.onnx',
    'onnx/external.onnx',
    'hf/gpt2-tiny/sharded',
  ])('%s', name => {
    const target = join(newFolder(), 'zoo.safetensors');
    expect(convert(join(fixtures, name), target).notes).toEqual([]);
    const source = openWeights(join(fixtures, name));
    const expected = new Map([...source.entries.keys()].map(key => [key, source.read(key)]));
    source.close();
    expect(byName(readSafetensors(target))).toEqual(byName(expected));
  });

  it('keeps what stands beside them, and who is tied', () => {
    const target = join(newFolder(), 'nested.safetensors');
    convert(join(fixtures, 'torch/nested.zip.pt'), target);
    withFile(target, ({ metadata }) => {
      expect(metadata.get('settings')).toBe('__main__.Settings');
      expect(metadata.get('7')).toBe('seven');
      expect(metadata.get('shared.1.w')).toBe('shared.0.w');
      expect(metadata.get('format')).toBe('pt');
    });
  });

  it('keeps the bits of types that cannot be read', () => {
    const source = join(newFolder(), 'f8.safetensors');
    const bytes = Buffer.from([1, 2, 3, 255, 0, 0, 128, 63]);
    const heads = [
      { name: 'f8', dtype: 'F8_E4M3', shape: [4], bytes: 4 },
      { name: 'f32', dtype: 'F32', shape: [1], bytes: 4 },
    ];
    writeFileSync(source, Buffer.concat([encodeHeader(heads), bytes]));
    const target = join(newFolder(), 'f8.safetensors');
    convert(source, target);
    withFile(target, file => {
      expect(file.entries.get('f8')?.dtype).toBe('F8_E4M3');
      expect(Buffer.concat([...file.readBytes('f8')])).toEqual(bytes.subarray(0, 4));
    });
  });
});

describe('with another type', () => {
  it.each([
    ['float16', 'f16'],
    ['bfloat16', 'bf16'],
  ] as const)('gives the %s of PyTorch', (dtype, name) => {
    const folder = join(fixtures, 'hf/gpt2-tiny');
    const target = join(newFolder(), 'm.safetensors');
    convert(join(folder, 'model.safetensors'), target, { dtype });
    const expected = readSafetensors(join(folder, `model.${name}.safetensors`));
    expect(byName(readSafetensors(target))).toEqual(byName(expected));
  });

  it('widens without loss and leaves whole numbers alone', () => {
    const source = join(newFolder(), 's.safetensors');
    const tensors = new Map<string, Tensor>([
      ['half', tensor('float16', [3], Uint16Array.of(0x3c00, 0x7c00, 0x0001))],
      ['ids', tensor('int64', [1], BigInt64Array.of(5n))],
    ]);
    writeSafetensors(disk, source, tensors);
    const target = join(newFolder(), 't.safetensors');
    const { notes } = convert(source, target, { dtype: 'float64' });
    const found = tensorsOf(target);
    expect(found.get('half')).toEqual(
      tensor('float64', [3], Float64Array.of(1, Infinity, 2 ** -24)),
    );
    expect(found.get('ids')).toEqual(tensors.get('ids'));
    expect(notes).toEqual(['1 tensors that are not floating-point keep their type']);
  });

  it('says which numbers became infinite', () => {
    const source = join(newFolder(), 's.safetensors');
    const values = Float32Array.of(65519, 65520, -1e9, Infinity, NaN);
    writeSafetensors(disk, source, new Map([['w', tensor('float32', [5], values)]]));
    const target = join(newFolder(), 't.safetensors');
    const { notes } = convert(source, target, { dtype: 'float16' });
    expect(notes).toEqual(['2 values of w are too large for float16 and became infinite']);
    expect(valuesOf(tensorsOf(target).get('w')!)).toEqual([
      65504,
      Infinity,
      -Infinity,
      Infinity,
      NaN,
    ]);
  });
});

describe('in shards', () => {
  const source = join(fixtures, 'hf/llama2-tiny/model.safetensors');
  const expected = byName(readSafetensors(source));

  it.each([12_500, 30_000, 100_000, 1])('of at most %i bytes, or of one tensor', maxShardBytes => {
    const folder = join(newFolder(), 'out');
    const { files } = convert(source, folder, { maxShardBytes });
    expect(files.length).toBeGreaterThan(1);
    for (const { path, bytes, tensors } of files) {
      expect(bytes <= maxShardBytes || tensors === 1).toBe(true);
      expect(basename(path)).toMatch(/^model-\d{5}-of-\d{5}\.safetensors$/);
    }
    const index = JSON.parse(
      readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8'),
    ) as {
      metadata: { total_size: number };
    };
    expect(index.metadata.total_size).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0));
    const whole = openWeights(folder);
    expect(byName(new Map([...whole.entries.keys()].map(k => [k, whole.read(k)])))).toEqual(
      expected,
    );
    whole.close();
  });

  it('replaces shards and their index when it is told to', () => {
    const folder = join(newFolder(), 'out');
    convert(source, folder, { maxShardBytes: 100_000 });
    const before = readdirSync(folder);
    expect(problemOf(() => convert(source, folder, { maxShardBytes: 100_000 })).code).toBe(
      'convert.exists',
    );
    for (const name of before) writeFileSync(join(folder, name), 'of before');
    convert(source, folder, { maxShardBytes: 100_000, overwrite: true });
    expect(readdirSync(folder)).toEqual(before);
    const whole = openWeights(folder);
    expect(whole.entries.size).toBe(expected.size);
    whole.close();
  });

  it('is one file without an index where one is enough', () => {
    const folder = join(newFolder(), 'out');
    convert(source, folder, { maxShardBytes: 1e9 });
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('beside the name that was asked for', () => {
    const folder = newFolder();
    convert(source, join(folder, 'tiny.safetensors'), { maxShardBytes: 100_000 });
    expect(readdirSync(folder).sort()).toEqual([
      'tiny-00001-of-00002.safetensors',
      'tiny-00002-of-00002.safetensors',
      'tiny.safetensors.index.json',
    ]);
  });
});

describe('is refused before anything is written', () => {
  const small = () => {
    const folder = newFolder();
    const path = join(folder, 'a.safetensors');
    writeSafetensors(disk, path, new Map([['w', tensor('float32', [1], Float32Array.of(1))]]));
    return { folder, path };
  };

  it('over its own source, by any name', () => {
    const { folder, path } = small();
    symlinkSync(path, join(folder, 'link.safetensors'));
    linkSync(path, join(folder, 'hard.safetensors'));
    for (const target of [
      path,
      join(folder, '../', basename(folder), 'a.safetensors'),
      join(folder, 'link.safetensors'),
    ])
      expect(problemOf(() => convert(path, target)).code).toBe('convert.same-file');
    expect(tensorsOf(path).size).toBe(1);
  });

  it('over another file, unless it is to be replaced', () => {
    const { path } = small();
    const folder = newFolder();
    const target = join(folder, 'model.safetensors');
    writeFileSync(target, 'kept');
    for (const dst of [target, folder]) {
      const { code, message } = problemOf(() => convert(path, dst));
      expect(code).toBe('convert.exists');
      expect(message).toContain(target);
    }
    expect(readFileSync(target, 'utf8')).toBe('kept');
    convert(path, folder, { overwrite: true });
    expect([...tensorsOf(target).keys()]).toEqual(['w']);
  });

  it('beside shards of another model', () => {
    const { path } = small();
    const folder = newFolder();
    writeFileSync(join(folder, 'model-00001-of-00009.safetensors'), '');
    const { code, message } = problemOf(() => convert(path, folder));
    expect(code).toBe('convert.other-weights');
    expect(message).toContain('model-00001-of-00009.safetensors');
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it.each([
    ['torch/unreadable.pt', undefined, 'convert.unreadable', /"coo".*sparse/],
    ['numpy/foreign.npz', undefined, 'convert.unsupported-dtype', /TEXT/],
    ['torch/untyped.pt', 'float16', 'convert.unsupported-dtype', /"f8".*F8_E4M3/],
  ] as const)('for %s as %s', (name, dtype, code, words) => {
    const target = join(newFolder(), 'x.safetensors');
    const problem = problemOf(() => convert(join(fixtures, name), target, dtype && { dtype }));
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(words);
    expect(existsSync(target)).toBe(false);
  });

  it('for a damaged source, and leaves nothing behind', () => {
    const target = join(newFolder(), 'model');
    const source = join(fixtures, 'torch/golden/crc_corrupt.zip.pt');
    expect(problemOf(() => convert(source, target, { maxShardBytes: 1 })).code).toBe('zip.damaged');
    expect(readdirSync(target)).toEqual([]);
  });
});

it('leaves what was to be replaced as it was when the disk fails', () => {
  const folder = newFolder();
  const replace = (fs: FileSystem) =>
    withFile(join(fixtures, 'hf/llama2-tiny/model.safetensors'), source =>
      convertToSafetensors(source, folder, { maxShardBytes: 100_000, overwrite: true }, fs),
    );
  const counting = faultyFileSystem();
  replace(counting);
  const names = readdirSync(folder);
  expect(names).toHaveLength(3);
  for (const name of names) writeFileSync(join(folder, name), name);
  for (let call = 0; call <= counting.calls.indexOf('rename'); call++) {
    const failing = () => replace(faultyFileSystem({ kind: 'ENOSPC', call, lasting: true }));
    expect(failing, `call ${call}`).toThrow(ProblemError);
    const kept = readdirSync(folder).filter(name => !isTemporary(name));
    expect(kept).toEqual(names);
    for (const name of names) expect(readFileSync(join(folder, name), 'utf8')).toBe(name);
  }
});

it('never holds a file in memory', () => {
  const folder = newFolder();
  const source = join(folder, 'large.safetensors');
  const bytes = 2 ** 28;
  const head = encodeHeader([{ name: 'w', dtype: 'F32', shape: [bytes / 4], bytes }]);
  writeFileSync(source, head);
  truncateSync(source, head.byteLength + bytes);
  const before = process.memoryUsage().rss;
  let most = 0;
  const onProgress = () => (most = Math.max(most, process.memoryUsage().rss - before));
  convert(source, join(folder, 'small.safetensors'), { dtype: 'bfloat16', onProgress });
  expect(most).toBeLessThan(bytes / 2);
  withFile(join(folder, 'small.safetensors'), ({ entries }) =>
    expect(entries.get('w')?.bytes).toBe(bytes / 2),
  );
});
