/** Weights in the form that generates best: read in place, or widened, always to the same tokens. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { SessionsByShape } from '../../../src/engine/generate/decoding';
import { openGenerator } from '../../../src/engine/generate/generate';
import { GREEDY } from '../../../src/engine/generate/sampleToken';
import { weightsOf, type WeightsOptions } from '../../../src/engine/generate/weightsOf';
import { memoryOf } from '../../../src/engineProcess/modelMemory';
import { hfConfigOf } from '../../../src/engine/model/hfConfig';
import type { LlamaShape } from '../../../src/engine/model/llama';
import { openModel } from '../../../src/engine/model/modelFolder';
import { baseParameters, logitsProgram } from '../../../src/engine/model/programs';
import type { BatchShape } from '../../../src/engine/model/startProgram';
import { asFloat32 } from '../../../src/engine/tensor/asFloat32';
import { narrowFloats } from '../../../src/engine/tensor/narrowFloats';
import { fillNormal, randomStream } from '../../../src/engine/tensor/random';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';

/** The vocabulary is so large that the head is widened in two parts, one a row shorter. */
const shape: LlamaShape = {
  family: 'qwen2',
  vocab_size: 66_001,
  block_size: 64,
  n_layer: 2,
  n_head: 4,
  n_kv_head: 2,
  head_size: 16,
  n_embed: 64,
  n_inner: 96,
  norm_epsilon: 1e-5,
  rope_base: 10_000,
  rope_scaling: { kind: 'none' },
  tied: false,
  qkv_bias: true,
  output_bias: false,
  mlp_bias: false,
  dropout: 0,
};

const folder = mkdtempSync(join(tmpdir(), 'weightroom-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Narrow = 'float16' | 'bfloat16';
/** The same numbers as `name` and, widened, as `name`-wide. */
function writeModels(dtype: Narrow): void {
  const [narrow, wide] = [new Map<string, Tensor>(), new Map<string, Tensor>()];
  for (const [i, spec] of baseParameters({ base: shape }).entries()) {
    const values = new Float32Array(sizeOf(spec.shape));
    fillNormal(values, 0.2, randomStream(i, 'weights'));
    const rounded = tensor(dtype, spec.shape, narrowFloats(values, dtype));
    narrow.set(spec.name, rounded);
    wide.set(spec.name, asFloat32(rounded)!);
  }
  for (const [name, weights] of [
    [dtype, narrow],
    [`${dtype}-wide`, wide],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'config.json'), JSON.stringify(hfConfigOf(shape)));
    writeSafetensors(disk, join(folder, name, 'model.safetensors'), weights);
  }
}
beforeAll(() => {
  writeModels('float16');
  writeModels('bfloat16');
});

async function opened<T>(
  name: string,
  options: WeightsOptions,
  use: (model: ReturnType<typeof openModel>, weights: Awaited<ReturnType<typeof weightsOf>>['weights']) => Promise<T> | T, // prettier-ignore
): Promise<T> {
  const model = openModel(join(folder, name));
  try {
    return await use(model, (await weightsOf(model, options)).weights);
  } finally {
    model.close();
  }
}

/** Tokens after prompts of two lengths, so that programs of one and of many columns run. */
const written = (name: string, options: WeightsOptions = {}) =>
  opened(name, options, async ({ model }, weights) => {
    const generator = openGenerator(model, weights);
    const told: { token: number; probability: number }[] = [];
    const prompts = [
      [5, 6000, 66_000, 12, 40_000],
      [7, 8],
    ];
    const settings = { ...GREEDY, maxTokens: 6, seed: 1 };
    for await (const { token, probability } of generator.generate(prompts, settings))
      told.push({ token, probability });
    await generator.dispose();
    return told;
  });

const places = (name: string, options: WeightsOptions = {}) =>
  opened(name, options, (_, weights) => ({
    matrix: 'file' in weights.get('lm_head.weight')!,
    vector: 'file' in weights.get('model.norm.weight')!,
  }));

describe.each<Narrow>(['float16', 'bfloat16'])('a model in %s', dtype => {
  it.each([
    ['with room for it in float32', 1e9],
    ['without', 0],
  ])('writes what it writes in float32, %s', async (_, room) => {
    const [found, wanted] = [await written(dtype, { room }), await written(`${dtype}-wide`)];
    expect(found.map(({ token }) => token)).toEqual(wanted.map(({ token }) => token));
    for (const [i, { probability }] of found.entries())
      expect(Math.abs(probability / wanted[i]!.probability - 1)).toBeLessThan(1e-5);
  });

  it('is read in place without room; its vectors never are', async () => {
    expect(await places(dtype, { room: 0 })).toEqual({ matrix: true, vector: false });
    expect(await places(dtype, { room: 1e9 })).toEqual({
      matrix: dtype === 'float16',
      vector: false,
    });
    expect(await places(dtype, { room: 0, device: 'webgpu' })).toEqual({
      matrix: false,
      vector: false,
    });
  });
});

it('is counted as it is held before it is opened', () => {
  const bytes = (name: string) =>
    memoryOf({ dir: join(folder, name), backend: 'kv', device: 'cpu' });
  const none = 48e6; // of programs and caches
  const [half, wide] = [bytes('float16') - none, bytes('float16-wide') - none];
  expect(wide / half).toBeCloseTo(2.5, 2);
  expect(bytes('bfloat16') - none).toBeCloseTo(wide, 0); // widened: there is room for so little
});

/** Sessions for prompts of these batch sizes in turn, each with its first token's logits. */
const opening = (bits: WeightsOptions['bits'], batches: readonly number[]) =>
  opened('float16-wide', { bits, cacheDir: join(folder, 'kept') }, async ({ model }, weights) => {
    let programs = 0;
    const sessions = new SessionsByShape<BatchShape>(weights, {}, (shape, stored) => {
      programs++;
      return logitsProgram(model, shape, 'chosen', { padded: false, stored });
    });
    const run = async (batch: number) => {
      const ids = BigInt64Array.from({ length: batch * 16 }, (_, i) => BigInt(i % 16));
      const rows = BigInt64Array.from({ length: batch }, (_, row) => BigInt(16 * row + 15));
      const outputs = await sessions.run({ batch, time: 16 }, [
        ['ids', tensor('int64', [batch, 16], ids)],
        ['rows', tensor('int64', [batch], rows)],
      ]);
      return outputs.get('logits')!.data.slice(0, 5);
    };
    const inTurn = [];
    for (const batch of batches) inTurn.push(await run(batch));
    const opened = programs;
    const atOnce = await Promise.all(batches.map(run));
    await sessions.dispose();
    return { opened, inTurn, atOnce };
  });

describe('sessions for several shapes', () => {
  const batches = [1, 2, 3, 1, 3];
  it('are all kept when they read the weights in place', async () => {
    const { opened, inTurn, atOnce } = await opening(undefined, batches);
    expect(opened).toBe(3);
    expect(atOnce).toEqual(inTurn);
  });

  it('are two when each holds a copy of the weights, and never closed while they run', async () => {
    const { opened, inTurn, atOnce } = await opening(4, batches);
    expect(opened).toBe(4);
    expect(atOnce).toEqual(inTurn);
    expect(new Set(inTurn.map(String)).size).toBe(1);
  });
});
