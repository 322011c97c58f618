/** What can be said of a model before it is opened, and where models are found. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isModelFolder, pickedAdapter, pickedModel } from '../../../src/host/sandbox/describeModel';
import {
  cachedModels,
  checkpointsOf,
  modelsIn,
  placeOf,
} from '../../../src/host/sandbox/modelPlaces';
import { shortName, wholeName } from '../../../src/protocol/pickedModel';
import { emptyRunState } from '../../../src/protocol/runState';
import { scratchFolder } from '../../durability/scratchFolder';

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/hf', name);
const folder = scratchFolder();
const plain = (words: string) => words.replaceAll('\u2009', ' ');
const placed = (dir: string, title: string) => ({ dir, title, short: title });
const labelOf = (path: string) => path;

describe('a picked model', () => {
  it('is named by family, size and place', () => {
    const model = pickedModel(placed(fixture('gpt2-tiny'), 'gpt2-tiny'), { labelOf });
    expect(plain(model.name)).toBe('GPT-2 30.8 k · gpt2-tiny');
    expect(model).toMatchObject({ adapters: [], short: 'gpt2-tiny' });
    expect(model.contextLength).toBeGreaterThan(0);
  });

  it('says which of its adapters act, and how strongly', () => {
    const { dir } = placed(join(fixture('gpt2-tiny'), 'lora_qv_trained'), 'lora');
    const one = pickedAdapter(placed(dir, 'lora'), { labelOf });
    expect(one).toMatchObject({ dir, path: dir, weight: 1, isOn: true });
    expect(one.detail).toMatch(/^r \d+, α \d+$/);
    const base = pickedModel(placed(fixture('gpt2-tiny'), 'base'), { labelOf });
    const others = [
      { ...one, dir: '/style', name: 'style', weight: 0.5 },
      { ...one, dir: '/off', name: 'off', isOn: false },
      { ...one, dir: '/nothing', name: 'nothing', weight: 0 },
    ];
    const model = { ...base, adapters: [one, ...others] };
    expect(plain(wholeName(model))).toBe('GPT-2 30.8 k · base + lora + style × 0.5');
    expect(shortName(model)).toBe('lora + style × 0.5');
    expect(shortName({ ...base, adapters: others.slice(1) })).toBe('base');
  });

  it('is an adapter that says which model it is of', () => {
    const dir = join(folder, 'adapter');
    cpSync(join(fixture('gpt2-tiny'), 'lora_qv_trained'), dir, { recursive: true });
    const config = { r: 4, lora_alpha: 8, base_model_name_or_path: fixture('gpt2-tiny') };
    writeFileSync(join(dir, 'adapter_config.json'), JSON.stringify(config));
    const model = pickedModel(placed(dir, 'mine'), { labelOf });
    expect(plain(model.name)).toBe('GPT-2 30.8 k · gpt2-tiny');
    expect(model).toMatchObject({ dir: fixture('gpt2-tiny'), short: 'gpt2-tiny' });
    expect(model.adapters).toEqual([
      { dir, name: 'mine', path: dir, detail: 'r 4, α 8', weight: 1, isOn: true },
    ]);
  });

  it('is an adapter alone when its base is not where it says', () => {
    const dir = join(folder, 'astray');
    mkdirSync(dir);
    const config = { r: 4, lora_alpha: 8, base_model_name_or_path: 'of/somebody' };
    writeFileSync(join(dir, 'adapter_config.json'), JSON.stringify(config));
    expect(pickedModel(placed(dir, 'mine'), { labelOf })).toMatchObject({
      ...{ dir, adapters: [], name: 'somebody + mine', short: 'mine' },
    });
  });

  it('is named after its folder when nothing can be read', () => {
    const dir = join(folder, 'broken');
    mkdirSync(dir);
    writeFileSync(join(dir, 'config.json'), '{');
    const model = pickedModel(placed(dir, 'broken one'), { labelOf });
    expect(model).toMatchObject({ name: 'broken · broken one', contextLength: 0 });
  });
});

describe('a model folder', () => {
  it('has a config and weights, or is an adapter', () => {
    expect(isModelFolder(fixture('gpt2-tiny'))).toBe(true);
    expect(isModelFolder(join(fixture('gpt2-tiny'), 'sharded'))).toBe(true);
    expect(isModelFolder(join(fixture('gpt2-tiny'), 'lora_qv_trained'))).toBe(true);
    expect(isModelFolder(fixture('stories260K'))).toBe(false);
    expect(isModelFolder(join(folder, 'nowhere'))).toBe(false);
  });

  it('is found among others', () => {
    const found = modelsIn([fixture('gpt2-tiny'), fixture('stories260K')]);
    expect(found.map(({ title, isAdapter }) => [title, isAdapter])).toEqual([['gpt2-tiny', false]]);
  });
});

const run = {
  dir: join(folder, 'runs', '20260101-000000-mine'),
  name: 'mine',
  state: {
    ...emptyRunState(),
    best: { step: 200, loss: 1 },
    checkpoints: [100, 200, 300, 400].map(step => ({
      step,
      path: `checkpoints/step-000${step}`,
      bytes: step,
      deleted: step === 100,
    })),
  },
};
for (const step of [200, 300, 400]) {
  const dir = join(run.dir, 'checkpoints', `step-000${step}`);
  mkdirSync(dir, { recursive: true });
  for (const name of ['config.json', 'model.safetensors'])
    cpSync(join(fixture('gpt2-tiny'), name), join(dir, name));
}

describe('checkpoints of runs', () => {
  it('are the best, the last, and the others, without those that are deleted', () => {
    expect(checkpointsOf([run]).map(({ title, role }) => [title, role])).toEqual([
      ['mine, step 200', 'best'],
      ['mine, step 400', 'last'],
      ['mine, step 300', ''],
    ]);
  });

  it('are recognised by their folders', () => {
    const dir = join(run.dir, 'checkpoints', 'step-000300');
    expect(placeOf(dir, [run], [])).toMatchObject({ title: 'mine, step 300' });
    expect(placeOf(fixture('gpt2-tiny'), [run], [])).toMatchObject({ title: 'gpt2-tiny' });
  });
});

describe('downloaded models', () => {
  it('are those of the cache that can be opened', () => {
    const commit = 'a'.repeat(40);
    const snapshot = join(folder, 'hub', 'models--org--tiny', 'snapshots', commit);
    mkdirSync(join(snapshot, '..', '..', 'refs'), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(snapshot, '..', '..', 'refs', 'main'), commit);
    for (const name of ['config.json', 'model.safetensors'])
      symlinkSync(join(fixture('gpt2-tiny'), name), join(snapshot, name));
    mkdirSync(join(folder, 'hub', 'models--org--half', 'snapshots', commit), { recursive: true });
    const [model, ...others] = cachedModels(join(folder, 'hub'));
    expect(others).toEqual([]);
    expect(model).toMatchObject({ title: 'org/tiny', short: 'tiny', role: 'main', dir: snapshot });
  });

  it('are none where there is no cache', () => {
    expect(cachedModels(join(folder, 'no-such-folder'))).toEqual([]);
  });
});
