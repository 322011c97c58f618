/** Real small models write what their reference writes; stop texts, chats, ends and cancelling. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backendNames } from '../../../src/engine/generate/backendNames';
import { type OpenTextModel, openTextModel } from '../../../src/engine/sandbox/textModel';
import type {
  GenerationEvent,
  Piece,
  PromptInput,
  SamplingSettings,
} from '../../../src/protocol/sandbox';
import { hasWebGpu } from '../../softwareGpu';
import { itWithData } from '../data/publicData';

const greedy: SamplingSettings = {
  maxTokens: 40,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 0,
  stop: [],
  alternatives: 0,
};

type Ended = Extract<GenerationEvent, { type: 'end' }>;

async function written(
  open: OpenTextModel,
  inputs: PromptInput[],
  settings: Partial<SamplingSettings> = {},
  signal?: AbortSignal,
) {
  const model = await openTextModel(open);
  const prompts = [];
  for (const input of inputs) prompts.push(await model.prompt(input));
  const events: GenerationEvent[] = [];
  for await (const event of model.generate(prompts, { ...greedy, ...settings }, signal))
    events.push(event);
  await model.close();
  const ends = events.filter((e): e is Ended => e.type === 'end');
  const streamed = ends.map(({ sequence }) =>
    events.map(e => (e.type === 'token' && e.sequence === sequence ? e.text : '')).join(''),
  );
  return { model, prompts, events, ends, streamed };
}

const text = (of: string): PromptInput => ({ kind: 'text', text: of });

describe.each(backendNames)('with %s', backend => {
  itWithData('models/gpt2-shakespeare/golden.json', 'GPT-2 writes its reference', async path => {
    const golden = JSON.parse(readFileSync(path, 'utf8')) as {
      prompt: string;
      greedy_text: string;
      greedy_ids: number[];
      prompt_ids: number[];
    };
    const maxTokens = golden.greedy_ids.length - golden.prompt_ids.length;
    const open = { dir: join(path, '..'), backend };
    const { prompts, ends } = await written(open, [text(golden.prompt)], { maxTokens });
    expect(prompts[0]!.tokens.map(t => t.id)).toEqual(golden.prompt_ids);
    expect(golden.prompt + ends[0]!.text).toBe(golden.greedy_text);
    expect(ends[0]).toMatchObject({ reason: 'length' });
  });

  itWithData('models/stories260K/greedy.json', 'Llama writes its reference', async path => {
    const { greedy_from_bos: ids } = JSON.parse(readFileSync(path, 'utf8')) as {
      greedy_from_bos: number[];
    };
    const open = { dir: join(path, '..'), backend };
    const { ends } = await written(open, [{ kind: 'ids', ids: ids.slice(0, 1) }]);
    expect(ends[0]!.ids).toEqual(ids.slice(1, 41));
  });
});

describe('a continuation', () => {
  const dir = (path: string) => join(path, '..');
  const stories = 'models/stories260K/config.json';

  itWithData(stories, 'ends before a stop text, of which nothing was shown', async path => {
    const stop = ['little girl', 'never'];
    const { ends, streamed } = await written({ dir: dir(path) }, [text('Once')], { stop });
    expect(ends[0]).toMatchObject({ reason: 'stop', text: ' upon a time, there was a ' });
    expect(streamed).toEqual([' upon a time, there was a ']);
  });

  itWithData(stories, 'shows what looked like a stop text and was none', async path => {
    const settings = { stop: ['little goat'], maxTokens: 12 };
    const { ends, streamed } = await written({ dir: dir(path) }, [text('Once')], settings);
    expect(ends[0]!.text).toContain('little girl');
    expect(streamed[0]).toBe(ends[0]!.text);
  });

  itWithData(stories, 'of several prompts is that of each alone', async path => {
    const inputs = ['Once', 'The dog was', 'A'].map(text);
    const together = await written({ dir: dir(path) }, inputs, { temperature: 0.8, seed: 4 });
    expect(together.ends.map(e => e.reason)).toEqual(['length', 'length', 'length']);
    const alone = await written({ dir: dir(path) }, inputs.slice(0, 1), {
      temperature: 0.8,
      seed: 4,
    });
    expect(together.ends[0]!.text).toBe(alone.ends[0]!.text);
  });

  itWithData(stories, 'is over within a token of being cancelled', async path => {
    const stop = new AbortController();
    const model = await openTextModel({ dir: dir(path) });
    const prompt = await model.prompt(text('Once'));
    const seen: string[] = [];
    for await (const event of model.generate([prompt], greedy, stop.signal)) {
      seen.push(event.type === 'end' ? event.reason : event.type);
      if (event.type === 'token') stop.abort();
    }
    await model.close();
    expect(seen).toEqual(['token', 'cancelled', 'done']);
  });

  itWithData(stories, 'tells alternatives as text, with the rule that cut them', async path => {
    const settings = { alternatives: 3, topK: 2, temperature: 1, maxTokens: 1 };
    const { events } = await written({ dir: dir(path) }, [text('Once')], settings);
    const [first] = events;
    if (first?.type !== 'token') throw new Error('no token');
    expect(first.alternatives[0]!.text).toContain('up');
    expect(first.alternatives.map(a => a.cut)).toEqual([undefined, undefined, 'top-k']);
  });

  itWithData(
    stories,
    'goes on from tokens that it has already, as if it never ended',
    async path => {
      const settings = { maxTokens: 12, stop: ['little goat'] };
      const whole = await written({ dir: dir(path) }, [text('Once')], settings);
      const pieces = whole.events.flatMap(e => (e.type === 'token' ? [e] : []));
      for (const kept of [3, 8, 9]) {
        const model = await openTextModel({ dir: dir(path) });
        const ids = [...whole.prompts[0]!.tokens, ...pieces.slice(0, kept)].map(({ id }) => id);
        const prompt = { ...(await model.prompt({ kind: 'ids', ids })), continued: kept };
        const rest = { ...greedy, ...settings, maxTokens: 12 - kept };
        const events: GenerationEvent[] = [];
        for await (const event of model.generate([prompt], rest)) events.push(event);
        await model.close();
        const [before] = events;
        if (before?.type !== 'continued') throw new Error('no continued tokens');
        const again = [...before.pieces, ...events.flatMap(e => (e.type === 'token' ? [e] : []))];
        const told = ({ id, piece, shown, text }: Piece) => ({ id, piece, shown, text });
        expect(again.map(told)).toEqual(pieces.map(told));
        expect(events.find(e => e.type === 'end')).toEqual(whole.ends[0]);
      }
    },
  );

  itWithData(stories, 'shows each token at once, also those that it holds back', async path => {
    const settings = { maxTokens: 12, stop: ['little goat'] };
    const { events, streamed } = await written({ dir: dir(path) }, [text('Once')], settings);
    const pieces = events.flatMap(e => (e.type === 'token' ? [e] : []));
    expect(pieces.some(({ shown, text }) => shown !== text)).toBe(true);
    expect(pieces.map(({ shown }) => shown).join('')).toBe(streamed[0]);
  });

  itWithData(stories, 'does not count the opening of programs as its own time', async path => {
    const model = await openTextModel({ dir: dir(path) });
    const prompt = await model.prompt(text('Once'));
    const opening: number[] = [];
    for (const _ of [1, 2])
      for await (const event of model.generate([prompt], { ...greedy, maxTokens: 3 }))
        if (event.type === 'done') {
          opening.push(event.secondsOpening);
          expect(event.secondsToFirst).toBeGreaterThan(0);
          expect(event.seconds).toBeGreaterThan(event.secondsToFirst);
        }
    await model.close();
    expect(opening[0]).toBeGreaterThan(0);
    expect(opening[1]).toBe(0);
  });

  itWithData(stories, 'is refused for a token beyond the vocabulary', async path => {
    await expect(written({ dir: dir(path) }, [{ kind: 'ids', ids: [1, 512] }])).rejects.toThrow(
      'Token 512 is outside',
    );
  });

  itWithData(stories, 'is refused for a chat with a model of no chats', async path => {
    const chat: PromptInput = { kind: 'chat', messages: [{ role: 'user', content: 'hi' }] };
    await expect(written({ dir: dir(path) }, [chat])).rejects.toThrow('no chat template');
  });
});

describe('an adapter in PEFT’s format', () => {
  const dir = new URL('../../fixtures/hf/llama32-tiny/', import.meta.url).pathname;

  it('changes what the model writes', async () => {
    const ids: PromptInput = { kind: 'ids', ids: [5, 9, 11] };
    const base = await written({ dir }, [ids]);
    const adapted = await written({ dir, adapterDir: join(dir, 'lora_all_trained') }, [ids]);
    expect(adapted.model.facts).toMatchObject({ isAdapter: true, family: 'llama', hasText: false });
    expect(adapted.ends[0]!.ids).not.toEqual(base.ends[0]!.ids);
  });
});

describe('WebGPU', () => {
  it.skipIf(!hasWebGpu)('writes what the CPU writes', { timeout: 120_000 }, async () => {
    const dir = new URL('../../fixtures/hf/llama32-tiny/', import.meta.url).pathname;
    const ids: PromptInput = { kind: 'ids', ids: [5, 9, 11, 40, 2] };
    const settings = { maxTokens: 6 };
    const cpu = await written({ dir }, [ids], settings);
    const gpu = await written({ dir, device: 'webgpu' }, [ids], settings);
    expect(gpu.ends).toEqual(cpu.ends);
  });
});
