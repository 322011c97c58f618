/** A grid over a config, trained and compared. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSweep, sweepVariants } from '../../src/engine/config/sweepGrid';
import { refusalOf } from '../engine/data/refusal';
import { openCommandLine, writeTinyConfig } from './commandLine';

const cli = openCommandLine();

describe('a grid', () => {
  const grid = readSweep('config: a.yaml\ngrid: { train.lr: [1, 2], adapter.r: [4, 8, 16] }', 's');

  it('has every combination, the last key fastest', () => {
    const variants = sweepVariants('weightroom: 1 # first\ntrain: { lr: 3 }\n', grid);
    expect(variants.map(({ values }) => [...values.values()])).toEqual([
      ...[[1, 4], [1, 8], [1, 16]], // prettier-ignore
      ...[[2, 4], [2, 8], [2, 16]], // prettier-ignore
    ]);
  });

  it('changes its keys, makes those that are not there, and leaves the rest', () => {
    const [first] = sweepVariants('weightroom: 1 # first\ntrain: { lr: 3, seed: 5 }\n', grid);
    expect(first!.text).toContain('weightroom: 1 # first');
    expect(first!.text).toMatch(/lr: 1, seed: 5/);
    expect(first!.text).toMatch(/adapter:\s*(\{ )?r: 4/);
  });

  it.each([
    ['no grid', 'config: a.yaml'],
    ['an empty list', 'config: a.yaml\ngrid: { train.lr: [] }'],
    ['broken text', 'config: [a'],
  ])('is refused with %s', async (_, text) => {
    expect(await refusalOf(() => readSweep(text, 's.yaml'))).toMatchObject({
      code: 'sweep.bad-file',
    });
  });

  it('is refused when it is endless', async () => {
    const values = Array.from({ length: 40 }, (_, i) => i);
    const large = { grid: new Map([['a', values], ['b', values]]) }; // prettier-ignore
    expect(await refusalOf(() => sweepVariants('', large))).toMatchObject({
      code: 'sweep.too-many',
    });
  });
});

describe('sweep', () => {
  it('trains each combination and puts the best first', async () => {
    writeTinyConfig(cli.folder, { name: 'tiny', maxSteps: 12 });
    const file = join(cli.folder, 'rates.yaml');
    writeFileSync(file, 'config: tiny.yaml\ngrid:\n  train.learning_rate: [1e-6, 1e-2]\n');
    const svg = join(cli.folder, 'rates.svg');
    const { code, stdout, stderr } = await cli.run('sweep', file, '--svg', svg);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [head, first, second] = stdout.trim().split('\n');
    expect(head).toMatch(/^loss +train\.learning_rate +seconds +run$/);
    expect(first).toContain('0.01');
    expect(second).toContain('0.000001');
    expect(readdirSync(join(cli.folder, 'runs'))).toHaveLength(2);
    expect(readFileSync(svg, 'utf8').match(/<polyline/g)).toHaveLength(2);
  });
});
