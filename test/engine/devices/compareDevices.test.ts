/** Golden models on several devices: they agree, and a planted fault is found where it is. */
import { describe, expect, it } from 'vitest';
import { compareDevices } from '../../../src/engine/devices/compareDevices';
import type { LabDevice } from '../../../src/engine/devices/device';
import { toDevice } from '../../../src/engine/devices/layout';
import { runtimeDevice } from '../../../src/engine/devices/runtimeDevice';
import { tenstorrentDevice } from '../../../src/engine/devices/tenstorrentDevice';
import { torchDevice } from '../../../src/engine/devices/torchDevice';
import { applyStep } from '../../../src/engine/devices/transform';
import { ttmlLayout } from '../../../src/engine/devices/ttmlLayout';
import { readModelFolder } from '../../../src/engine/model/modelFolder';
import { baseParameters } from '../../../src/engine/model/programs';
import { type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { hasWebGpu } from '../../softwareGpu';
import { hasTorch, PYTHON } from './ttmlStandIn';

const ids = (...tokens: number[]) =>
  tensor('int64', [1, tokens.length], BigInt64Array.from(tokens, BigInt));
const PROMPT = ids(3, 17, 42, 5, 61, 8, 2, 30);
const TARGETS = ids(17, 42, 5, 61, 8, 2, 30, -1);

const opened = (name: string) => {
  const folder = name === 'slm' ? 'test/fixtures/slm' : `test/fixtures/hf/${name}`;
  const { model, weights } = readModelFolder(folder);
  return { model, weights };
};
const compare = (
  right: LabDevice,
  name: string,
  options: Partial<Parameters<typeof compareDevices>[2]> = {},
) =>
  compareDevices(runtimeDevice('cpu'), right, {
    ...opened(name),
    ...{ ids: PROMPT, threshold: 0.9999, ...options },
  });

const negated = (t: Tensor): Tensor => ({ ...t, data: (t.data as Float32Array).map(x => -x) });

const models = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'];

describe.skipIf(!hasTorch)('PyTorch', () => {
  it.each(['gpt2-tiny', 'llama32-tiny', 'qwen25-tiny', 'slm'])(
    'computes values and gradients of %s as the processor does',
    async name => {
      const found = await compare(torchDevice('torch', { python: PYTHON }), name, {
        targets: TARGETS,
        threshold: 1 - 1e-9,
      });
      expect(found.layers.filter(({ ok }) => !ok)).toEqual([]);
      expect(found.gradients!.length).toBeGreaterThan(10);
      expect(found.gradients!.filter(({ ok }) => !ok)).toEqual([]);
      expect(found.layerGradients!.map(({ layer }) => layer)).toEqual(
        found.layers.slice(0, -1).map(({ layer }) => layer).reverse(), // prettier-ignore
      );
      expect(found.layerGradients!.filter(({ ok }) => !ok)).toEqual([]);
      expect(found).toMatchObject({ ok: true, topAgreement: 1 });
      expect(found.logits.largest).toBeLessThan(1e-4);
    },
  );

  it('gives weights back as they were', async () => {
    const { model, weights } = opened('llama32-tiny');
    const loaded = await torchDevice('torch', { python: PYTHON }).load(model, weights);
    const name = 'model.layers.1.mlp.up_proj.weight';
    expect((await loaded.readBack(name)).data).toEqual(weights.get(name)!.data);
    await loaded.close();
  });
});

describe.skipIf(!hasWebGpu)('a GPU', () => {
  it.each(['gpt2-tiny', 'llama32-tiny'])('computes %s as the processor does', async name => {
    const found = await compare(runtimeDevice('webgpu'), name, { targets: TARGETS });
    expect(found).toMatchObject({ ok: true, topAgreement: 1 });
    expect(found.gradients!.every(({ ok }) => ok)).toBe(true);
    expect(found.layerGradients!.length).toBe(found.layers.length - 1);
    expect(found.layerGradients!.every(({ ok }) => ok)).toBe(true);
  });

  it('gives weights back as they were', async () => {
    const { model, weights } = opened('llama32-tiny');
    const loaded = await runtimeDevice('webgpu').load(model, weights);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    expect((await loaded.readBack(name)).data).toEqual(weights.get(name)!.data);
  });
});

describe("Tenstorrent's layout", () => {
  it.each(models)('computes %s from its own tensors, up to bfloat16', async name => {
    const found = await compare(tenstorrentDevice(), name, { threshold: 0.999 });
    expect(found.layers.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.ok).toBe(true);
    expect(found.logits.largest).toBeGreaterThan(0); // it is rounded
  });

  it('follows decoding, a step at a time', async () => {
    const found = await compare(tenstorrentDevice(), 'llama32-tiny', { steps: 4, threshold: 0.99 });
    expect(found.decoded).toHaveLength(4);
    for (const { pccByPosition } of found.layers) {
      expect(pccByPosition).toHaveLength(PROMPT.data.length + 4);
      expect(Math.min(...pccByPosition)).toBeGreaterThan(0.99);
    }
  });

  /** The device's tensors with one of them changed. */
  function faulty(name: string, change: (held: Map<string, Tensor>, read: Read) => void) {
    const { model, weights } = opened(name);
    const read = (parameter: string) => weights.get(parameter)!;
    const layout = ttmlLayout(model.base);
    const held = new Map([...layout.tensors].map(([n, t]) => [n, toDevice(t, read)]));
    change(held, read);
    return tenstorrentDevice({ held });
  }
  type Read = (parameter: string) => Tensor;
  const block = 'llama/llama_block_1';

  const faults: [name: string, parameter: string, change: Parameters<typeof faulty>[1]][] = [
    [
      'queries that were not permuted',
      'model.layers.1.self_attn.q_proj.weight',
      (held, read) => {
        const name = `${block}/attention/q_linear/weight`;
        const cast = applyStep(read('model.layers.1.self_attn.q_proj.weight'), {
          kind: 'cast',
          to: 'bfloat16',
        });
        held.set(name, { ...cast, shape: held.get(name)!.shape });
      },
    ],
    [
      'keys and values in each other’s place',
      'model.layers.1.self_attn.k_proj.weight',
      held => {
        const name = `${block}/attention/kv_linear/weight`;
        const { data, ...rest } = held.get(name)!;
        const half = data.length / 2;
        const swapped = new Uint16Array(data.length);
        swapped.set(data.subarray(half) as Uint16Array, 0);
        swapped.set(data.subarray(0, half) as Uint16Array, half);
        held.set(name, { ...rest, data: swapped });
      },
    ],
    [
      'a transposed square matrix',
      'model.layers.1.self_attn.o_proj.weight',
      held => {
        const name = `${block}/attention/out_linear/weight`;
        const { shape, ...rest } = held.get(name)!;
        const matrix = applyStep({ ...rest, shape: shape.slice(-2) }, { kind: 'transpose' });
        held.set(name, { ...matrix, shape });
      },
    ],
    [
      'an embedding shifted by a row',
      'model.embed_tokens.weight',
      held => {
        const name = 'llama/fc/weight';
        const { data, ...rest } = held.get(name)!;
        const width = rest.shape[3]!;
        const shifted = new Uint16Array(data.length);
        shifted.set(data.subarray(0, data.length - width) as Uint16Array, width);
        held.set(name, { ...rest, data: shifted });
      },
    ],
    [
      'a norm that is a quarter too large',
      'model.layers.1.post_attention_layernorm.weight',
      held => {
        const name = `${block}/mlp_norm/gamma`;
        const { data, ...rest } = held.get(name)!;
        // the exponent's lowest bit doubles a number
        held.set(name, { ...rest, data: (data as Uint16Array).map(x => x + 0x80) });
      },
    ],
  ];
  it.each(faults)('is found out with %s', async (_name, parameter, change) => {
    const found = await compare(faulty('llama32-tiny', change), 'llama32-tiny', {
      threshold: 0.999,
    });
    expect(found.ok).toBe(false);
    expect(found.firstBad).toMatchObject({ parameter, because: 'weights' });
  });

  it('has other gradients where its weights are in each other’s place', async () => {
    const [, , swap] = faults.find(([name]) => name.startsWith('keys and values'))!;
    const options = { targets: TARGETS, threshold: 0.99 };
    const found = await compare(faulty('llama32-tiny', swap), 'llama32-tiny', options);
    const wrong = found.gradients!.filter(({ ok }) => !ok).map(g => g.parameter);
    expect(wrong).toContain('model.layers.1.self_attn.k_proj.weight');
    expect(wrong).toContain('model.layers.1.self_attn.v_proj.weight');
  });

  it('refuses targets beyond the vocabulary', async () => {
    const { model, weights } = opened('llama32-tiny');
    const loaded = await tenstorrentDevice().load(model, weights);
    const targets = tensor('int64', [1, 2], BigInt64Array.of(1n, 1_000_000n));
    await expect(loaded.gradients({ ids: ids(1, 2), targets })).rejects.toMatchObject({
      problem: { code: 'trace.token' },
    });
  });

  it.each(models)('computes gradients of %s in its own form, up to bfloat16', async name => {
    const found = await compare(tenstorrentDevice(), name, { targets: TARGETS, threshold: 0.99 });
    const { model } = opened(name);
    expect(found.gradients!.map(g => g.parameter)).toEqual(baseParameters(model).map(p => p.name));
    expect(found.gradients!.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.layerGradients!.filter(({ ok }) => !ok)).toEqual([]);
  });
});

describe('a device that is right on the way there and wrong on the way back', () => {
  const parameter = 'model.layers.1.mlp.down_proj.weight';

  it('is found out: the layer and the operator from which gradients differ', async () => {
    const { model, weights } = opened('llama32-tiny');
    const cpu = runtimeDevice('cpu');
    const { layers } = await compare(cpu, 'llama32-tiny');
    const product = 'layers.1.Gemm_6';
    const after = [product, layers.find(({ layer }) => layer === '1')!.value];
    const wrong: LabDevice = {
      ...cpu,
      async load() {
        const right = await cpu.load(model, weights);
        const other = new Map(weights).set(parameter, negated(weights.get(parameter)!));
        const left = await cpu.load(model, other);
        return {
          ...right,
          gradients: async request => {
            const [fine, bad] = [await right.gradients(request), await left.gradients(request)];
            return new Map([...bad].map(([n, t]) => [n, after.includes(n) ? fine.get(n)! : t]));
          },
        };
      },
    };
    const found = await compare(wrong, 'llama32-tiny', { targets: TARGETS });
    expect(found.layers.every(({ ok }) => ok)).toBe(true);
    expect(found.ok).toBe(false);
    expect(found.layerGradients!.map(({ layer, ok }) => [layer, ok])).toEqual([
      ['1', true],
      ['0', false],
      ['embedding', false],
    ]);
    expect(found.firstBadGradient).toMatchObject({ layer: '1', op: 'Gemm', parameter });
  });
});
