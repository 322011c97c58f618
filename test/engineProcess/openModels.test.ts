/** Models are opened once, closed when their memory is needed, and refused when they cannot fit. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/engine/problem';
import type { TextModel } from '../../src/engine/sandbox/textModel';
import { memoryOf } from '../../src/engineProcess/modelMemory';
import { OpenModels, type OpenModelsOptions } from '../../src/engineProcess/openModels';
import type { ModelSpec } from '../../src/protocol/engineProcess';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/hf', name);
const specOf = (name: string, more: Partial<ModelSpec> = {}): ModelSpec => ({
  dir: fixture(name),
  backend: 'kv',
  device: 'cpu',
  ...more,
});
const [a, b, c] = [specOf('gpt2-tiny'), specOf('llama2-tiny'), specOf('qwen25-tiny')];

let models: OpenModels;
const make = (options: Partial<OpenModelsOptions> = {}) =>
  (models = new OpenModels({ onProgress: () => undefined, ...options }));
afterEach(() => models.keep([]));

const model = (spec: ModelSpec): Promise<TextModel> => models.use(spec, m => Promise.resolve(m));

describe('open models', () => {
  it('are opened once, also when two ask at the same time', async () => {
    make();
    const [one, two] = await Promise.all([model(a), model({ ...a })]);
    expect(one).toBe(two);
    expect(await model(a)).toBe(one);
    expect(models.count).toBe(1);
  });

  it('differ by backend, bits and adapter', async () => {
    make();
    const over = (...weights: number[]) => ({
      ...a,
      adapters: weights.map((weight, i) => ({ dir: adapterDirs[i]!, weight })),
    });
    const adapterDirs = ['qv', 'all'].map(n => join(fixture('gpt2-tiny'), `lora_${n}_trained`));
    const specs = [a, { ...a, backend: 'nocache' as const }, over(1), over(0.5), over(1, 0.5)];
    const opened = await Promise.all(specs.map(model));
    expect(new Set(opened).size).toBe(5);
    expect(await model(over(1, 0.5))).toBe(opened[4]);
    expect(opened.map(({ facts }) => [facts.backend, facts.isAdapter])).toEqual([
      ['kv', false],
      ['nocache', false],
      ['kv', true],
      ['kv', true],
      ['kv', true],
    ]);
  });

  it('give way to others by the time of their last use, but not while in use', async () => {
    const room = (memoryOf(a) + memoryOf(b)) / 0.85 + 1e6;
    make({ memory: () => room });
    const first = await model(a);
    const second = await model(b);
    await model(a);
    await model(c);
    expect(models.count).toBe(2);
    expect(await model(a)).toBe(first);
    expect(await model(b)).not.toBe(second);
    await models.use(a, async () => {
      await models.use(b, () =>
        expect(model(c)).rejects.toMatchObject({ problem: { code: 'engine.no-memory' } }),
      );
    });
  });

  it('are refused before anything is loaded when they cannot fit', async () => {
    make({ memory: () => 1e6 });
    const error = (await model(a).catch((e: unknown) => e)) as ProblemError;
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.problem.code).toBe('engine.no-memory');
    expect(error.message).toMatch(/gpt2-tiny needs about .*MB of memory, and .* can be had/);
    expect(models.count).toBe(0);
  });

  it('are closed when nobody shows them, or uses them for long', async () => {
    make({ idleMs: 60 });
    await Promise.all([model(a), model(b)]);
    await models.keep([b]);
    expect(models.count).toBe(1);
    while (models.count > 0) await sleep(20);
  });

  it('that cannot be opened are tried anew', async () => {
    make();
    const missing = specOf('nowhere');
    for (const _ of [1, 2])
      await expect(model(missing)).rejects.toMatchObject({ problem: { code: 'model.no-config' } });
    expect(models.count).toBe(0);
  });
});

describe('the memory of a model', () => {
  it('grows with its weights and falls with their bits', () => {
    const parameters = (name: string) =>
      readFileSync(join(fixture(name), 'model.safetensors')).length / 4;
    const extra = (spec: ModelSpec) => memoryOf(spec) - 48e6;
    expect(extra(a) / 4).toBeGreaterThan(parameters('gpt2-tiny') * 0.9);
    expect(extra({ ...a, bits: 8 })).toBeLessThan(extra(a));
    expect(extra({ ...a, bits: 4 })).toBeLessThan(extra({ ...a, bits: 8 }));
  });
});
