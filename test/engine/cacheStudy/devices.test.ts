/** On another device the same is found: its caches are rebuilt there, and decoding goes on from them. */
import { expect, it } from 'vitest';
import { hasWebGpu } from '../../softwareGpu';
import { fixture, run, studyOf } from './studies';

it.skipIf(!hasWebGpu)('WebGPU studies as the CPU does', { timeout: 240_000 }, async () => {
  const study = studyOf('gqa', {
    adapters: [fixture('gqa/adapter-qkvo')],
    strategies: ['full', 'lowrank-kv'],
    tokens: 4,
  });
  const [cpu, gpu] = [await run(study), await run(study, { device: 'webgpu' })];
  expect(gpu.report.device).toBe('webgpu');
  for (const [i, result] of cpu.report.results.entries()) {
    const own = gpu.report.results[i]!;
    expect(own.greedy_ids).toEqual(result.greedy_ids);
    expect(own.kl).toBeCloseTo(result.kl, 4);
    for (const [layer, { v_rel_l2, k_rel_l2 }] of result.layers.entries()) {
      expect(own.layers[layer]!.v_rel_l2).toBeCloseTo(v_rel_l2, 4);
      expect(own.layers[layer]!.k_rel_l2).toBeCloseTo(k_rel_l2, 4);
    }
  }
});
