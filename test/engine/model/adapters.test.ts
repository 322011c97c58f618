/** Adapters from elsewhere, several as one, and what they change. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trace } from '../../../src/engine/evaluate/trace';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import {
  adapterSource,
  adaptersOf,
  openAdapted,
  openOver,
} from '../../../src/engine/model/combineAdapters';
import { compareAdapters, inspectAdapter } from '../../../src/engine/model/inspectAdapter';
import { fusedWeight } from '../../../src/engine/model/lora';
import {
  openModel,
  type OpenedModel,
  readModelFolder,
} from '../../../src/engine/model/modelFolder';
import { adapterParameters, baseParameters } from '../../../src/engine/model/modelShape';
import { saveAdapter } from '../../../src/engine/model/saveAdapter';
import { scratchFolder } from '../../durability/scratchFolder';
import { largestDifference, largestValue } from '../../tensors';
import { refusalOf } from '../data/refusal';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
const scratch = scratchFolder();
const llama = join(fixtures, 'hf', 'llama2-tiny');
const base = { baseDir: llama };
const [all, qv] = ['lora_all_trained', 'lora_qv_trained'].map(name => join(llama, name)) as [
  string,
  string,
];

describe("the notebook's adapters", () => {
  it.each(['lora_zip.pt', 'lora_legacy.pt'])('%s gives the logits of PyTorch', async name => {
    const slm = join(fixtures, 'slm');
    const path = join(fixtures, 'torch', 'golden', name);
    const { model, weights } = readModelFolder(path, { baseDir: slm });
    const { idx } = Object.fromEntries(readSafetensors(join(slm, 'forward.safetensors')));
    const traced = await trace(model, weights, { idx: idx!, gradients: false });
    const reference = readSafetensors(join(slm, 'forward_lora.safetensors'));
    expect(largestDifference(traced.get('logits')!, reference.get('logits')!)).toBeLessThan(2e-5);
  });

  it('are refused when they hold no adapter', async () => {
    const path = join(fixtures, 'torch', 'golden', 'protocol4.zip.pt');
    const refusal = await refusalOf(() => openModel(path, { baseDir: join(fixtures, 'slm') }));
    expect(refusal).toMatchObject({ code: 'adapter.no-tensors' });
  });
});

const fused = (opened: OpenedModel, layer: string) => {
  const [a, b] = ['A', 'B'].map(part => opened.read(`${layer}.lora_${part}`).data);
  const spec = baseParameters(opened.model).find(({ name }) => name === `${layer}.weight`)!;
  const w = opened.read(spec.name);
  return { w, after: fusedWeight(w, { a: a!, b: b! }, opened.model.lora!, spec.linear) };
};

describe('several adapters', () => {
  const layer = 'model.layers.0.self_attn.q_proj';

  it('change a weight by the weighted sum of what each of them does', () => {
    const both = openAdapted([{ dir: all, weight: 0.5 }, { dir: qv, weight: -2 }], base); // prettier-ignore
    const [first, second] = [all, qv].map(dir => fused(openModel(dir, base), layer));
    const { w, after } = fused(both, layer);
    const expected = Float32Array.from(
      w.data,
      (x, i) => x + 0.5 * (first!.after.data[i]! - x) - 2 * (second!.after.data[i]! - x),
    );
    const difference = largestDifference(after, { ...after, data: expected });
    expect(difference / largestValue(after)).toBeLessThan(1e-6);
    expect(largestDifference(after, w)).toBeGreaterThan(1e-3);
  });

  it('leave to each the layers that only it adapts', () => {
    const both = openAdapted([{ dir: qv, weight: 1 }, { dir: all, weight: 1 }], base); // prettier-ignore
    const other = 'model.layers.1.mlp.down_proj';
    const alone = fused(openModel(all, base), other).after;
    expect(largestDifference(fused(both, other).after, alone)).toBeLessThan(1e-6);
  });

  it('are nothing at weight 0', () => {
    const off = openAdapted([{ dir: all, weight: 0 }], base);
    const { w, after } = fused(off, layer);
    expect(largestDifference(w, after)).toBe(0);
  });

  it('are saved as one adapter that gives the same logits', async () => {
    const sources = [{ dir: all, weight: 0.7 }, { dir: qv, weight: 0.3 }]; // prettier-ignore
    const both = openAdapted(sources, base);
    const dir = join(scratch, 'combined');
    saveAdapter(both, dir);
    const golden = JSON.parse(readFileSync(join(llama, 'golden.json'), 'utf8')) as {
      ids: number[][];
    };
    const ids = BigInt64Array.from(golden.ids.flat(), BigInt);
    const shape = [golden.ids.length, golden.ids[0]!.length];
    const idx = { dtype: 'int64' as const, shape, data: ids };
    const { model, weights } = readModelFolder(dir);
    const saved = await trace(model, weights, { idx, gradients: false });
    const one = readModelFolder(all, base);
    const alone = await trace(one.model, one.weights, { idx, gradients: false });
    expect(model.lora!.r).toBe(both.model.lora!.r);
    expect(largestDifference(saved.get('logits')!, alone.get('logits')!)).toBeGreaterThan(1e-3);
    const again = openModel(dir);
    expect(largestDifference(fused(again, layer).after, fused(both, layer).after)).toBe(0);
  });

  it('give the logits of a base into which they are merged one by one', async () => {
    const sources = [{ dir: all, weight: 0.7 }, { dir: qv, weight: -0.4 }]; // prettier-ignore
    const both = openAdapted(sources, base);
    const { model } = openModel(llama);
    const merged = new Map(
      baseParameters(model).map(({ name }) => [name, openModel(llama).read(name)]),
    );
    for (const { dir, weight } of sources) {
      const one = openModel(dir, base);
      const lora = { ...one.model.lora!, alpha: weight * one.model.lora!.alpha };
      for (const { name, linear } of baseParameters(one.model)) {
        const layer = name.replace(/\.weight$/, '');
        if (!adapterParameters(one.model).some(p => p.name === `${layer}.lora_A`)) continue;
        const [a, b] = ['A', 'B'].map(part => one.read(`${layer}.lora_${part}`).data);
        merged.set(name, fusedWeight(merged.get(name)!, { a: a!, b: b! }, lora, linear));
      }
    }
    const data = BigInt64Array.from([5n, 1n, 9n, 3n, 7n, 2n, 8n, 4n]);
    const inputs = { idx: { dtype: 'int64' as const, shape: [1, 8], data }, gradients: false };
    const specs = [...baseParameters(both.model), ...adapterParameters(both.model)];
    const weights = new Map(specs.map(({ name }) => [name, both.read(name)]));
    const stacked = (await trace(both.model, weights, inputs)).get('logits')!;
    const reference = (await trace(model, merged, inputs)).get('logits')!;
    expect(largestDifference(stacked, reference) / largestValue(reference)).toBeLessThan(2e-6);
  });

  it('come after the one that the model itself is', () => {
    const saved = join(scratch, 'own');
    saveAdapter(openModel(all, base), saved);
    const over = { dir: saved, adapters: [{ dir: qv, weight: 0.5 }] };
    const sources = adaptersOf(over);
    expect(sources).toEqual([{ dir: saved, weight: 1 }, ...over.adapters]);
    const opened = openOver(saved, sources);
    expect(opened.model.lora!.r).toBe(
      openModel(all, base).model.lora!.r + openModel(qv, base).model.lora!.r,
    );
    expect(opened.baseDir).toBe(openModel(saved).baseDir);
  });

  it('are refused twice, also by another path to the same folder', async () => {
    const again = join(all, '..', 'lora_all_trained');
    const sources = [{ dir: all, weight: 1 }, { dir: again, weight: 0.5 }]; // prettier-ignore
    expect(await refusalOf(() => openAdapted(sources, base))).toMatchObject({
      code: 'adapter.twice',
      where: { file: again },
    });
  });

  it.each([NaN, Infinity])('are refused with the weight %s', async weight => {
    expect(await refusalOf(() => openAdapted([{ dir: all, weight }], base))).toMatchObject({
      code: 'adapter.bad-weight',
    });
  });

  it('are refused over a base that they do not fit', async () => {
    const other = join(fixtures, 'hf', 'llama32-tiny');
    const refusal = await refusalOf(() =>
      openAdapted([{ dir: all, weight: 0.5 }], { baseDir: other }),
    );
    expect(refusal.code).toMatch(/^model\.(wrong-shape|unused-tensor)$/);
    expect(refusal.message).toContain(`another base than ${other}`);
  });

  /** A copy of an adapter with another config. */
  function changed(name: string, config: object): string {
    const dir = join(scratch, name);
    mkdirSync(dir);
    const own = readFileSync(join(all, 'adapter_config.json'), 'utf8');
    const text = JSON.stringify({ ...(JSON.parse(own) as object), ...config });
    writeFileSync(join(dir, 'adapter_config.json'), text);
    copyFileSync(join(all, 'adapter_model.safetensors'), join(dir, 'adapter_model.safetensors'));
    return dir;
  }

  it('are refused when no layer of the base is theirs, and are named', async () => {
    const dir = changed('astray', { target_modules: ['nowhere'] });
    const refusal = await refusalOf(() => openAdapted([{ dir, weight: 1 }], base));
    expect(refusal.code).toBe('adapter.no-target');
    expect(refusal.message).toContain(join(dir, 'adapter_model.safetensors'));
  });

  it.each([
    ['alpha_pattern', { q_proj: 32 }],
    ['rank_pattern', { q_proj: 4 }],
    ['use_dora', true],
  ])('are refused with %s, which would make another model', async (option, value) => {
    const dir = changed(option, { [option]: value });
    const refusal = await refusalOf(() => openAdapted([{ dir, weight: 1 }], base));
    expect(refusal.code).toBe('adapter.unsupported');
    expect(refusal.message).toContain(option);
  });

  it('may name options that are not used', () => {
    const unused = { alpha_pattern: {}, rank_pattern: null, use_dora: false };
    openAdapted([{ dir: changed('unused', unused), weight: 1 }], base).close();
  });

  it('must be of one base', async () => {
    const sources = [all, join(fixtures, 'hf', 'llama32-tiny', 'lora_all_trained')];
    const named = sources.map(dir => ({ dir, weight: 1 }));
    expect(await refusalOf(() => openAdapted(named))).toMatchObject({
      code: expect.stringMatching(/adapter\.other-base|model\.no-base/) as string,
    });
  });

  it.each([
    ['adapters/one', 'adapters/one', 1],
    ['adapters/one:0.5', 'adapters/one', 0.5],
    ['a:b:-2', 'a:b', -2],
    ['C:/adapters/one', 'C:/adapters/one', 1],
  ])('are named as %s', (text, dir, weight) => {
    expect(adapterSource(text)).toEqual({ dir, weight });
  });

  it('are refused with a weight that is no number', async () => {
    expect(await refusalOf(() => adapterSource('one:much'))).toMatchObject({
      code: 'adapter.bad-weight',
    });
  });
});

describe('what an adapter changes', () => {
  const opened = openModel(all, base);
  const layers = [...inspectAdapter(opened)];

  it('is as large as the difference of the weights', () => {
    expect(layers.length).toBeGreaterThan(4);
    for (const { layer, norm, share } of layers) {
      const { w, after } = fused(opened, layer);
      const size = Math.sqrt(w.data.reduce((sum, x) => sum + x * x, 0));
      const change = Math.sqrt(w.data.reduce((sum, x, i) => sum + (after.data[i]! - x) ** 2, 0));
      expect(norm / change, layer).toBeCloseTo(1, 3);
      expect(share, layer).toBeCloseTo(norm / size, 6);
    }
  });

  it('is spread over at least one and at most as many directions as the rank', () => {
    for (const { effectiveRank } of layers) {
      expect(effectiveRank).toBeGreaterThan(1);
      expect(effectiveRank).toBeLessThanOrEqual(opened.model.lora!.r + 1e-9);
    }
  });

  it('is along one direction where the rank is one', () => {
    const read = (name: string) => {
      const t = opened.read(name);
      if (!/lora_[AB]$/.test(name)) return t;
      const { r } = opened.model.lora!;
      const isDown = name.endsWith('A');
      // the first of all directions, for each of them
      const data = t.data.map((_, i) => t.data[isDown ? i % (t.data.length / r) : i - (i % r)]!);
      return { ...t, data };
    };
    for (const { effectiveRank } of inspectAdapter({ ...opened, read }))
      expect(effectiveRank).toBeCloseTo(1, 4);
  });

  it('is wholly its own, and twice another', () => {
    const twice = openAdapted([{ dir: all, weight: 2 }], base);
    for (const { cosine, subspace } of compareAdapters(opened, twice)) {
      expect(cosine).toBeCloseTo(1, 6);
      expect(subspace).toBeCloseTo(1, 6);
    }
  });

  it('shares something, but not all, with another adapter', () => {
    const overlaps = [...compareAdapters(opened, openModel(qv, base))];
    expect(overlaps.length).toBeGreaterThan(1);
    for (const { subspace, cosine } of overlaps) {
      expect(subspace).toBeGreaterThan(0);
      expect(subspace).toBeLessThan(1);
      expect(Math.abs(cosine)).toBeLessThan(1);
    }
  });
});
