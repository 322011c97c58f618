import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, withFile } from './opened';
import { code, pickle, text } from './pickleBytes';
import { zipBytes } from './zipBytes';

const folder = scratchFolder();
const fixtures = join(__dirname, '../../fixtures');

describe('what a file is, its content says and not its name', () => {
  it.each([
    ['safetensors/ok_scalar.safetensors', 'safetensors'],
    ['safetensors/ok_leading_ws.safetensors', 'safetensors'],
    ['torch/zoo.zip.pt', 'torch'],
    ['torch/zoo.legacy.pt', 'torch'],
    ['torch/script.pt', 'torch'],
    ['numpy/zoo.npz', 'npz'],
    ['numpy/float32.npy', 'npy'],
    ['onnx/raw.onnx', 'onnx'],
  ])('%s is %s', (name, format) => {
    for (const extension of ['', '.pt', '.onnx', '.npy', '.bin']) {
      const path = join(folder, `any${extension}`);
      copyFileSync(join(fixtures, name), path);
      expect(withFile(path, file => file.format)).toBe(format);
    }
  });
});

describe('what is no file of tensors is called by its name', () => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);

  it.each<[string, Buffer | string, RegExp]>([
    ['file.empty', '', /empty/],
    ['file.lfs-pointer', 'version https://git-lfs.github.com/spec/v1\noid', /git lfs pull/],
    ['file.web-page', '\n<!DOCTYPE html><html>', /web page/],
    ['file.web-page', '<html><body>404', /web page/],
    ['file.web-page', '<?xml version="1.0"?><Error>AccessDenied', /web page/],
    ['file.gguf', Buffer.from('GGUF\x03\0\0\0'), /llama\.cpp/],
    ['file.ggml', 'tjgg', /GGML/],
    ['file.hdf5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /Keras/],
    ['file.parquet', 'PAR1', /Parquet/],
    ['file.tflite', Buffer.from('\x1c\0\0\0TFL3'), /TensorFlow Lite/],
    ['file.compressed', gzipSync('x'), /unpack/],
    ['file.tar', tar, /tar archive/],
    ['file.json', '{"weight_map": {}}', /JSON/],
    ['file.pickle', pickle(text('x')), /nothing of it was run/],
    ['file.pickle', code('\x80\x04\x95'), /pickle/],
    ['file.unknown', 'just some words, which are of no format at all', /neither safetensors/],
    ['file.unknown', Buffer.alloc(100), /neither/],
    [
      'file.unknown-zip',
      zipBytes({ members: [{ name: 'a.txt', data: Buffer.from('x') }] }),
      /a\.txt/,
    ],
    ['file.unknown-zip', zipBytes({ members: [] }), /nothing/],
  ])('%s', (wanted, bytes, words) => {
    const path = join(folder, 'other.bin');
    writeFileSync(path, bytes);
    const problem = problemOf(() => withFile(path, () => undefined));
    expect(problem.code).toBe(wanted);
    expect(problem.message).toMatch(words);
    expect(problem.where).toEqual({ file: path, byte: 0 });
  });

  it('and a file that is not there is said to be missing', () => {
    const { code: found } = problemOf(() => withFile(join(folder, 'nothing'), () => undefined));
    expect(found).toBe('disk.missing');
  });

  it('and one whose name promises safetensors or ONNX is judged as such', () => {
    for (const [name, wanted] of [
      ['x.safetensors', /^safetensors\./],
      ['x.onnx', /^onnx\./],
    ] as const) {
      writeFileSync(join(folder, name), 'short and broken');
      expect(problemOf(() => withFile(join(folder, name), () => undefined)).code).toMatch(wanted);
    }
  });
});
