/** Keys and values on a GPU are those of the cache, whatever happened to it; only new ones are sent. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeviceCache } from '../../../src/engine/generate/deviceCache';
import { type Generator, openGenerator } from '../../../src/engine/generate/generate';
import { KeyValueCache } from '../../../src/engine/generate/keyValueCache';
import { GraphBuilder } from '../../../src/engine/graph/graph';
import { cacheShape } from '../../../src/engine/model/families';
import { openModel } from '../../../src/engine/model/modelFolder';
import { HeldTensors } from '../../../src/engine/session/heldTensors';
import { openSession } from '../../../src/engine/session/session';
import { fillNormal, randomStream } from '../../../src/engine/tensor/random';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { hasWebGpu } from '../../softwareGpu';

const opened = openModel('test/fixtures/hf/llama32-tiny');
const { base } = opened.model;
const { heads, size } = cacheShape(base);

let drawn = 0;
function fresh(batch: number, time: number): Float32Array {
  const numbers = new Float32Array(2 * base.n_layer * batch * heads * time * size);
  fillNormal(numbers, 1, randomStream(drawn++, 'weights'));
  return numbers;
}

/** Every number that the device holds, as the cache has it. */
async function readAll(held: HeldTensors, wanted: ReadonlyMap<string, Tensor>) {
  for (const [name, { shape, data }] of wanted) {
    const b = new GraphBuilder('read');
    const out = b.add(b.input(name, 'float32', shape), b.scalar(-0));
    const session = await openSession(b.build([out]), { device: 'webgpu' });
    const results = await session.run(new Map(), held);
    expect(results.get(out.name)!.data).toEqual(data);
    await session.dispose();
  }
}

const sent = vi.spyOn(HeldTensors, 'on');
afterEach(() => sent.mockClear());

describe.skipIf(!hasWebGpu)('on a GPU', () => {
  it('a column more is all that goes there', async () => {
    const cache = new KeyValueCache(base, 2);
    const there = new DeviceCache(base, 'webgpu');
    const step = async (time: number, counts: number[]) => {
      await there.heldOf(cache);
      const numbers = fresh(2, time);
      cache.append(numbers, time, counts);
      if (time === 1) await there.follow(cache, numbers, counts);
      await readAll(await there.heldOf(cache), cache.tensors());
    };
    await step(5, [5, 3]);
    sent.mockClear();
    await step(1, [1, 1]);
    await step(1, [0, 1]);
    await step(1, [1, 0]);
    expect(sent).not.toHaveBeenCalled();
    cache.crop(2);
    await step(1, [1, 1]);
    expect(sent).toHaveBeenCalledOnce();
    await there.dispose();
  });

  it('another cache takes its place', async () => {
    const there = new DeviceCache(base, 'webgpu');
    for (const batch of [2, 1, 2]) {
      const cache = new KeyValueCache(base, batch);
      const counts = Array.from({ length: batch }, () => 1);
      for (let n = 0; n < 2; n++) {
        await there.heldOf(cache);
        const numbers = fresh(batch, 1);
        cache.append(numbers, 1, counts);
        await there.follow(cache, numbers, counts);
      }
      await readAll(await there.heldOf(cache), cache.tensors());
    }
    expect(sent).toHaveBeenCalledTimes(3);
    await there.dispose();
  });

  const write = async (generator: Generator, prompts: number[][], maxTokens: number) => {
    const ids = prompts.map((): number[] => []);
    const settings = { temperature: 0, topK: 0, topP: 1, seed: 1, maxTokens };
    const isOver = (sequence: number) => sequence === 1 && ids[1]!.length >= 4;
    for await (const made of generator.generate(prompts, { ...settings, isOver }))
      ids[made.sequence]!.push(made.token);
    return ids;
  };

  it('texts are those of the processor: some end early, some outgrow the cache, two at once', async () => {
    const [here, gpu] = (['cpu', 'webgpu'] as const).map(device =>
      openGenerator(opened.model, opened.stored, { device }),
    ) as [Generator, Generator];
    const prompts = [[3, 17, 42], [5], [8, 2, 9, 4, 7]];
    const wanted = await write(here, prompts, 70);
    expect(await write(gpu, prompts, 70)).toEqual(wanted);
    const [one, other] = [[[11, 3]], [[30, 12, 8]]];
    expect(await Promise.all([write(gpu, one, 12), write(gpu, other, 12)])).toEqual([
      await write(here, one, 12),
      await write(here, other, 12),
    ]);
    await here.dispose();
    await gpu.dispose();
  });
});
