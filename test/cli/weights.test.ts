import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/engine/formats/safetensors';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();
const { folder } = cli;
const fixtures = join(__dirname, '../fixtures');

describe('inspect', () => {
  it('says what a file holds', async () => {
    const { code, stdout, stderr } = await cli.run(
      'inspect',
      join(fixtures, 'torch/module.zip.pt'),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('torch, 7 tensors, 18 parameters, 76\u2009B');
    expect(stdout).toMatch(/0\.norm\s+torch\.nn\.modules\.batchnorm\.BatchNorm1d\n/);
    expect(stdout).toMatch(/0\.proj\.weight\s+float32\s+\[3, 2\]\s+24\u2009B\n/);
    expect(stdout).toMatch(/0\.norm {2}5 tensors {2}9 {2}40\u2009B\n/);
  });

  it('prints with --json one object and nothing else', async () => {
    const path = join(fixtures, 'torch/nested.zip.pt');
    const { code, stdout, stderr } = await cli.run('inspect', path, '--json');
    expect([code, stderr, stdout.split('\n').length]).toEqual([0, '', 2]);
    expect(JSON.parse(stdout)).toMatchObject({
      path,
      format: 'torch',
      tensors: 14,
      metadata: { settings: '__main__.Settings', 'settings.width': '64' },
      entries: expect.arrayContaining([
        expect.objectContaining({
          name: 'model.blocks.0.attn.qkv.weight',
          dtype: 'float32',
          shape: [2, 2],
          bytes: 16,
          at: { file: path, offset: expect.any(Number) },
        }),
      ]),
      totals: expect.arrayContaining([expect.objectContaining({ prefix: 'shared', tensors: 2 })]),
    });
  });

  it('takes a folder of shards as one file', async () => {
    const path = join(fixtures, 'hf/llama2-tiny/sharded');
    const { stdout } = await cli.run('inspect', path, '--json');
    const { tensors, bytes } = JSON.parse(stdout) as { tensors: number; bytes: number };
    const whole = readSafetensors(join(fixtures, 'hf/llama2-tiny/model.safetensors'));
    expect(tensors).toBe(whole.size);
    expect(bytes).toBe([...whole.values()].reduce((sum, { data }) => sum + data.byteLength, 0));
  });

  const golden = readdirSync(join(fixtures, 'torch/golden')).map(name =>
    join('torch/golden', name),
  );
  const isBad = /crc_corrupt|evil|path_traversal|truncated|objects\.np|structured|lfs|trailing/;
  const files = [
    ...golden.filter(path => isBad.test(path)),
    'torch/golden/lora_legacy.pt',
    'torch/golden/whole_module.zip.pt',
    'torch/unreadable.pt',
    'numpy/zoo.npz',
    'numpy/objects.npz',
    'numpy/structured.npy',
    'onnx/external.onnx',
    'safetensors/lfs_pointer.safetensors',
    'safetensors/ok_scalar.safetensors',
    'safetensors/polyglot_trailing_data.safetensors',
  ];
  it.each(files)('judges %s', async path => {
    const { code, stdout, stderr } = await cli.run('inspect', join(fixtures, path));
    if (isBad.test(path)) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^error [a-z]+\.[a-z-]+: .*\n {2}at .*:byte \d+\n$/);
    } else expect([code, stderr]).toEqual([0, '']);
  });

  it('does not let a name steer the terminal', async () => {
    const path = join(folder, 'steers.npy');
    copyFileSync(join(fixtures, 'numpy/float32.npy'), path);
    const evil = join(folder, 'a\x1b[2Jb.npy');
    copyFileSync(path, evil);
    const { stdout } = await cli.run('inspect', evil);
    expect(stdout.split('\n').slice(1).join('\n')).not.toContain('\x1b');
  });

  it('reads the data for checksums unless told not to', async () => {
    const path = join(fixtures, 'torch/golden/crc_corrupt.zip.pt');
    expect((await cli.run('inspect', path)).code).toBe(2);
    expect((await cli.run('inspect', path, '--no-verify')).code).toBe(0);
  });

  it('ends with 2 for a file that is not there and for a folder without weights', async () => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    for (const [path, words] of [
      ['nothing.pt', /^error disk\.missing/],
      ['empty', /^error weights\.none/],
    ] as const) {
      const { code, stderr } = await cli.run('inspect', path);
      expect(code).toBe(2);
      expect(stderr).toMatch(words);
    }
  });
});

describe('inspect of a model folder', () => {
  const report = async (path: string) => {
    const { code, stdout } = await cli.run('inspect', path);
    return { code, words: stdout.slice(stdout.indexOf('as a model')) };
  };

  it('accounts for every tensor', async () => {
    expect(await report(join(fixtures, 'hf/qwen25-tiny'))).toEqual({
      code: 0,
      words: expect.stringMatching(
        /^as a model: qwen2, .* parameters, context of 256; all 26 tensors accounted for\n$/,
      ),
    });
  });

  it('ends with 2 and every error when config and weights are not of one model', async () => {
    mkdirSync(join(folder, 'mixed'));
    copyFileSync(join(fixtures, 'hf/qwen25-tiny/config.json'), join(folder, 'mixed/config.json'));
    const weights = join(fixtures, 'hf/llama2-tiny/model.safetensors');
    copyFileSync(weights, join(folder, 'mixed/model.safetensors'));
    const { code, words } = await report('mixed');
    expect(code).toBe(2);
    expect(words).toMatch(/as a model: .*; 26 errors/);
    expect(words).toContain('misfit   model.norm.weight is [32], config.json makes it [48]');
  });

  it('says how far each layer in few bits is from its weights', async () => {
    const model = join(fixtures, 'hf/qwen25-tiny');
    const { code, stdout } = await cli.run('inspect', model, '--quantize', 'int4');
    expect(code).toBe(0);
    expect(stdout).toContain('Layers in int4 by the error of their weights, ‖W − int4(W)‖ / ‖W‖');
    const told = await cli.run('inspect', model, '--quantize', 'int8', '--json');
    const { quantised } = JSON.parse(told.stdout) as { quantised: { bits: number; errors: [string, number][] } }; // prettier-ignore
    const shares = quantised.errors.map(([, share]) => share);
    expect([quantised.bits, shares.length]).toEqual([8, 15]);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(shares[0]).toBeLessThan(0.02);
    const file = await cli.run('inspect', join(model, 'model.safetensors'), '--quantize', 'int4');
    expect([file.code, file.stdout]).toEqual([2, '']);
    expect(file.stderr).toContain('error inspect.no-model');
  });

  it('says which key rules a model out, and still shows its tensors', async () => {
    mkdirSync(join(folder, 'bert'));
    writeFileSync(join(folder, 'bert/config.json'), '{"model_type": "bert"}');
    const weights = join(fixtures, 'hf/llama2-tiny/model.safetensors');
    copyFileSync(weights, join(folder, 'bert/model.safetensors'));
    const { code, words } = await report('bert');
    expect(code).toBe(0);
    expect(words).toMatch(/as a model: .*config.json: `model_type`: "bert" is no model/);
  });
});

describe('convert', () => {
  it('writes safetensors from a file of PyTorch', async () => {
    const source = join(fixtures, 'torch/zoo.zip.pt');
    const { code, stdout, stderr } = await cli.run('convert', source, 'zoo.safetensors');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      'zoo.safetensors: 23 tensors, 808\u2009B\nnote: head_again is the same memory as head and is kept once\n',
    );
    const expected = readSafetensors(join(fixtures, 'torch/zoo.expected.safetensors'));
    const found = readSafetensors(join(folder, 'zoo.safetensors'));
    for (const [name, tensor] of found) expect(tensor).toEqual(expected.get(name));
  });

  it('joins shards, splits them again, and says so as JSON', async () => {
    const source = join(fixtures, 'hf/llama2-tiny/sharded');
    await cli.run('convert', source, 'whole.safetensors');
    const { stdout } = await cli.run(
      ...[
        'convert',
        'whole.safetensors',
        'split',
        '--max-shard-size',
        '50kB',
        '--dtype',
        'bf16',
        '--json',
      ],
    );
    const { files } = JSON.parse(stdout) as { files: { path: string }[] };
    expect(files.map(({ path }) => path)).toEqual([
      'split/model-00001-of-00002.safetensors',
      'split/model-00002-of-00002.safetensors',
    ]);
    const expected = readSafetensors(join(fixtures, 'hf/llama2-tiny/model.bf16.safetensors'));
    const again = await cli.run('convert', 'split', 'again.safetensors');
    expect(again.code).toBe(0);
    const found = readSafetensors(join(folder, 'again.safetensors'));
    expect(found.size).toBe(expected.size);
    for (const [name, tensor] of expected) expect(found.get(name), name).toEqual(tensor);
  });

  it('replaces a file when it is told to', async () => {
    const args = ['convert', 'whole.safetensors', 'again.safetensors', '--overwrite'];
    expect(await cli.run(...args)).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    [['evil.pt', 'out.safetensors'], /^error torch\.unsafe-global: .*posix\.system/],
    [['whole.safetensors', 'whole.safetensors'], /^error convert\.same-file/],
    [['whole.safetensors', 'again.safetensors'], /^error convert\.exists/],
    [['whole.safetensors', 'x.safetensors', '--dtype', 'int4'], /choices/],
    [['whole.safetensors', 'x.safetensors', '--max-shard-size', 'much'], /5GB/],
  ])('ends with 2 for %j', async (args, words) => {
    const evil = readFileSync(join(fixtures, 'torch/golden/evil_os_system.zip.pt'));
    writeFileSync(join(folder, 'evil.pt'), evil);
    const { code, stderr } = await cli.run('convert', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
  });
});
