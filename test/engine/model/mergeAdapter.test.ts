/** Merged adapters against PEFT's, in every family and layout, and as transformers' own folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareLogits, compareModels } from '../../../src/engine/evaluate/equivalence';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { mergeAdapter } from '../../../src/engine/model/mergeAdapter';
import { openModel, readModelFolder } from '../../../src/engine/model/modelFolder';
import { scratchFolder } from '../../durability/scratchFolder';
import { refusalOf } from '../../engine/data/refusal';
import { largestDifference, largestValue } from '../../tensors';

const folder = scratchFolder();
const families = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'];

describe.each(families)('an adapter on all linear layers of %s', family => {
  const dir = new URL(`../../fixtures/hf/${family}/`, import.meta.url).pathname;
  const adapter = join(dir, 'lora_all_trained');
  const base = { baseDir: dir };
  const merged = join(folder, family);

  it("has PEFT's weights once it is merged", () => {
    const opened = openModel(adapter, base);
    const { adapted } = mergeAdapter(opened, merged);
    opened.close();
    expect(adapted).toBeGreaterThan(0);
    const theirs = readSafetensors(join(dir, 'lora_all_merged.safetensors'));
    const ours = readSafetensors(join(merged, 'model.safetensors'));
    for (const [name, w] of ours) {
      const reference = theirs.get(name) ?? theirs.get(name.replace(/^transformer\./, ''));
      expect(reference, name).toBeDefined();
      // One rounding of W + BA, whose order of sums is not theirs.
      expect(largestDifference(w, reference!) / largestValue(reference!), name).toBeLessThan(1e-6);
    }
  });

  it('is the same model', async () => {
    const sides = {
      first: () => readModelFolder(adapter, base),
      second: () => readModelFolder(merged),
    };
    const equivalence = await compareModels(sides, 1e-4);
    expect(equivalence).toMatchObject({ isEquivalent: true, agreement: 1 });
    expect(equivalence.largest).toBeLessThan(2e-5);
  });

  it('is not the same model as its base', async () => {
    const sides = {
      first: () => readModelFolder(adapter, base),
      second: () => readModelFolder(dir),
    };
    const equivalence = await compareModels(sides, 1e-4);
    expect(equivalence.isEquivalent).toBe(false);
    expect(equivalence.divergence).toBeGreaterThan(0.01);
  });

  it('keeps the config of its base, with the type asked for', () => {
    const opened = openModel(adapter, base);
    const narrow = join(folder, `${family}-bf16`);
    const { bytes, dtypes } = mergeAdapter(opened, narrow, { dtype: 'bfloat16' });
    opened.close();
    expect(dtypes).toEqual(['bfloat16']);
    expect(bytes).toBeLessThan(0.6 * readFileSync(join(merged, 'model.safetensors')).byteLength);
    const config = JSON.parse(readFileSync(join(narrow, 'config.json'), 'utf8')) as object;
    const original = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as object;
    expect(config).toEqual({ ...original, torch_dtype: 'bfloat16' });
  });
});

describe('merging', () => {
  const dir = new URL('../../fixtures/hf/gpt2-tiny/', import.meta.url).pathname;

  it('writes into no folder that holds something', async () => {
    const opened = openModel(join(dir, 'lora_qv_trained'), { baseDir: dir });
    expect((await refusalOf(() => mergeAdapter(opened, dir))).code).toBe('merge.occupied');
    opened.close();
  });

  it('needs an adapter', async () => {
    const opened = openModel(dir);
    const refused = await refusalOf(() => mergeAdapter(opened, join(folder, 'none')));
    expect(refused.code).toBe('merge.no-adapter');
    opened.close();
  });
});

describe('compareLogits', () => {
  it('says where the largest difference is', () => {
    const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3.5, 4)];
    expect(compareLogits(a, b, 2, 0.2)).toMatchObject({
      ...{ largest: 0.125, largestAt: { position: 1, token: 0 } },
      ...{ agreement: 1, positions: 2, isEquivalent: true },
    });
  });

  it('never takes what is no number for equal', () => {
    const [a, b] = [Float32Array.of(1, 2), Float32Array.of(NaN, 2)];
    expect(compareLogits(a, b, 2, 1).isEquivalent).toBe(false);
  });
});
