/** Several adapters on a column's model: on and off, weighed, taken away; what is written follows. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickedAdapter } from '../../../src/host/sandbox/describeModel';
import type { PickedModel } from '../../../src/protocol/sandboxView';
import { scratchFolder } from '../../durability/scratchFolder';
import { madeAdapter } from '../../webview/madeAdapter';
import { sandboxScene, type Scene } from './sandboxScene';

const scenes = sandboxScene();
const { late } = scenes.models;
const folder = scratchFolder();
const dirs = ['maths', 'style'].map((name, i) => madeAdapter(join(folder, name), late.dir, i + 1));
const [maths, style] = dirs as [string, string];
const adapted: PickedModel = {
  ...late,
  adapters: dirs.map((dir, i) =>
    pickedAdapter({ dir, title: dir, short: ['maths', 'style'][i]! }, { labelOf: path => path }),
  ),
};

const idOf = (scene: Scene) => scene.session.document.columns[0]!.id;
const use = (scene: Scene, adapter: string, to: { weight: number; isOn: boolean } | null) =>
  scene.ask('setAdapter', { column: idOf(scene), adapter, to });

async function write(scene: Scene): Promise<string> {
  await scene.sample({ greedy: true });
  await scene.ask('generate', { column: null });
  await scene.written();
  expect(scene.outcome().status.kind).toBe('ended');
  return scene
    .outcome()
    .tokens.map(({ id }) => id)
    .join();
}

describe('adapters of a column', () => {
  it('each change the text, and are nothing when they are off, at 0 or taken away', async () => {
    const scene = await scenes.start(late);
    const plain = await write(scene);
    await scene.session.show(adapted, 'instead');
    const both = await write(scene);
    await use(scene, style, { weight: 1, isOn: false });
    const first = await write(scene);
    await use(scene, maths, { weight: 0.3, isOn: true });
    const weak = await write(scene);
    expect(new Set([plain, both, first, weak]).size).toBe(4);
    await use(scene, maths, { weight: 0, isOn: true });
    expect(await write(scene)).toBe(plain);
    await use(scene, maths, { weight: 1, isOn: true });
    expect(await write(scene)).toBe(first);
    await use(scene, maths, null);
    expect(await write(scene)).toBe(plain);
    await use(scene, style, null);
    expect(scene.session.document.columns[0]!.model).toEqual(late);
  });

  it('are told with the text that they wrote, and there again after the window was closed', async () => {
    const scene = await scenes.start(adapted);
    await use(scene, style, { weight: 0.25, isOn: true });
    await write(scene);
    await use(scene, maths, { weight: 1, isOn: false });
    expect(scene.outcome().model.adapters.map(({ isOn }) => isOn)).toEqual([true, true]);
    scene.session.dispose();
    const { columns } = scene.reopened().document;
    expect(columns[0]!.model!.adapters.map(({ weight, isOn }) => [weight, isOn])).toEqual([
      [1, false],
      [0.25, true],
    ]);
  });

  it('that do not fit fail in their column, and say which', async () => {
    const other = join(import.meta.dirname, '../../fixtures/hf/gpt2-tiny/lora_qv_trained');
    const wrong = { ...adapted.adapters[0]!, dir: other, name: 'wrong' };
    const scene = await scenes.start({ ...adapted, adapters: [...adapted.adapters, wrong] });
    await scene.sample({ greedy: true });
    await scene.ask('generate', { column: null });
    await scene.written();
    const { status } = scene.outcome();
    if (status.kind !== 'failed') throw new Error(status.kind);
    expect(status.problem.code).toMatch(/^(model|adapter)\./);
    expect(status.problem.message).toContain(other);
    await use(scene, other, null);
    await write(scene);
  });
});
