import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerAboutModels } from '../../../src/engine/catalog/catalog';
import { modelSummary } from '../../../src/engine/catalog/modelSummary';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const fixtures = join(__dirname, '../../fixtures');
const tiny = join(fixtures, 'hf/llama2-tiny');
const noCache = join(folder, 'no-cache');
let made = 0;

/** A copy of a fixture's folder, to change things in. */
function copyOf(dir: string): string {
  const copy = join(folder, `model-${made++}`);
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function changeJson(path: string, change: Record<string, unknown>): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...json, ...change }));
}

describe('a model folder', () => {
  it.each([
    ['hf/llama2-tiny', 'llama', 128],
    ['hf/qwen25-tiny', 'qwen2', 256],
    ['hf/gpt2-tiny', 'gpt2', 64],
    ['slm', 'slm', 32],
  ])('%s is summed up as %s', (path, family, context) => {
    const summary = modelSummary(join(fixtures, path), noCache);
    expect(summary).toMatchObject({ family, dtypes: ['float32'] });
    expect(summary.problem).toBeUndefined();
    expect(summary.contextLength).toBe(context);
    expect(summary.bytes).toBeGreaterThanOrEqual(summary.parameters! * 4);
    expect(summary.weights).toBe(join(fixtures, path, 'model.safetensors'));
  });

  it('in shards has the same size as in one file', () => {
    const whole = modelSummary(tiny, noCache);
    const dir = copyOf(join(tiny, 'sharded'));
    cpSync(join(tiny, 'config.json'), join(dir, 'config.json'));
    const { weights, ...sharded } = modelSummary(dir, noCache);
    expect(weights).toBe(join(dir, 'model.safetensors.index.json'));
    expect({ ...sharded, weights: whole.weights }).toEqual(whole);
  });

  it.each<[why: string, spoil: (dir: string) => void, words: RegExp]>([
    ['without weights', dir => rmSync(join(dir, 'model.safetensors')), /has no weights/],
    ['without a config', dir => rmSync(join(dir, 'config.json')), /has no config\.json/],
    ['whose config is no JSON', dir => writeFileSync(join(dir, 'config.json'), '{'), /is not JSON/],
    [
      'of a family that is not known',
      dir => changeJson(join(dir, 'config.json'), { model_type: 'mamba' }),
      /"mamba" is no model this engine computes/,
    ],
    [
      'whose weights are damaged',
      dir => writeFileSync(join(dir, 'model.safetensors'), 'no weights'),
      /model\.safetensors/,
    ],
  ])('%s says so, and the rest all the same', (_, spoil, words) => {
    const dir = copyOf(tiny);
    spoil(dir);
    const summary = modelSummary(dir, noCache);
    expect(summary.problem).toMatch(words);
    expect(summary.family !== undefined || summary.tensors > 0).toBe(true);
  });

  it('says what its config calls it, also where this engine does not know it', () => {
    const dir = copyOf(tiny);
    changeJson(join(dir, 'config.json'), { model_type: 'mamba' });
    expect(modelSummary(dir, noCache)).toMatchObject({ family: 'mamba', tensors: 21 });
  });
});

describe('an adapter', () => {
  const adapter = join(tiny, 'lora_qv_trained');

  function overBase(base: string): string {
    const dir = copyOf(adapter);
    changeJson(join(dir, 'adapter_config.json'), { base_model_name_or_path: base });
    return dir;
  }

  it('over a folder has the family and context of that, and its own parameters', () => {
    const summary = modelSummary(overBase(tiny), noCache);
    expect(summary).toMatchObject({ family: 'llama', contextLength: 128 });
    expect(summary.adapter).toMatchObject({ base: tiny, baseDir: tiny });
    expect(summary.adapter!.rank).toBeGreaterThan(0);
    expect(summary.parameters! * 4).toBe(summary.bytes);
    expect(summary.problem).toBeUndefined();
  });

  it('over a model of the hub finds it in the cache', () => {
    const cache = join(folder, 'cache');
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const snapshot = join(cache, 'models--org--base', 'snapshots', commit);
    cpSync(tiny, snapshot, { recursive: true });
    mkdirSync(join(cache, 'models--org--base', 'refs'), { recursive: true });
    writeFileSync(join(cache, 'models--org--base', 'refs', 'main'), commit);
    const dir = overBase('org/base');
    expect(modelSummary(dir, cache).adapter?.baseDir).toBe(snapshot);
    const described = answerAboutModels({ ask: 'report', params: { dir, cacheDir: cache } });
    expect(described).toMatchObject({ report: { family: 'llama', errors: [] } });
  });

  it.each(['org/elsewhere', '', '../../nowhere', 'not a name/at all/here'])(
    'over "%s", which is not here, says so',
    base => {
      const summary = modelSummary(overBase(base), noCache);
      expect(summary.problem).toMatch(/neither a folder here nor in the cache/);
      expect(summary.adapter).toMatchObject({ base });
      expect(summary.tensors).toBeGreaterThan(0);
    },
  );
});

describe('a report', () => {
  it('tells of each tensor what becomes of it', () => {
    const described = answerAboutModels({
      ask: 'report',
      params: { dir: tiny, cacheDir: noCache },
    });
    expect(described).toMatchObject({
      summary: { family: 'llama' },
      report: { errors: [], findings: expect.any(Array) },
    });
  });

  it('of what is no model says why', () => {
    const described = answerAboutModels({
      ask: 'report',
      params: { dir: folder, cacheDir: noCache },
    });
    expect(described).toMatchObject({ report: { refused: expect.stringMatching(/config\.json/) } });
  });
});
