/** Where a residual is exact, and that it is nowhere else: by what is kept, not by luck. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import type { StrategyName, StudyResult } from '../../../src/protocol/cacheStudy';
import { scratchFolder } from '../../durability/scratchFolder';
import { fixture, resultOf, run, studyOf } from './studies';

/** Rounding of float32, and far below what an adapter changes. */
const ROUNDING = 1e-6;

const exactLayers = ({ layers }: StudyResult, side: 'k' | 'v'): number[] =>
  layers.filter(l => l[`${side}_rel_l2`] < ROUNDING).map(l => l.layer);
const claimedLayers = ({ layers }: StudyResult, side: 'k' | 'v'): number[] =>
  layers.filter(l => l[`${side}_exact`]).map(l => l.layer);

describe('with adapters in every layer', () => {
  const study = run(studyOf('mha'));

  it.each<[adapter: string, strategy: StrategyName, v: number[], k: number[]]>([
    ['adapter-qv', 'full', [0, 1, 2], [0, 1, 2]],
    ['adapter-qv', 'base', [], [0]], // keys are not adapted there
    ['adapter-qv', 'lowrank-v-pinv', [0], [0]],
    ['adapter-qv', 'lowrank-v', [0], [0]],
    ['adapter-qv', 'lowrank-kv', [0], [0]],
    ['adapter-qkvo', 'base', [], []],
    ['adapter-qkvo', 'lowrank-v-pinv', [0], []], // keys are the base's
    ['adapter-qkvo', 'lowrank-v', [0], []],
    ['adapter-qkvo', 'lowrank-kv', [0], [0]],
  ])('%s kept as %s is exact in V of %j and K of %j alone', async (adapter, strategy, v, k) => {
    const result = resultOf(await study, adapter, strategy);
    expect({ v: exactLayers(result, 'v'), k: exactLayers(result, 'k') }).toEqual({ v, k });
    expect({ v: claimedLayers(result, 'v'), k: claimedLayers(result, 'k') }).toEqual({ v, k });
  });

  it('passes the notebook’s check at 1e-7 in layer 0 and fails it behind', async () => {
    const { layers } = resultOf(await study, 'adapter-qv', 'lowrank-v-pinv');
    expect(layers.map(l => [l['allclose_1e-4'], l['allclose_1e-7']])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
  });

  it('the pseudo-inverse is never farther from V than A·x: it is the least-squares solution', async () => {
    const [pinv, direct] = (['lowrank-v-pinv', 'lowrank-v'] as const).map(
      async strategy => resultOf(await study, 'adapter-qkvo', strategy).layers,
    );
    const theirs = await direct!;
    for (const { layer, v_rel_l2 } of await pinv!)
      expect(v_rel_l2).toBeLessThan(theirs[layer]!.v_rel_l2 + ROUNDING);
  });
});

describe('with an adapter that begins in a deeper layer', () => {
  const dir = scratchFolder();

  it('all layers up to its first one are exact, and none behind', async () => {
    const from = fixture('mha/adapter-qkvo');
    const late = join(dir, 'late');
    cpSync(from, late, { recursive: true });
    const config = JSON.parse(readFileSync(join(from, 'adapter_config.json'), 'utf8')) as object;
    const targets = ['q', 'k', 'v', 'o'].map(s => `layers.1.self_attn.${s}_proj`);
    writeFileSync(
      join(late, 'adapter_config.json'),
      JSON.stringify({ ...config, target_modules: targets }),
    );
    const all = readSafetensors(join(from, 'adapter_model.safetensors'));
    const kept = new Map([...all].filter(([name]) => name.includes('layers.1.')));
    writeSafetensors(disk, join(late, 'adapter_model.safetensors'), kept);
    const ran = await run(studyOf('mha', { adapters: [late] }));
    expect(ran.report.adapters[0]).toMatchObject({ first_layer: 1 });
    const result = resultOf(ran, 'late', 'lowrank-kv');
    expect(exactLayers(result, 'v')).toEqual([0, 1]);
    expect(exactLayers(result, 'k')).toEqual([0, 1]);
    expect(claimedLayers(result, 'v')).toEqual([0, 1]);
    const base = resultOf(ran, 'late', 'base');
    expect(exactLayers(base, 'v')).toEqual([0]);
    expect(claimedLayers(base, 'v')).toEqual([0]);
  });
});

describe('a residual that is kept in less', () => {
  const study = run(
    studyOf('mha', {
      ...{ store: ['fp32', 'fp16', 'int8'], ranks: [2, 4], strategies: ['lowrank-kv'] },
    }),
  );
  const firstError = async (variant: string) => {
    const { report } = await study;
    const found = report.results.find(
      r => r.adapter === 'adapter-qkvo' && r.variant === `lowrank-kv/${variant}`,
    )!;
    return { error: found.layers[0]!.v_rel_l2, ...found };
  };

  it('errs the more the fewer bits it has, in layer 0 by that alone', async () => {
    const [fp32, fp16, int8] = await Promise.all(
      ['fp32/own', 'fp16/own', 'int8/own'].map(firstError),
    );
    expect(fp32!.error).toBeLessThan(ROUNDING);
    expect(fp16!.error).toBeGreaterThan(fp32!.error);
    expect(int8!.error).toBeGreaterThan(fp16!.error);
    expect(int8!.error).toBeLessThan(0.01);
    expect([fp32, fp16, int8].map(r => r!.layers[0]!.v_exact)).toEqual([true, false, false]);
  });

  it('errs the more the fewer directions it has', async () => {
    const [own, four, two] = await Promise.all(['fp32/own', 'fp32/4', 'fp32/2'].map(firstError));
    expect(four!.error).toBeGreaterThan(own!.error);
    expect(two!.error).toBeGreaterThan(four!.error);
    expect([own, four, two].map(r => r!.rank)).toEqual([8, 4, 2]);
  });

  it('takes rank × tokens numbers of each adapted tensor', async () => {
    const [tokens, tensors] = [24, 2 * 3];
    const bytes = async (variant: string) => (await firstError(variant)).bytes;
    expect(await bytes('fp32/own')).toBe(tensors * tokens * 8 * 4);
    expect(await bytes('fp16/own')).toBe(tensors * tokens * 8 * 2);
    expect(await bytes('fp32/2')).toBe(tensors * tokens * 2 * 4);
    expect(await bytes('int8/own')).toBe(tensors * (tokens * 8 + 8 * 2)); // a scale a component
  });
});

it('the same is rebuilt with the scaling inside the matrix that expands', async () => {
  const [outside, inside] = await Promise.all(
    (['outside', 'inside'] as const).map(scaling => run(studyOf('gqa', { scaling }))),
  );
  for (const [i, result] of outside!.report.results.entries())
    for (const [layer, errors] of result.layers.entries())
      expect(inside!.report.results[i]!.layers[layer]!.v_rel_l2).toBeCloseTo(errors.v_rel_l2, 6);
});

it('layers that were not chosen are the base’s', async () => {
  const ran = await run(studyOf('gqa', { layers: [1], strategies: ['base', 'lowrank-kv'] }));
  const [base, kept] = (['base', 'lowrank-kv'] as const).map(s => resultOf(ran, 'adapter-qkvo', s));
  expect(kept!.layers[0]).toEqual(base!.layers[0]);
  expect(kept!.layers[1]!.v_rel_l2).toBeLessThan(base!.layers[1]!.v_rel_l2);
  expect(kept!.layers[2]).toEqual(base!.layers[2]);
  expect(kept!.bytes).toBe(24 * 4 * 4 * 2);
});
