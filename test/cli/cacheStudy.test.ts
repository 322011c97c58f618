/** `cache-study` as a process: what it prints, where it saves, and how it refuses. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readStudy } from '../../src/engine/cacheStudy/studyFiles';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { adaptersOf, fixture, references } from '../engine/cacheStudy/studies';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();

function config(name: string, folder: string, more = ''): string {
  const path = join(cli.folder, `${name}.yaml`);
  const adapters = adaptersOf(folder).map(adapter => fixture(`${folder}/${adapter}`));
  writeFileSync(
    path,
    [
      'weightroom: 1',
      'cache_study:',
      `  model: ${fixture(`${folder}/model`)}`,
      `  adapters: [${adapters.join(', ')}]`,
      `  prefix_ids: ${fixture(`${folder}/cache.safetensors`)}#ids`,
      `  continuation: ${fixture(`${folder}/cache.safetensors`)}#continuation`,
      '  tokens: 12',
      more,
    ].join('\n'),
  );
  return path;
}

describe('cache-study --json', () => {
  it('prints one object with all measures, and saves nothing', async () => {
    const { code, stdout } = await cli.run('cache-study', config('json', 'gqa'), '--json');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    const report = JSON.parse(lines[0]!) as StudyReport;
    for (const [adapter, strategies] of Object.entries(references['gqa']!))
      for (const [strategy, expected] of Object.entries(strategies)) {
        const found = report.results.find(r => r.adapter === adapter && r.strategy === strategy)!;
        expect(found.kl).toBeCloseTo(expected.kl, 6);
        expect(found.greedy_ids).toEqual(expected.greedy_ids);
        expect(found.layers.map(l => l['allclose_1e-4'])).toEqual(
          expected.layers.map(l => l.v_max_abs < 1e-4),
        );
        expect(found.bytes).toBeGreaterThanOrEqual(0);
      }
    expect(existsSync(join(cli.folder, 'runs'))).toBe(false);
  });

  it('saves where it is told', async () => {
    const path = config('saved', 'gqa', '  strategies: [full, lowrank-v]');
    const { stdout } = await cli.run('cache-study', path, '--json', '--runs', 'kept');
    const { dir } = JSON.parse(stdout) as { dir: string };
    expect(readStudy(join(cli.folder, dir)).results).toHaveLength(4);
    expect(readdirSync(join(cli.folder, 'kept'))).toHaveLength(1);
  });
});

it('cache-study says in words what it found and where it is', async () => {
  const { code, stdout } = await cli.run('cache-study', config('words', 'mha', '  ranks: [2]'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^model {2}2 adapters {2}prefix of 24 tokens {2}cpu\n/);
  expect(stdout).toMatch(/● full\/fp32\/own +73.7\skB +1.0× +0 +100.0 % +all/u);
  expect(stdout).toMatch(/lowrank-kv\/fp32\/own +✓ +33 +46/);
  expect(stdout).toMatch(/Report {2}runs\/\d{8}-\d{6}-words\n$/);
});

describe('bad input ends with 2 and says where', () => {
  it.each<[claim: string, lines: string[], stderr: RegExp]>([
    [
      'a key of training',
      ['weightroom: 1', 'cache_study: { model: m, adapters: [a], prefix: x }', 'train: {}'],
      /`train` is of a config that trains, and this one has `cache_study`/,
    ],
    [
      'no prefix',
      ['weightroom: 1', 'cache_study: { model: m, adapters: [a] }'],
      /Nothing says what is cached. Add `prefix`, `prefix_file` or `prefix_ids`/,
    ],
    [
      'a folder that is not there',
      ['weightroom: 1', 'cache_study:', '  model: gone', '  adapters: [a]', '  prefix: x'],
      /There is no model, adapter or run in `gone`[\s\S]*\.yaml:3/,
    ],
    [
      'a strategy that is none',
      ['weightroom: 1', 'cache_study: { model: m, adapters: [a], prefix: x, strategies: [svd] }'],
      /cache_study.strategies/,
    ],
    [
      'a config that trains',
      ['weightroom: 1', 'model: { family: slm }', 'data: { train: a.txt }'],
      /This config trains a model/,
    ],
  ])('%s', async (claim, lines, stderr) => {
    const path = join(cli.folder, `${claim.replaceAll(' ', '-')}.yaml`);
    writeFileSync(path, lines.join('\n'));
    const finished = await cli.run('cache-study', path, '--json');
    expect(finished.code).toBe(2);
    expect(finished.stdout).toBe('');
    expect(finished.stderr).toMatch(stderr);
  });

  it('an adapter of another base', async () => {
    const path = config('other', 'gqa');
    const { code, stderr } = await cli.run('cache-study', path.replace('other', 'other'), '--json');
    expect([code, stderr]).toEqual([0, '']);
    writeFileSync(
      path,
      `weightroom: 1\ncache_study:\n  model: ${fixture('mha/model')}\n  adapters: [${fixture('gqa/adapter-qkvo')}]\n  prefix_ids: [1, 2, 3]\n`,
    );
    const refused = await cli.run('cache-study', path, '--json');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/error cache.other-base: .*adapter of another base/);
  });

  it('a study where a run is wanted', async () => {
    const { code, stderr } = await cli.run('train', config('trained', 'gqa'));
    expect(code).toBe(2);
    expect(stderr).toContain('config of a cache study, which trains nothing');
  });
});
