/** Every backend continues as transformers does, alone, in batches and beyond the cache's first size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  backendNames,
  type Generated,
  type GenerateSettings,
  type Generator,
  openGenerator,
} from '../../../src/engine/generate/generate';
import { GREEDY } from '../../../src/engine/generate/sampleToken';
import { openModel, readModelFolder } from '../../../src/engine/model/modelFolder';

interface Golden {
  ids: number[][];
  /** The ten likeliest tokens and their shares at temperature 0.7. */
  sampling_lastpos: { argsort: number[]; softmax_t07: number[] };
  greedy: { prompt: number[]; out: number[]; rep_pen_1_3: number[] };
}

const fixture = (name: string) => new URL(`../../fixtures/hf/${name}/`, import.meta.url).pathname;

/** New tokens of each prompt. */
async function continued(
  generator: Generator,
  prompts: number[][],
  settings: Partial<GenerateSettings> = {},
): Promise<number[][]> {
  const made = prompts.map((): number[] => []);
  const all = { ...GREEDY, maxTokens: 20, seed: 1, ...settings };
  for await (const { sequence, token } of generator.generate(prompts, all))
    made[sequence]!.push(token);
  return made;
}

const families = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'];

describe.each(families)('%s', name => {
  const dir = fixture(name);
  const golden = JSON.parse(readFileSync(join(dir, 'golden.json'), 'utf8')) as Golden;
  const { greedy } = golden;
  const prompt = greedy.prompt;
  const maxTokens = greedy.out.length;
  const { model, weights } = readModelFolder(dir);
  const several = [prompt, prompt.slice(0, 1), [...prompt, ...prompt, 7, 9], prompt.slice(2)];

  describe.each(backendNames)('with %s', backend => {
    let generator: Generator;
    beforeAll(() => {
      generator = openGenerator(model, weights, { backend });
    });
    afterAll(() => generator.dispose());

    it('continues greedily as transformers does', async () => {
      const [made] = await continued(generator, [prompt], { maxTokens });
      expect(made).toEqual(greedy.out);
    });

    it('does so with a repetition penalty', async () => {
      const penalty = { repetitionPenalty: 1.3 };
      const length = greedy.rep_pen_1_3.length;
      const [made] = await continued(generator, [prompt], { maxTokens: length, ...penalty });
      expect(made).toEqual(greedy.rep_pen_1_3);
    });

    it('continues prompts of different lengths together as each alone', async () => {
      const alone = await Promise.all(several.map(async p => (await continued(generator, [p]))[0]));
      expect(await continued(generator, several)).toEqual(alone);
    });

    it('goes on with the others when one ends', async () => {
      const alone = await Promise.all(
        several.map(async p => (await continued(generator, [p]))[0]!),
      );
      const end = alone[0]![4]!;
      const until = (ids: number[]) => (ids.includes(end) ? ids.slice(0, ids.indexOf(end)) : ids);
      expect(await continued(generator, several, { endTokens: [end] })).toEqual(alone.map(until));
    });

    it('samples the same text for the same seed as without a cache', async () => {
      const hot = { temperature: 1.2, topP: 0.95, topK: 40, seed: 5 };
      const reference = openGenerator(model, weights, { backend: 'nocache' });
      const expected = await continued(reference, several, hot);
      await reference.dispose();
      expect(await continued(generator, several, hot)).toEqual(expected);
    });
  });

  it('reads weights where they lie in the file', async () => {
    const opened = openModel(dir);
    expect(opened.stored.size).toBe(weights.size);
    const generator = openGenerator(model, opened.stored);
    const [made] = await continued(generator, [prompt], { maxTokens });
    await generator.dispose();
    opened.close();
    expect(made).toEqual(greedy.out);
  });

  it('draws from the distribution that transformers has', async () => {
    const generator = openGenerator(model, weights);
    const { argsort, softmax_t07 } = golden.sampling_lastpos;
    const count = argsort.length;
    const settings = { ...GREEDY, temperature: 0.7, maxTokens: 1, seed: 1, alternatives: count };
    const { value } = await generator.generate([golden.ids[0]!], settings).next();
    await generator.dispose();
    const likeliest = (value as Generated).alternatives.slice(0, count);
    expect(likeliest.map(a => a.id)).toEqual(argsort);
    likeliest.forEach((a, i) => expect(a.probability).toBeCloseTo(softmax_t07[i]!, 5));
  });

  it('tells the likeliest tokens with each one, and what cut them off', async () => {
    const generator = openGenerator(model, weights);
    const settings = { ...GREEDY, temperature: 1, topK: 3, maxTokens: 2, seed: 1, alternatives: 5 };
    for await (const { token, probability, alternatives } of generator.generate(
      [prompt],
      settings,
    )) {
      const shares = alternatives.map(a => a.probability);
      expect(shares).toEqual(shares.toSorted((a, b) => b - a));
      expect(alternatives.find(a => a.id === token)!.probability).toBeCloseTo(probability, 12);
      expect(alternatives.map(a => a.cut)).toEqual([...Array(3).fill(undefined), 'top-k', 'top-k']);
    }
    await generator.dispose();
  });
});

describe('a context beyond the block size', () => {
  const dir = fixture('gpt2-tiny');
  const { model, weights } = readModelFolder(dir);
  const prompt = Array.from({ length: 50 }, (_, i) => (i * 37) % 101);

  it('is cropped alike by every backend', async () => {
    const texts: number[][][] = [];
    for (const backend of backendNames) {
      const generator = openGenerator(model, weights, { backend });
      texts.push(await continued(generator, [prompt, prompt.slice(9)], { maxTokens: 30 }));
      await generator.dispose();
    }
    expect(texts[0]![0]).toHaveLength(30);
    expect(texts[1]).toEqual(texts[0]);
    expect(texts[2]).toEqual(texts[0]);
  });
});

describe('a long prompt', () => {
  const dir = fixture('llama32-tiny');
  const { model, weights } = readModelFolder(dir);
  const prompt = Array.from({ length: 300 }, (_, i) => (i * 31) % 97);

  it('is read in pieces, and the cache grows', async () => {
    const texts: number[][][] = [];
    for (const backend of ['kv', 'nocache'] as const) {
      const generator = openGenerator(model, weights, { backend });
      texts.push(await continued(generator, [prompt, prompt.slice(200)], { maxTokens: 90 }));
      await generator.dispose();
    }
    expect(texts[1]).toEqual(texts[0]);
  });

  it('of any length needs no other program', async () => {
    const generator = openGenerator(model, weights);
    await continued(generator, [prompt.slice(0, 3)], { maxTokens: 2 });
    const opening = generator.secondsOpening;
    expect(opening).toBeGreaterThan(0);
    for (const length of [1, 17, 40, 300])
      await continued(generator, [prompt.slice(0, length)], { maxTokens: 2 });
    expect(generator.secondsOpening).toBe(opening);
    await generator.dispose();
  });
});
