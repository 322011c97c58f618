/** Devices, load reports, plans in banks, explained messages and traces, as a script calls them. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { readSafetensors, writeSafetensors } from '../../src/engine/formats/safetensors';
import { disk } from '../../src/engine/files/fileSystem';
import { tensor } from '../../src/engine/tensor/tensor';
import { canPretend, pretendPython } from '../engine/devices/pretendPython';
import { hasTorch, PYTHON } from '../engine/devices/ttmlStandIn';
import { type CommandLine, openCommandLine } from './commandLine';

const tiny = join(root, 'test', 'fixtures', 'hf', 'llama32-tiny');
const OOM =
  'Out of Memory: Not enough space to allocate 117440512 B DRAM buffer across 12 banks, where each bank needs to store 9787392 B, but bank size is only 1071181792 B';
const LLAMA_8B = `training_config:
  project_name: notebook
  batch_size: 1
  transformer_config:
    model_type: llama
    num_heads: 32
    num_groups: 8
    embedding_dim: 4096
    intermediate_dim: 14336
    num_blocks: 32
    vocab_size: 128256
    max_sequence_length: 256
`;

let line: CommandLine;
beforeAll(() => {
  line = openCommandLine();
});

const write = (name: string, text: string): string => {
  const path = join(line.folder, name);
  writeFileSync(path, text);
  return path;
};

/** @param accelerators that PyTorch finds there */
function interpreter(accelerators: { cuda: string[]; mps: string[] }): string {
  const path = join(line.folder, `python-${accelerators.cuda.length}`);
  pretendPython(path, { torch: '2', accelerators, ttmlError: 'none' });
  return path;
}

async function json(args: string[], code = 0): Promise<Record<string, unknown>[]> {
  const finished = await line.run(...args, '--json');
  expect([finished.code, finished.code === code ? '' : finished.stderr]).toEqual([code, '']);
  return finished.stdout
    .split('\n')
    .filter(Boolean)
    .map(text => JSON.parse(text) as Record<string, unknown>);
}

describe('generate --device', () => {
  const write = (...args: string[]) =>
    line.run('generate', tiny, '--prompt-ids', '5,9,11', '--max-new-tokens', '8', ...args);

  it("writes on Tenstorrent's layout, and says how fast", async () => {
    const { code, stdout } = await write('--device', 'tenstorrent', '--greedy', '--json');
    const [made, done] = stdout.trim().split('\n').map(told => JSON.parse(told) as Record<string, unknown>); // prettier-ignore
    expect([code, made, done]).toEqual([
      0,
      expect.objectContaining({ reason: 'length', prompt: { ids: [5, 9, 11], text: '' } }),
      expect.objectContaining({ newTokens: 8, cacheBytes: 0 }),
    ]);
  });

  it.skipIf(!hasTorch)('writes on PyTorch what the processor writes', async () => {
    const there = await write('--device', 'torch', '--python', PYTHON, '--seed', '3');
    expect(there).toEqual(await write('--seed', '3'));
  });

  it.skipIf(!canPretend)('refuses a GPU that PyTorch does not find', async () => {
    const python = interpreter({ cuda: [], mps: [] });
    const { code, stderr } = await write('--device', 'torch-cuda', '--python', python);
    expect([code, stderr]).toEqual([2, expect.stringContaining('error device.no-gpu: torch 2 of')]);
  });

  it('refuses a cache where there is none', async () => {
    const { code, stderr } = await write('--device', 'tenstorrent', '--backend', 'kv');
    expect([code, stderr]).toEqual([2, expect.stringContaining('error device.no-cache')]);
  });
});

describe('devices', () => {
  it('says of each whether it is here, and why not', async () => {
    const found = await json(['devices']);
    expect(found.map(({ name }) => name)).toEqual([
      'cpu',
      'webgpu',
      'cuda',
      'dml',
      'coreml',
      'torch',
      'torch-cuda',
      'torch-mps',
      'tenstorrent',
      'ttml',
    ]);
    expect(found[0]).toMatchObject({ available: true, layout: 'canonical' });
    for (const { available, reason } of found) expect(available || Boolean(reason)).toBe(true);
  });

  it.skipIf(!canPretend)('lists the GPUs that PyTorch can use', async () => {
    const python = interpreter({ cuda: ['Some GPU', 'Another'], mps: [] });
    const found = new Map(
      (await json(['devices', '--python', python])).map(facts => [facts['name'], facts]),
    );
    const versions = `torch 2, Python 3, ${python}`;
    expect(found.get('torch')).toMatchObject({ available: true, details: [versions] });
    expect(found.get('torch-cuda')).toMatchObject({
      available: true,
      details: [versions, 'Some GPU', 'Another'],
    });
    expect(found.get('torch-mps')).toMatchObject({
      available: false,
      reason: expect.stringMatching(/^torch 2 of .* finds no GPU that it calls mps\. Choose /),
    });
  });

  it('says why an interpreter that was chosen is none', async () => {
    const found = await json(['devices', '--python', '/nowhere/python']);
    const torch = found.find(({ name }) => name === 'torch');
    expect(torch).toMatchObject({ available: false });
    expect(String(torch!['reason'])).toContain('/nowhere/python could not run');
  });
});

describe('load-report', () => {
  it('names every weight with its steps, and proves the way back', async () => {
    const [report] = await json(['load-report', tiny, '--device', 'tenstorrent']);
    expect(report).toMatchObject({ ok: true, errors: [], device: 'tenstorrent' });
    const rows = report!['rows'] as Record<string, unknown>[];
    const key = rows.find(r => r['parameter'] === 'model.layers.0.self_attn.k_proj.weight');
    expect(key).toMatchObject({
      device: 'llama/llama_block_0/attention/kv_linear/weight',
      deviceShape: [1, 1, 64, 64],
      deviceDtype: 'bfloat16',
      transforms: ['permute', 'fuse', 'cast', 'reshape'],
      roundTrip: 'exact-to-dtype',
    });
    expect(rows).toHaveLength(20);
    expect(report!['rope']).toMatchObject({ order: 'half-split', contradicts: false });
  });

  it('is exact for a device that holds weights as they are', async () => {
    const [report] = await json(['load-report', tiny, '--device', 'cpu']);
    const rows = report!['rows'] as Record<string, unknown>[];
    expect(new Set(rows.map(r => r['roundTrip']))).toEqual(new Set(['exact']));
  });

  it("finds what a device's own tensors lack and have too many of", async () => {
    const dump = join(line.folder, 'device.safetensors');
    await json(['load-report', tiny, '--dump', dump]);
    expect(await json(['load-report', tiny, '--from', dump])).toMatchObject([{ ok: true }]);
    const held = readSafetensors(dump);
    held.delete('llama/ln_fc/gamma');
    held.set('llama/extra', tensor('float32', [2], Float32Array.of(1, 2)));
    writeSafetensors(disk, dump, held);
    const [report] = await json(['load-report', tiny, '--from', dump], 1);
    const errors = report!['errors'] as { verdict: string; note: string }[];
    expect(errors.map(({ verdict }) => verdict)).toEqual(['missing', 'unused']);
    expect(errors[0]!.note).toContain('llama/ln_fc/gamma');
  });

  it('names the weights that a model lacks', async () => {
    const folder = join(line.folder, 'lacking');
    cpSync(tiny, folder, { recursive: true });
    const path = join(folder, 'model.safetensors');
    const weights = readSafetensors(path);
    weights.delete('model.norm.weight');
    cpSync(join(tiny, 'config.json'), join(folder, 'config.json'), { force: true });
    writeSafetensors(disk, join(line.folder, 'weights.safetensors'), weights);
    cpSync(join(line.folder, 'weights.safetensors'), path, { force: true });
    const [report] = await json(['load-report', folder], 1);
    expect(report).toMatchObject({ ok: false });
    expect(JSON.stringify(report!['errors'])).toContain('model.norm.weight');
  });
});

describe('plan --device', () => {
  it('says that the 8B model does not fit, and where it fails', async () => {
    const config = write('llama8b.yaml', LLAMA_8B);
    const [plan] = await json(['plan', config, '--device', '12x1071181792']);
    expect(plan).toMatchObject({
      fits: false,
      bankBytes: 1071181792,
      failure: { bytes: 117440512, perBankBytes: 9787392, category: 'weights' },
    });
    expect(plan!['suggestions']).toContainEqual(
      expect.objectContaining({ id: 'sharding', fits: true }),
    );
    const { stdout } = await line.run('plan', config, '--device', 'n150');
    expect(stdout).toContain('Does not fit');
  });

  it('refuses a device that it does not know, and says which it does', async () => {
    const { code, stderr } = await line.run('plan', write('a.yaml', LLAMA_8B), '--device', 'tpu');
    expect(code).toBe(2);
    expect(stderr).toContain('wormhole or blackhole');
  });

  it("says which of tt-train's rules a config breaks", async () => {
    const config = write(
      'wrong.yaml',
      `${LLAMA_8B.replace('batch_size: 1', 'batch_size: 3\n  use_clip_grad_norm: true')}device_config:\n  enable_ddp: true\n  mesh_shape: [1, 2]\nmultihost_config:\n  enabled: true\n`,
    );
    const { code, stderr } = await line.run('plan', config);
    expect(code).toBe(2);
    expect(stderr).toContain('error tt-train.ddp-batch');
    expect(stderr).toContain('error tt-train.clip-multihost');
    expect(stderr).toContain('wrong.yaml:3');
  });
});

describe('explain-oom', () => {
  it('computes what the message says', async () => {
    const [explained] = await json(['explain-oom', write('oom.txt', `noise\n${OOM}\n`)]);
    expect(explained).toMatchObject({
      bytes: 117440512,
      banks: 12,
      perBankBytes: 9787392,
      bankBytes: 1071181792,
      computedPerBankBytes: 9787392,
      matches: true,
      page: { pageBytes: 2048, pages: 57344 },
      line: 2,
    });
  });

  it('names the buffer of the config that ran', async () => {
    const config = write('ran.yaml', LLAMA_8B);
    const [explained] = await json(['explain-oom', write('oom2.txt', OOM), '--config', config]);
    expect(explained!['tensors']).toContain('llama/llama_block_*/mlp/w1/weight');
  });

  it('puts the message at the config, where editors find it', async () => {
    const config = write('ran.yaml', LLAMA_8B);
    const { stdout } = await line.run('explain-oom', write('oom3.txt', OOM), '--config', config);
    expect(stdout).toMatch(
      /^error oom\.device: Not enough space to allocate 117440512 B DRAM buffer across 12 banks.*\n {2}at .*ran\.yaml$/m,
    );
  });

  it('says when there is no such message', async () => {
    const { code, stderr } = await line.run('explain-oom', write('fine.txt', 'all is well'));
    expect([code, stderr.includes('oom.none')]).toEqual([2, true]);
  });
});

describe('trace --device', () => {
  const ids = () => {
    const path = join(line.folder, 'ids.safetensors');
    const row = BigInt64Array.from([3, 17, 42, 5, 61, 8], BigInt);
    writeSafetensors(disk, path, new Map([['idx', tensor('int64', [1, 6], row)]]));
    return path;
  };

  it('compares layer by layer', async () => {
    const [found] = await json(['trace', tiny, '--ids', ids(), '--device', 'tenstorrent']);
    expect(found).toMatchObject({ left: 'cpu', right: 'tenstorrent', ok: true, topAgreement: 1 });
    const layers = found!['layers'] as { layer: string; pcc: number }[];
    expect(layers.map(({ layer }) => layer)).toEqual(['embedding', '0', '1', 'logits']);
    expect(Math.min(...layers.map(({ pcc }) => pcc))).toBeGreaterThan(0.99);
  });

  it('names the first bad operator of a device that holds other weights', async () => {
    const dump = join(line.folder, 'faulty.safetensors');
    await json(['load-report', tiny, '--dump', dump]);
    const held = readSafetensors(dump);
    const name = 'llama/llama_block_0/mlp/w2/weight';
    const { data, ...rest } = held.get(name)!;
    held.set(name, { ...rest, data: (data as Uint16Array).toReversed() });
    writeSafetensors(disk, dump, held);
    const args = ['trace', tiny, '--ids', ids(), '--device', 'tenstorrent', '--held', dump];
    const [found] = await json(args, 1);
    expect(found).toMatchObject({
      ok: false,
      firstBad: {
        layer: '0',
        parameter: 'model.layers.0.mlp.down_proj.weight',
        because: 'weights',
      },
    });
  });

  it('still writes logits without a device, as before', async () => {
    const out = join(line.folder, 'logits.safetensors');
    const { code, stdout } = await line.run('trace', tiny, '--ids', ids(), '--out', out);
    expect([code, stdout]).toEqual([0, `${out}: logits\n`]);
    expect(readFileSync(out).byteLength).toBeGreaterThan(1000);
  });

  it('says so when there is no GPU, before anything is compared', async () => {
    const args = ['trace', tiny, '--ids', ids(), '--device', 'webgpu'];
    const none = { VK_ICD_FILENAMES: '/none.json' };
    const { code, stdout, stderr } = await line.startWith(none, ...args).finished;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('error session.no-device: No GPU can be reached through WebGPU');
  });

  it.each([
    [['--device', 'tpu', '--ids', 'x'], 2, /"tpu" is no device|x/],
    [[], 2, /--out/],
    [['--device', 'cpu,torch,tenstorrent', '--ids', 'x'], 2, /Two devices at most/],
    [['--device', 'tenstorrent', '--steps', '-3'], 2, /whole number of at least 0/],
    [['--device', 'tenstorrent', '--threshold', '7'], 2, /from 0 to 1/],
  ])('refuses %j', async (args, code, words) => {
    const finished = await line.run('trace', tiny, ...args);
    expect(finished.code).toBe(code);
    expect(finished.stderr).toMatch(words);
  });
});
