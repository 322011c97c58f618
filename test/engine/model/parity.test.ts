/** Equality with PyTorch on the reference SLM: forward, loss, gradients, with and without biases. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { trace } from '../../../src/engine/evaluate/trace';
import type { SlmShape } from '../../../src/engine/model/slmParameters';
import { largestDifference, largestValue } from '../../tensors';

const folder = (name: string) => new URL(`../../fixtures/${name}/`, import.meta.url).pathname;

describe.each(['slm', 'slm-bias'])('%s against PyTorch', name => {
  const dir = folder(name);
  const base = JSON.parse(readFileSync(`${dir}config.json`, 'utf8')) as SlmShape;
  const weights = readSafetensors(`${dir}model.safetensors`);
  const reference = readSafetensors(`${dir}forward.safetensors`);
  const traced = trace({ base }, weights, {
    idx: reference.get('idx')!,
    targets: reference.get('targets')!,
    gradients: true,
  });

  // Sums of 64 products in another order: a few units in the last place of logits of order 1.
  it('gives the same logits within 2e-5', async () => {
    const logits = (await traced).get('logits')!;
    expect(largestDifference(logits, reference.get('logits')!)).toBeLessThan(2e-5);
  });

  it('gives the same loss within 2e-6, ignoring targets of -1', async () => {
    const loss = (await traced).get('loss')!;
    expect(largestDifference(loss, reference.get('loss')!)).toBeLessThan(2e-6);
  });

  it("gives every gradient within 1e-5 of its tensor's largest value", async () => {
    for (const [parameter, g] of readSafetensors(`${dir}grads.safetensors`)) {
      const difference = largestDifference((await traced).get(parameter)!, g);
      expect(difference / largestValue(g), parameter).toBeLessThan(1e-5);
    }
  });
});
