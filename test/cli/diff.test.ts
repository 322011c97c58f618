import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asType, HEAD, LLAMA, llamaFloats, writeModel } from '../engine/compare/models';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();
const { folder } = cli;
const fixtures = join(__dirname, '../fixtures');
const K = 'model.layers.1.self_attn.k_proj.weight';

const left = writeModel(join(folder, 'left'), asType(llamaFloats(), 'float32'));
const same = writeModel(join(folder, 'same'), asType(llamaFloats(), 'float32'));
const halves = writeModel(join(folder, 'halves'), asType(llamaFloats(), 'bfloat16'));
const swapped = llamaFloats();
const size = HEAD * LLAMA.hidden_size;
const keys = swapped.get(K)!.data;
const head = keys.slice(size, 2 * size);
keys.copyWithin(size, 2 * size, 3 * size);
keys.set(head, 2 * size);
swapped.delete('model.norm.weight');
const right = writeModel(join(folder, 'right'), asType(swapped, 'float32'));

describe('diff', () => {
  it.each([
    ['the same files', [left, same], 0],
    ['a folder and the file in it', [left, join(left, 'model.safetensors')], 0],
    ['other weights', [left, right], 1],
    ['a narrower type, bit by bit', [left, halves], 1],
    ['a narrower type, by correlation', [left, halves, '--profile', 'tt-op'], 0],
    ['an own bound that holds', [left, halves, '--rel-l2', '0.01'], 0],
    ['an own bound that does not', [left, halves, '--rel-l2', '1e-6'], 1],
    ['tolerances that hold', [left, halves, '--atol', '1e-3', '--rtol', '1e-2'], 0],
    ['no such file', [left, join(folder, 'none')], 2],
    ['a file of something else', [left, join(left, 'config.json')], 2],
    ['an unknown profile', [left, same, '--profile', 'loose'], 2],
    ['one side only', [left], 2],
  ])('%s', async (_, args, code) => {
    const finished = await cli.run('diff', ...args);
    expect([finished.code, finished.stdout + finished.stderr]).toEqual([code, expect.any(String)]);
    if (code === 2) expect(finished.stdout).toBe('');
  });

  it('names what is wrong', async () => {
    const { stdout } = await cli.run('diff', left, right);
    expect(stdout).toMatch(
      /^✗ they do not match \(bit-exact\)\n19 matched, 1 mismatched, 1 missing/,
    );
    expect(stdout).toMatch(
      /✗ {2}model\.layers\.1\.self_attn\.k_proj.*kv heads 1 and 2 are exchanged/,
    );
    expect(stdout).toMatch(/⊘ {2}model\.norm\.weight .*on the left only/);
  });

  it('prints with --json one object and nothing else', async () => {
    const { code, stdout, stderr } = await cli.run('diff', left, right, '--json');
    expect([code, stderr, stdout.split('\n').length]).toEqual([1, '', 2]);
    const report = JSON.parse(stdout) as { parameters: { name: string }[] };
    expect(report).toMatchObject({
      verdict: 'mismatch',
      match: false,
      identical: false,
      profile: { name: 'bit-exact', bits: true },
      left: { path: left, tensors: 21 },
      right: { path: right, tensors: 20 },
      summary: { parameters: 21, matched: 19, mismatched: 1, missing: 1, unused: 0 },
      faults: [
        { parameter: K, kind: 'heads-exchanged', message: 'kv heads 1 and 2 are exchanged' },
      ],
    });
    expect(report.parameters.find(({ name }) => name === K)).toMatchObject({
      verdict: 'mismatch',
      reason: 'kv heads 1 and 2 are exchanged',
      leftType: 'float32',
      rightType: 'float32',
      shape: [64, 128],
      elements: 8192,
      equalBitsPercent: 50,
      nan: { left: 0, right: 0 },
    });
    const norm = report.parameters.find(({ name }) => name === 'model.norm.weight');
    expect(norm).toMatchObject({ verdict: 'missing', rightType: null });
  });

  it('says of the same weights that they are', async () => {
    const { stdout } = await cli.run('diff', left, same, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'match', match: true, identical: true });
  });

  it('splits keys and values out of a dump of a device', async () => {
    const dump = join(fixtures, 'ttml/llama2-tiny.safetensors');
    const model = join(fixtures, 'hf/llama2-tiny');
    const { stdout } = await cli.run('diff', model, dump, '--profile', 'tt-model', '--json');
    const { summary, parameters } = JSON.parse(stdout) as {
      summary: object;
      parameters: { name: string; verdict: string; changes: string[] }[];
    };
    expect(summary).toMatchObject({ matched: 21, mismatched: 0, missing: 0 });
    const values = parameters.filter(({ name }) => /[kv]_proj/.test(name));
    expect(values.every(one => one.verdict === 'match')).toBe(true);
    expect(values.every(one => one.changes.includes('transformed'))).toBe(true);
  });

  it.each(['report.json', 'report.csv', 'report.html'])('writes %s', async name => {
    const { stderr } = await cli.run('diff', left, right, '--export', name);
    expect(stderr).toContain(`written to ${name}`);
    expect(readFileSync(join(folder, name), 'utf8')).toContain('kv heads 1 and 2 are exchanged');
  });

  it('compares what both models predict', async () => {
    const { stdout } = await cli.run(
      'diff',
      left,
      halves,
      '--logits',
      '--json',
      '--rel-l2',
      '1e-2',
    );
    const { logits } = JSON.parse(stdout) as {
      logits: { positions: number; agreement: number; divergence: number };
    };
    expect(logits.positions).toBe(64);
    expect(logits.agreement).toBeGreaterThan(0.9);
    expect(logits.divergence).toBeLessThan(1e-3);
  });

  it('never runs what stands in a pickle', async () => {
    const bad = join(folder, 'bad.pt');
    writeFileSync(bad, readFileSync(join(fixtures, 'torch/golden/evil_os_system.zip.pt')));
    const { code, stderr } = await cli.run('diff', left, bad);
    expect([code, stderr]).toEqual([2, expect.stringContaining('error ')]);
  });
});
