/** Greedy continuation equal to PyTorch's, beyond the block size, alone and in a batch. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type GenerateSettings,
  type Generator,
  openGenerator,
} from '../../../src/engine/generate/generate';
import { GREEDY } from '../../../src/engine/generate/sampleToken';
import { readModelFolder } from '../../../src/engine/model/modelFolder';

const dir = new URL('../../fixtures/slm/', import.meta.url).pathname;
const golden = JSON.parse(readFileSync(`${dir}golden.json`, 'utf8')) as {
  greedy: number[];
  prompt_len: number;
};
const prompt = golden.greedy.slice(0, golden.prompt_len);
const expected = golden.greedy.slice(golden.prompt_len);

describe('generate', () => {
  let generator: Generator;
  beforeAll(() => {
    const { model, weights } = readModelFolder(dir);
    generator = openGenerator(model, weights);
  });
  afterAll(() => generator.dispose());

  const continued = async (prompts: number[][], settings: Partial<GenerateSettings> = {}) => {
    const made = prompts.map((): number[] => []);
    const all = { ...GREEDY, maxTokens: expected.length, seed: 1, ...settings };
    for await (const { sequence, token } of generator.generate(prompts, all))
      made[sequence]!.push(token);
    return made;
  };

  it('continues as PyTorch does, past the block size', async () => {
    expect(golden.greedy.length).toBeGreaterThan(32);
    expect(await continued([prompt])).toEqual([expected]);
  });

  it('continues each text of a batch as it does alone', async () => {
    const prompts = [prompt, [5, 6, 7], golden.greedy.slice(0, 20)];
    const alone = await Promise.all(prompts.map(async p => (await continued([p]))[0]));
    expect(await continued(prompts)).toEqual(alone);
  });

  it('gives the same text for the same seed and another for another', async () => {
    const hot = { temperature: 1.5, topK: 0, topP: 1 };
    const [a, b, c] = [
      await continued([prompt], { ...hot, seed: 3 }),
      await continued([prompt], { ...hot, seed: 3 }),
      await continued([prompt], { ...hot, seed: 4 }),
    ];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('ends before the end-of-text token', async () => {
    const end = expected[3]!;
    const [made] = await continued([prompt], { endTokens: [end] });
    expect(made).toEqual(expected.slice(0, expected.indexOf(end)));
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const made: number[] = [];
    const settings = { ...GREEDY, maxTokens: 40, seed: 1, signal: stop.signal };
    for await (const { token } of generator.generate([prompt], settings))
      if (made.push(token) === 2) stop.abort();
    expect(made).toEqual(expected.slice(0, 2));
  });
});
