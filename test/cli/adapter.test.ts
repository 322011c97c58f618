/** Adapters on the command line: several with weights, combined, inspected, merged onto few bits. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MergeSaid } from '../../src/protocol/merge';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();
const fixtures = new URL('../fixtures/', import.meta.url).pathname;
const llama = join(fixtures, 'hf', 'llama2-tiny');
const [all, qv] = ['lora_all_trained', 'lora_qv_trained'].map(name => join(llama, name)) as [
  string,
  string,
];
const slm = join(fixtures, 'slm');
const notebook = join(fixtures, 'torch', 'golden', 'lora_zip.pt');

const ids = async (...args: string[]): Promise<string> => {
  const shared = ['--prompt-ids', '5,6,7', '--max-new-tokens', '8', '--greedy'];
  const { code, stdout, stderr } = await cli.run('generate', ...args, ...shared);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};

describe('generate --adapter', () => {
  it('takes several, each with its weight', async () => {
    const alone = await ids(llama);
    expect(await ids(llama, '--adapter', `${all}:0`, '--adapter', `${qv}:0`)).toBe(alone);
    const copy = join(cli.folder, 'copy');
    cpSync(all, copy, { recursive: true });
    const twoHalves = await ids(llama, '--adapter', `${all}:0.5`, '--adapter', `${copy}:0.5`);
    expect(twoHalves).toBe(await ids(llama, '--adapter', all));
    expect(twoHalves).not.toBe(alone);
  });

  it("takes a notebook's file", async () => {
    expect(await ids(slm, '--adapter', notebook)).not.toBe(await ids(slm));
  });

  it('says what is wrong with a weight', async () => {
    const { code, stderr } = await cli.run('generate', llama, '--adapter', `${all}:much`);
    expect(code).toBe(2);
    expect(stderr).toContain('"much"');
  });

  it('refuses one that is named twice', async () => {
    const args = ['--adapter', `${all}:0.5`, '--adapter', all, '--prompt-ids', '1,2'];
    const { code, stderr } = await cli.run('generate', llama, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`adapter.twice: ${all} is named twice`);
  });

  it('refuses a whole model in its place', async () => {
    const args = ['--adapter', slm, '--prompt-ids', '1,2'];
    const { code, stdout, stderr } = await cli.run('generate', llama, ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`adapter.none: ${slm} is no adapter`);
  });
});

describe('adapter', () => {
  it('combine writes one that does what both did', async () => {
    const both = join(cli.folder, 'both');
    const sources = [`${all}:0.7`, `${qv}:0.3`];
    const { code } = await cli.run('adapter', 'combine', both, ...sources, '--base', llama);
    expect(code).toBe(0);
    const flags = sources.flatMap(source => ['--adapter', source]);
    expect(await ids(llama, '--adapter', both)).toBe(await ids(llama, ...flags));
    const again = await cli.run('adapter', 'combine', both, all, '--base', llama);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('merge.occupied');
  });

  it('inspect says how much each layer changes, and draws it', async () => {
    const svg = join(cli.folder, 'overlap.svg');
    const args = ['adapter', 'inspect', all, qv, '--base', llama, '--json', '--svg', svg];
    const { stdout } = await cli.run(...args);
    const layers = stdout.trim().split('\n').map(line => JSON.parse(line) as Record<string, number>); // prettier-ignore
    expect(layers).toHaveLength(14);
    for (const { norm, share, effectiveRank } of layers) {
      expect(norm).toBeGreaterThan(0);
      expect(share).toBeGreaterThan(0);
      expect(effectiveRank).toBeGreaterThanOrEqual(1);
    }
    expect(layers.filter(({ subspace }) => subspace !== undefined)).toHaveLength(4);
    expect(readFileSync(svg, 'utf8')).toContain('aria-label');
  });

  it('list names those of a folder', async () => {
    const { stdout } = await cli.run('adapter', 'list', llama);
    expect(stdout).toContain('lora_all_trained  rank');
    expect(stdout).toContain('lora_rs_trained');
  });
});

describe('merge --json', () => {
  it('says each weight when asked to, and the verdict last', async () => {
    const args = ['merge', all, join(cli.folder, 'told'), '--base', llama, '--json'];
    const { stdout, code } = await cli.run(...args, '--progress');
    expect(code).toBe(0);
    const said = stdout.trim().split('\n').map(line => JSON.parse(line) as MergeSaid); // prettier-ignore
    const [steps, last] = [said.slice(0, -1), said.at(-1)];
    expect(steps).toEqual(
      steps.map((_, done) => ({
        ...{ type: 'progress', done, total: steps.length },
        weight: expect.any(String) as string,
      })),
    );
    expect(steps.length).toBeGreaterThan(10);
    expect(last).toMatchObject({ type: 'done', equivalence: { isEquivalent: true }, limit: 1e-4 });

    args[2] = join(cli.folder, 'untold');
    const { stdout: whole } = await cli.run(...args);
    expect(JSON.parse(whole)).toMatchObject({ type: 'done', dir: args[2] });
  });
});

describe('merge of an adapter that is too strong for its numbers', () => {
  it('is not the same model, and fails', async () => {
    const stretched = join(cli.folder, 'stretched');
    cpSync(all, stretched, { recursive: true });
    const path = join(stretched, 'adapter_config.json');
    const facts = JSON.parse(readFileSync(path, 'utf8')) as { lora_alpha: number };
    writeFileSync(path, JSON.stringify({ ...facts, lora_alpha: 100 * facts.lora_alpha }));
    const merged = join(cli.folder, 'other');
    const { code, stdout } = await cli.run('merge', stretched, merged, '--base', llama);
    expect(stdout).toContain('✗ not the same model: logits differ by at most');
    expect(code).toBe(1);
    expect(existsSync(join(merged, 'model.safetensors'))).toBe(true);
  });
});

describe('merge --onto nf4', () => {
  it('is the model that was trained, and says how far the original weights are', async () => {
    const merged = join(cli.folder, 'merged');
    const args = ['merge', all, merged, '--base', llama, '--onto', 'nf4'];
    const { code, stdout } = await cli.run(...args);
    expect(stdout).toContain('✓ the same model');
    expect(stdout).toContain('over the original weights instead');
    expect(code).toBe(0);
    expect(existsSync(join(merged, 'config.json'))).toBe(true);
  });
});
