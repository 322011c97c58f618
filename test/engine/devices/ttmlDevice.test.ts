/**
 * The bridge to ttml, with a stand-in for it: ttml's own modules get the weights as it lays them out,
 * and what they give is compared module by module. No chip has run this.
 */
import { describe, expect, it } from 'vitest';
import { compareDevices } from '../../../src/engine/devices/compareDevices';
import type { LabDevice } from '../../../src/engine/devices/device';
import { runtimeDevice } from '../../../src/engine/devices/runtimeDevice';
import { tenstorrentDevice } from '../../../src/engine/devices/tenstorrentDevice';
import { ttmlDevice } from '../../../src/engine/devices/ttmlDevice';
import { ttmlModelOf } from '../../../src/engine/devices/ttmlModel';
import type { LlamaShape } from '../../../src/engine/model/llama';
import { readModelFolder } from '../../../src/engine/model/modelFolder';
import { baseParameters } from '../../../src/engine/model/programs';
import { fillNormal, randomStream } from '../../../src/engine/tensor/random';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { hasTorch, ttmlPython } from './ttmlStandIn';

const ids = (...tokens: number[]) =>
  tensor('int64', [1, tokens.length], BigInt64Array.from(tokens, BigInt));
const PROMPT = ids(3, 17, 42, 5, 61, 8, 2, 30);
const TARGETS = ids(17, 42, 5, 61, 8, 2, 30, -1);

const golden = (name: string) => {
  const { model, weights } = readModelFolder(`test/fixtures/hf/${name}`);
  return { model, weights };
};

/** As Qwen2 has them: biases of queries, keys and values, none of what goes out. */
function withBiases() {
  const { base } = golden('llama32-tiny').model;
  const shape: LlamaShape = { ...(base as LlamaShape), family: 'qwen2', qkv_bias: true };
  const weights = new Map(
    baseParameters({ base: shape }).map(({ name, shape: of }, i): [string, Tensor] => {
      const data = new Float32Array(sizeOf(of));
      fillNormal(data, 0.2, randomStream(i, 'weights'));
      return [name, tensor('float32', of, name.endsWith('norm.weight') ? data.fill(1) : data)];
    }),
  );
  return { model: { base: shape }, weights };
}

const compare = (
  left: LabDevice,
  right: LabDevice,
  of: ReturnType<typeof golden> | ReturnType<typeof withBiases>,
  options: Partial<Parameters<typeof compareDevices>[2]> = {},
) =>
  compareDevices(left, right, {
    ...of,
    ids: PROMPT,
    targets: TARGETS,
    threshold: 0.99,
    ...options,
  });

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was not refused'),
    (error: { problem: { code: string; message: string } }) => error.problem,
  );

describe.skipIf(!hasTorch)('ttml through the bridge', () => {
  it.each([
    ['gpt2-tiny', []],
    ['llama2-tiny', []],
    ['llama32-tiny', []],
    ['llama32-tiny', ['fused']],
  ])('computes values and gradients of %s as the processor does (%j)', async (name, switches) => {
    const ttml = ttmlDevice({ python: ttmlPython(...switches) });
    const found = await compare(runtimeDevice('cpu'), ttml, golden(name));
    expect(found.layers.map(({ layer, ok }) => [layer, ok])).toEqual([
      ['embedding', true],
      ['0', true],
      ['1', true],
      ['logits', true],
    ]);
    expect(found.gradients!.length).toBeGreaterThan(10);
    expect(found.gradients!.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.layerGradients!.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.ok).toBe(true);
    // of 8 positions; two logits of llama2-tiny are closer than bfloat16 tells apart
    expect(found.topAgreement).toBeGreaterThanOrEqual(7 / 8);
  });

  it('agrees closer with the layout executed here than with float32', async () => {
    const ttml = ttmlDevice({ python: ttmlPython() });
    const of = golden('llama32-tiny');
    const [layout, wide] = [
      await compare(tenstorrentDevice(), ttml, of),
      await compare(runtimeDevice('cpu'), ttml, of),
    ];
    expect(1 - layout.logits.pcc).toBeLessThan(1 - wide.logits.pcc);
    expect(layout.logits.pcc).toBeGreaterThan(0.9999);
  });

  it('has zeros where its model has a bias that this one has not', async () => {
    const ttml = ttmlDevice({ python: ttmlPython() });
    const found = await compare(runtimeDevice('cpu'), ttml, withBiases());
    expect(found.layers.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('gives weights back as bfloat16 has them, out of fused and turned tensors', async () => {
    const { model, weights } = golden('llama32-tiny');
    const loaded = await ttmlDevice({ python: ttmlPython() }).load(model, weights);
    const layout = await tenstorrentDevice().load(model, weights);
    for (const part of [
      'self_attn.k_proj',
      'self_attn.q_proj',
      'self_attn.v_proj',
      'mlp.down_proj',
    ]) {
      const name = `model.layers.1.${part}.weight`;
      const [found, wanted] = [await loaded.readBack(name), await layout.readBack(name)];
      expect(found.shape).toEqual(weights.get(name)!.shape);
      const bits = Uint32Array.from(new Uint32Array(new Float32Array(found.data as Float32Array).buffer), x => x >>> 16); // prettier-ignore
      expect([...bits]).toEqual([...(wanted.data as Uint16Array)]);
    }
    await loaded.close();
  });

  it('follows decoding, a step at a time', async () => {
    const ttml = ttmlDevice({ python: ttmlPython() });
    const cpu = runtimeDevice('cpu');
    const [found, wanted] = [
      await compare(ttml, cpu, golden('llama32-tiny'), { steps: 2, targets: undefined }),
      await compare(cpu, cpu, golden('llama32-tiny'), { steps: 2, targets: undefined }),
    ];
    expect(found.decoded).toEqual(wanted.decoded);
    expect(found.ok).toBe(true);
  });

  it('is blamed for the module whose result is the first to differ', async () => {
    const ttml = ttmlDevice({ python: ttmlPython('unscaled') });
    const found = await compare(runtimeDevice('cpu'), ttml, golden('llama32-tiny'), {
      threshold: 0.9999,
      targets: undefined,
    });
    expect(found.ok).toBe(false);
    expect(found.firstBad).toMatchObject({
      layer: '0',
      op: 'Gemm',
      parameter: 'model.layers.0.self_attn.o_proj.weight',
      because: 'operator',
    });
    const told = found.operators.map(({ parameter }) =>
      parameter?.split('.').slice(3, -1).join('.'),
    );
    expect(told).toEqual(
      expect.arrayContaining(['input_layernorm', 'self_attn.q_proj', 'self_attn.v_proj']),
    );
  });

  it('refuses a version without Python modules, saying what the program said', async () => {
    const { model, weights } = golden('llama32-tiny');
    const problem = await refusalOf(
      ttmlDevice({ python: ttmlPython('no-modules') }).load(model, weights),
    );
    expect(problem.code).toBe('python.failed');
    expect(problem.message).toContain('has no ttml.models.llama.Llama');
  });
});

describe('what ttml cannot hold', () => {
  const { base } = golden('llama32-tiny').model;
  const refuse = (changes: Partial<LlamaShape>) => () =>
    ttmlModelOf({ ...(base as LlamaShape), ...changes });
  it.each<[string, Partial<LlamaShape>, RegExp]>([
    ['a width that fills no tile', { n_embed: 48, head_size: 12 }, /48 is not a multiple of 32/],
    ['another scaling', { rope_scaling: { kind: 'linear', factor: 2 } }, /scaled "linear"/],
    ['heads of another width', { head_size: 32 }, /4 heads of 32 are not 64 wide/],
    ['gates with biases', { mlp_bias: true }, /gates have biases/],
  ])('is refused by name: %s', (_, changes, message) => {
    expect(refuse(changes)).toThrow(message);
  });

  it('is the SLM', () => {
    const slm = readModelFolder('test/fixtures/slm');
    expect(() => ttmlModelOf(slm.model.base)).toThrow(/no module for the SLM/);
  });

  it.skipIf(!hasTorch)('is anything where ttml is not installed', async () => {
    const { model, weights } = golden('llama32-tiny');
    const problem = await refusalOf(
      ttmlDevice({ python: '/usr/bin/python3' }).load(model, weights),
    );
    expect(problem.code).toBe('device.no-ttml');
    expect(problem.message).toMatch(/No module named 'ttml'.*--device tenstorrent/);
  });
});
