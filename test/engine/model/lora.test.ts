/** LoRA against PyTorch, fused and not, and what it adapts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { fusedWeight, loraTargets } from '../../../src/engine/model/lora';
import { type SlmShape, slmParameters } from '../../../src/engine/model/slmParameters';
import { trace } from '../../../src/engine/evaluate/trace';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { largestDifference } from '../../tensors';

const dir = new URL('../../fixtures/slm/', import.meta.url).pathname;
const base = JSON.parse(readFileSync(`${dir}config.json`, 'utf8')) as SlmShape;
const lora = { r: 4, alpha: 8, targets: ['qkv', 'proj'] };
const weights = readSafetensors(`${dir}model.safetensors`);
const adapter = readSafetensors(`${dir}after_lora.safetensors`);
const { idx, targets } = Object.fromEntries(readSafetensors(`${dir}forward.safetensors`));
const reference = readSafetensors(`${dir}forward_lora.safetensors`);

describe('LoRA', () => {
  it('gives the logits and loss of PyTorch with a trained adapter', async () => {
    const all = new Map([...weights, ...adapter]);
    const traced = await trace({ base, lora }, all, { idx: idx!, targets, gradients: false });
    expect(largestDifference(traced.get('logits')!, reference.get('logits')!)).toBeLessThan(2e-5);
    expect(largestDifference(traced.get('loss')!, reference.get('loss')!)).toBeLessThan(2e-6);
  });

  it('gives the same logits fused into the base', async () => {
    const part = (name: string) => adapter.get(name)?.data as Float32Array | undefined;
    const fused = new Map(
      [...weights].map(([name, w]) => {
        const layer = name.replace(/\.weight$/, '');
        const [a, b] = [part(`${layer}.lora_A`), part(`${layer}.lora_B`)];
        return [name, a && b ? fusedWeight(w as Tensor<'float32'>, { a, b }, lora) : w];
      }),
    );
    const traced = await trace({ base }, fused, { idx: idx!, gradients: false });
    // W + BA is rounded once more than x·W + (x·A)·B: some units in the last place.
    expect(largestDifference(traced.get('logits')!, reference.get('logits')!)).toBeLessThan(3e-5);
  });

  it('reaches the layers whose names contain a target, and says what there is when none does', () => {
    const targetsOf = (...names: string[]) =>
      loraTargets(slmParameters(base), { ...lora, targets: names });
    expect(targetsOf('qkv', 'proj')).toHaveLength(6);
    expect(targetsOf('mlp.fc')).toEqual(['blocks.0.mlp.fc', 'blocks.1.mlp.fc']);
    expect(() => targetsOf('k_proj')).toThrow(/attn.qkv, attn.proj, mlp.fc, mlp.proj/);
  });
});
