/** Studies equal an independent reference: PyTorch's vectors, and a float64 forward pass in numpy. */
import { beforeAll, describe, expect, it } from 'vitest';
import { layerMaps } from '../../../src/engine/cacheStudy/keyValueMaps';
import { unpackMini } from '../../../src/engine/cacheStudy/miniCache';
import { PrefixRunner } from '../../../src/engine/cacheStudy/prefixRun';
import { expandCache, keepCache, partOf } from '../../../src/engine/cacheStudy/rebuild';
import type { RanStudy } from '../../../src/engine/cacheStudy/runStudy';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { openModel, readModelFolder } from '../../../src/engine/model/modelFolder';
import { strategyNames } from '../../../src/protocol/cacheStudy';
import { adaptersOf, fixture, references, resultOf, run, studyOf } from './studies';

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};

describe.each(Object.keys(references))('the study of %s', folder => {
  let ran: RanStudy;
  beforeAll(async () => {
    ran = await run(studyOf(folder));
  });

  const cases = adaptersOf(folder).flatMap(adapter =>
    strategyNames.map(strategy => [adapter, strategy] as const),
  );
  it.each(cases)('%s, %s: errors, KL and texts are those of the reference', (adapter, strategy) => {
    const expected = references[folder]![adapter]![strategy];
    const found = resultOf(ran, adapter, strategy);
    expect(found.kl).toBeCloseTo(expected.kl, 6);
    expect(found.top1_agreement).toBeCloseTo(expected.top1_agreement, 12);
    expect(found.perplexity! / expected.perplexity).toBeCloseTo(1, 4);
    expect(found.greedy_ids).toEqual(expected.greedy_ids);
    for (const [layer, errors] of expected.layers.entries())
      for (const [name, error] of Object.entries(errors)) {
        const own = found.layers[layer]![name as keyof typeof errors];
        expect(Math.abs(own - error), `layer ${layer} ${name}`).toBeLessThan(1e-5);
      }
  });
});

describe.each(['gqa', 'mha'])('beside PyTorch, %s', folder => {
  const golden = readSafetensors(fixture(`${folder}/cache.safetensors`));
  const numbers = (name: string) => golden.get(name)!.data as Float32Array;
  const ids = Array.from(golden.get('ids')!.data as BigInt64Array, Number);
  const base = readModelFolder(fixture(`${folder}/model`));
  const runner = new PrefixRunner({});

  it.each([
    ['qv', 'adapter-qv'],
    ['qkvo', 'adapter-qkvo'],
  ])('%s: caches, mini-caches and rebuilt V are equal', async (name, dir) => {
    const opened = openModel(fixture(`${folder}/${dir}`), { baseDir: fixture(`${folder}/model`) });
    const { model, weights } = readModelFolder(fixture(`${folder}/${dir}`), {
      baseDir: fixture(`${folder}/model`),
    });
    const maps = layerMaps(opened);
    const linears = maps.flatMap(({ k, v }) => [k?.linear, v?.linear]).filter(l => l !== undefined);
    const shared = (await runner.read(base, ids)).piece;
    const own = await runner.read({ model, weights }, ids, linears);
    const shape = { base: model.base, tokens: ids.length };
    const source = { ...shape, shared, own: own.piece, maps, inner: own.inner };
    const kept = keepCache(source, {
      ...{ strategy: 'lowrank-v-pinv', store: 'fp32', rank: 'own', scaling: 'outside' },
      layers: new Set([0, 1, 2]),
    });
    const rebuilt = expandCache(source, kept);
    for (const layer of [0, 1, 2]) {
      for (const side of ['k', 'v'] as const) {
        const part = (piece: Float32Array) => partOf(model.base, ids.length, piece, layer, side);
        expect(largest(part(shared), numbers(`base/${layer}/${side}`))).toBeLessThan(1e-5);
        expect(largest(part(own.piece), numbers(`${name}/${layer}/${side}`))).toBeLessThan(1e-5);
      }
      const values = partOf(model.base, ids.length, rebuilt, layer, 'v');
      expect(largest(values, numbers(`${name}/${layer}/rebuilt_v`))).toBeLessThan(1e-5);
      const { mini } = kept.layers[layer]!.v!;
      const [, r = 0, T = 0] = golden.get(`${name}/${layer}/mini_v`)!.shape;
      const turned = unpackMini(mini);
      const theirs = numbers(`${name}/${layer}/mini_v`);
      const mine = Float32Array.from(theirs, (_, at) => turned[(at % T) * r + Math.floor(at / T)]!);
      expect(largest(mine, theirs)).toBeLessThan(2e-4); // they invert B in float32
    }
    opened.close();
  });
});
