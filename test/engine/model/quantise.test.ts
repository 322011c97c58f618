/** Quantised weights: what the packed form means, and that the runtime reads it so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Generated, openGenerator } from '../../../src/engine/generate/generate';
import { GREEDY } from '../../../src/engine/generate/sampleToken';
import { weightsOf } from '../../../src/engine/generate/weightsOf';
import { GraphBuilder } from '../../../src/engine/graph/graph';
import { openModel } from '../../../src/engine/model/modelFolder';
import { type Bits, blockSize, dequantise, quantise } from '../../../src/engine/model/quantise';
import { quantisedLayers } from '../../../src/engine/model/quantisedModel';
import { openSession } from '../../../src/engine/session/session';
import { fillNormal, randomStream } from '../../../src/engine/tensor/random';
import { tensor } from '../../../src/engine/tensor/tensor';

const random = (n: number, seed: number) => {
  const data = new Float32Array(n);
  fillNormal(data, 1, randomStream(seed, 'data'));
  return data;
};

const relative = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((s, x, i) => s + (x - b[i]!) ** 2, 0) / b.reduce((s, x) => s + x * x, 0));

describe.each<[Bits, number]>([
  [4, 0.1],
  [8, 0.01],
])('%i bits', (bits, most) => {
  const shape = [48, 200] as const;
  const weights = random(48 * 200, 1);

  it('lose as much as they say', () => {
    const q = quantise(weights, shape, bits);
    expect(relative(dequantise(q, shape, bits), weights)).toBeCloseTo(q.error, 6);
    expect(q.error).toBeLessThan(most);
  });

  it('keep the value of a block that is farthest from zero', () => {
    const far = Float32Array.from({ length: 200 }, (_, i) => (i === 70 ? -3 : 0.01));
    const kept = dequantise(quantise(far, [1, 200], bits), [1, 200], bits);
    expect(kept[70]).toBe(-3);
  });

  it('are exact for zeros', () => {
    const q = quantise(new Float32Array(300), [1, 300], bits);
    expect(q.error).toBe(0);
    expect(dequantise(q, [1, 300], bits).every(w => w === 0)).toBe(true);
  });

  it('are the same for a matrix stored the other way', () => {
    const turned = Float32Array.from(
      weights,
      (_, i) => weights[(i % 48) * 200 + Math.floor(i / 48)]!,
    );
    expect(quantise(turned, shape, bits, 'in-out')).toEqual(quantise(weights, shape, bits));
  });

  it('are multiplied by the runtime as they are meant', async () => {
    const q = quantise(weights, shape, bits);
    const x = random(3 * 200, 2);
    const b = new GraphBuilder('product');
    const blocks = Math.ceil(200 / blockSize[bits]);
    const packed = tensor('uint8', [48, blocks, (blockSize[bits] * bits) / 8], q.packed);
    const scales = tensor('float32', [48 * blocks], q.scales);
    const inputs = [
      b.input('x', 'float32', [3, 200]),
      b.constant('packed', packed),
      b.constant('scales', scales),
    ];
    const attributes = {
      K: 200,
      N: 48,
      bits,
      block_size: blockSize[bits],
      accuracy_level: 4,
    } as const;
    const session = await openSession(b.build([b.one('MatMulNBits', inputs, attributes)]));
    const [made] = (await session.run(new Map([['x', tensor('float32', [3, 200], x)]]))).values();
    await session.dispose();
    const w = dequantise(q, shape, bits);
    const expected = Float32Array.from({ length: 3 * 48 }, (_, at) => {
      const [r, o] = [Math.floor(at / 48), at % 48];
      return w.subarray(o * 200, (o + 1) * 200).reduce((s, v, i) => s + v * x[r * 200 + i]!, 0);
    });
    // Activations are rounded to 8 bits per block: half a step of 1/127 of the largest, in each product.
    expect(relative(made!.data as Float32Array, expected)).toBeLessThan(0.01);
  });
});

describe('a quantised model', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'weightroom-quantised-'));
  const cacheDir = join(scratch, 'not', 'there', 'yet');
  afterAll(() => rmSync(scratch, { recursive: true }));

  it.each(['llama32-tiny', 'gpt2-tiny', 'qwen25-tiny'])(
    'of %s is made once, says its errors, and follows the whole one',
    async name => {
      const dir = new URL(`../../fixtures/hf/${name}/`, import.meta.url).pathname;
      const opened = openModel(dir);
      const made: string[] = [];
      const options = {
        bits: 8,
        cacheDir,
        onProgress: (layer: string) => made.push(layer),
      } as const;
      const { weights, errors } = await weightsOf(opened, options);
      const layers = quantisedLayers(opened.model).map(p => p.name);
      expect(made).toEqual(layers);
      expect([...errors.keys()]).toEqual(layers);
      expect(Math.max(...errors.values())).toBeLessThan(0.01);
      expect((await weightsOf(opened, options)).weights).toEqual(weights);
      expect(made).toEqual(layers);

      const probabilities = async (of: typeof weights) => {
        const generator = openGenerator(opened.model, of);
        const settings = { ...GREEDY, maxTokens: 1, seed: 1, alternatives: 5 };
        const { value } = await generator.generate([[5, 9, 11, 3]], settings).next();
        await generator.dispose();
        const { alternatives } = value as Generated;
        return new Map(alternatives.map(a => [a.id, a.probability]));
      };
      const [narrow, whole] = [
        await probabilities(weights),
        await probabilities((await weightsOf(opened)).weights),
      ];
      opened.close();
      for (const [id, p] of whole) expect(narrow.get(id) ?? 0).toBeCloseTo(p, 2);
    },
  );
});
