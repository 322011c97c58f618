/** Layers that make keys and values together, as GPT-2's: the same exactness, and one z for both. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { ensureFolders, writeTextDurably } from '../../../src/engine/files/writeDurably';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { adapterConfigText, readModelFolder } from '../../../src/engine/model/modelFolder';
import { adapterParameters } from '../../../src/engine/model/modelShape';
import { fillNormal, randomStream } from '../../../src/engine/tensor/random';
import { zeros } from '../../../src/engine/tensor/tensor';
import { scratchFolder } from '../../durability/scratchFolder';
import { resultOf, run, studyOf } from './studies';

const model = new URL('../../fixtures/hf/gpt2-tiny', import.meta.url).pathname;

/** An adapter of random numbers on the fused layer. */
function writeAdapter(dir: string): string {
  const lora = { r: 4, alpha: 8, targets: ['c_attn'] };
  const { base } = readModelFolder(model).model;
  const weights = adapterParameters({ base, lora }).map(({ name, shape }, i) => {
    const parameter = zeros(shape);
    fillNormal(parameter.data, 0.1, randomStream(5, 'weights', i));
    return [name, parameter] as const;
  });
  ensureFolders(disk, dir);
  writeTextDurably(disk, join(dir, 'adapter_config.json'), adapterConfigText(lora, model));
  writeSafetensors(disk, join(dir, 'adapter_model.safetensors'), new Map(weights));
  return dir;
}

it('K is kept for nothing where V is, and layer 0 is exact in both', async () => {
  const ran = await run(
    studyOf('mha', {
      ...{ model, adapters: [writeAdapter(join(scratchFolder(), 'fused'))], tokens: 4 },
      ...{ prefix_ids: [5, 9, 11, 40, 2, 17, 3, 8], continuation: [7, 1, 4] },
    }),
  );
  const [v, kv] = (['lowrank-v', 'lowrank-kv'] as const).map(s => resultOf(ran, 'fused', s));
  expect(kv!.bytes).toBe(v!.bytes);
  expect(kv!.layers[0]!.k_rel_l2).toBeLessThan(1e-6);
  expect(kv!.layers[0]!.v_rel_l2).toBeLessThan(1e-6);
  expect(v!.layers[0]!.k_rel_l2).toBeGreaterThan(1e-3);
  expect(kv!.layers[1]!.v_rel_l2).toBeGreaterThan(1e-6);
});
