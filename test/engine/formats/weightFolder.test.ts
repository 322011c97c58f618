import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { openWeights } from '../../../src/engine/formats/weightFolder';
import { tensor } from '../../../src/engine/tensor/tensor';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf } from './opened';
import { dict, pickle, tensorOf, text, torchZip } from './pickleBytes';

const scratch = scratchFolder();
const folder = join(scratch, 'model');
const inFolder = (name: string) => join(folder, name);
const golden = join(__dirname, '../../fixtures/hf/llama2-tiny');

const values = (...numbers: number[]) =>
  tensor('float32', [numbers.length], Float32Array.from(numbers));
const write = (name: string, tensors: Record<string, ReturnType<typeof values>>) =>
  writeSafetensors(disk, inFolder(name), new Map(Object.entries(tensors)), new Map([['by', name]]));
const writeIndex = (weight_map: unknown, name = 'model.safetensors.index.json') =>
  writeFileSync(inFolder(name), JSON.stringify({ metadata: { total_size: 12 }, weight_map }));

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  write('one.safetensors', { a: values(1), b: values(2, 3) });
  write('two.safetensors', { c: values(4) });
});

/** What `use` gives of the open weights. */
function withWeights<T>(path: string, use: (file: ReturnType<typeof openWeights>) => T): T {
  const file = openWeights(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}
const refusal = (path = folder) => problemOf(() => withWeights(path, () => undefined));
const whole = { a: 'one.safetensors', b: 'one.safetensors', c: 'two.safetensors' };

it('gives the tensors of all shards as of one file', () => {
  writeIndex(whole);
  for (const path of [folder, inFolder('model.safetensors.index.json')])
    withWeights(path, file => {
      expect([...file.entries.keys()]).toEqual(['a', 'b', 'c']);
      expect(file.read('b').data).toEqual(Float32Array.of(2, 3));
      expect(file.readRange('b', 1, 2).data).toEqual(Float32Array.of(3));
      expect(Buffer.concat([...file.readBytes('c')]).readFloatLE()).toBe(4);
      expect(Object.fromEntries(file.metadata)).toEqual({
        by: 'one.safetensors',
        total_size: '12',
      });
      expect(file.entries.get('c')?.at?.file).toBe(inFolder('two.safetensors'));
      expect(problemOf(() => file.read('d')).code).toBe('safetensors.tensor-not-found');
    });
});

it('gives the same for a sharded model as for the whole one', () => {
  const expected = readSafetensors(join(golden, 'model.safetensors'));
  withWeights(join(golden, 'sharded'), file => {
    expect(new Set(file.entries.keys())).toEqual(new Set(expected.keys()));
    for (const [name, wanted] of expected) expect(file.read(name), name).toEqual(wanted);
  });
});

it.each<[string, () => void]>([
  ['model.safetensors', () => write('model.safetensors', { a: values(1) })],
  [
    'pytorch_model.bin',
    () =>
      writeFileSync(inFolder('pytorch_model.bin'), torchZip(pickle(dict(text('a'), tensorOf())))),
  ],
  ['adapter_model.safetensors', () => write('adapter_model.safetensors', { a: values(1) })],
  [
    'pytorch_model.bin.index.json',
    () => {
      writeFileSync(inFolder('p-1.bin'), torchZip(pickle(dict(text('a'), tensorOf()))));
      writeIndex({ a: 'p-1.bin' }, 'pytorch_model.bin.index.json');
    },
  ],
])('finds %s', (_, prepare) => {
  prepare();
  withWeights(folder, file => expect([...file.entries.keys()]).toEqual(['a']));
});

it('opens a single file of any format', () => {
  withWeights(inFolder('one.safetensors'), file => expect(file.entries.size).toBe(2));
});

it('follows links, as a hub cache is made of', () => {
  const blobs = join(scratch, 'blobs');
  cpSync(folder, blobs, { recursive: true });
  rmSync(inFolder('one.safetensors'));
  symlinkSync(join(blobs, 'one.safetensors'), inFolder('one.safetensors'));
  writeIndex(whole);
  withWeights(folder, file => expect(file.read('a').data).toEqual(Float32Array.of(1)));
});

describe('is refused', () => {
  it('without weights, saying what was looked for', () => {
    const { code, message } = refusal();
    expect(code).toBe('weights.none');
    expect(message).toContain('pytorch_model.bin');
  });

  it('with a missing shard, naming it', () => {
    writeIndex({ ...whole, d: 'three.safetensors' });
    const { code, message } = refusal();
    expect(code).toBe('weights.missing-shard');
    expect(message).toContain('three.safetensors');
  });

  it.each([
    '../outside.safetensors',
    'inner/../../outside.safetensors',
    '/etc/passwd',
    'https://example.com/one.safetensors',
    'C:\\one.safetensors',
    '\\\\server\\one.safetensors',
    '~/one.safetensors',
    './one.safetensors',
    'one.safetensors\0',
    'x//one.safetensors',
    '',
    'model.safetensors.index.json',
  ])('with a shard %j', name => {
    writeIndex({ a: name });
    const { code, where } = refusal();
    expect(code).toBe('weights.unsafe-shard');
    expect(where.byte).toBeGreaterThan(0);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['a tensor that is not there', { ...whole, d: 'one.safetensors' }, /"d" should be in one/],
    ['a tensor in another file', { ...whole, c: 'one.safetensors', d: 'two.safetensors' }, /"c"/],
    ['a tensor that it does not name', { a: 'one.safetensors' }, /"b".*no file/],
  ])('with an index of %s', (_, map, words) => {
    writeIndex(map);
    const { code, message } = refusal();
    expect(code).toBe('weights.mismatch');
    expect(message).toMatch(words);
  });

  it('with shards of two formats', () => {
    writeFileSync(inFolder('two.safetensors'), torchZip(pickle(dict(text('c'), tensorOf()))));
    writeIndex(whole);
    expect(refusal().message).toMatch(/two\.safetensors is torch/);
  });

  it('with a shard that is damaged, in the words of its format', () => {
    writeFileSync(
      inFolder('two.safetensors'),
      readFileSync(inFolder('two.safetensors')).subarray(0, -1),
    );
    writeIndex(whole);
    expect(refusal().code).toBe('safetensors.incomplete-buffer');
  });

  it.each<[string, string, string]>([
    ['no JSON', '{', 'weights.bad-index'],
    ['a list', '[]', 'weights.bad-index'],
    ['no map', '{"metadata": {}}', 'weights.bad-index'],
    ['a map that is a text', '{"weight_map": "x"}', 'weights.bad-index'],
    ['a number for a file', '{"weight_map": {"a": 1}}', 'weights.bad-index'],
    ['a name twice', '{"weight_map": {"a": "x", "a": "y"}}', 'weights.bad-index'],
    ['nesting without end', '['.repeat(1e5), 'weights.bad-index'],
    ['half a character', '{"weight_map": {"\\ud800": "x"}}', 'weights.bad-index'],
    [
      'too many shards',
      JSON.stringify({
        weight_map: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, `s${i}`])),
      }),
      'weights.too-many-shards',
    ],
  ])('with an index of %s', (_, json, code) => {
    writeFileSync(inFolder('model.safetensors.index.json'), json);
    expect(refusal().code).toBe(code);
  });

  it('but an index without tensors is an empty model', () => {
    writeIndex({});
    withWeights(folder, file => expect(file.entries.size).toBe(0));
  });
});
