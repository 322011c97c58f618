/** Texts written on devices beyond the runtime: as the processor writes them, or as the device's own logits say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ForeignDevice } from '../../../src/protocol/devices';
import type { SamplingSettings } from '../../../src/protocol/sandbox';
import { openForeignDevice } from '../../../src/engine/devices/openDevice';
import { openWriter, type OpenWriter } from '../../../src/engine/devices/openWriter';
import { readModelFolder } from '../../../src/engine/model/modelFolder';
import type { ProblemError } from '../../../src/engine/problem';
import type { TextModel } from '../../../src/engine/sandbox/textModel';
import { tensor } from '../../../src/engine/tensor/tensor';
import { pretendPython } from './pretendPython';
import { hasTorch, PYTHON, ttmlPython } from './ttmlStandIn';

const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url).pathname;
const LLAMA = fixture('hf/llama32-tiny');
const folder = mkdtempSync(join(tmpdir(), 'weightroom-writer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: TextModel[] = [];
afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

async function writer(request: OpenWriter): Promise<TextModel> {
  const model = await openWriter(request);
  open.push(model);
  return model;
}

const sampling: SamplingSettings = {
  ...{ maxTokens: 12, temperature: 0, topK: 0, topP: 1, minP: 0 },
  ...{ repetitionPenalty: 1, stop: [], seed: 7, alternatives: 0 },
};
const drawn = { ...sampling, temperature: 1, topK: 40 };

async function written(
  model: TextModel,
  prompts: readonly (readonly number[])[],
  settings: SamplingSettings = sampling,
) {
  const given = [];
  for (const ids of prompts) given.push(await model.prompt({ kind: 'ids', ids }));
  const found = { ids: prompts.map((): number[] => []), probabilities: [] as number[] };
  for await (const event of model.generate(given, settings)) {
    if (event.type === 'token') found.probabilities.push(event.probability);
    if (event.type === 'end') found.ids[event.sequence] = [...event.ids];
  }
  return found;
}

const PROMPTS = [
  [3, 17, 42, 5, 61],
  [8, 2],
  [30, 9, 11, 12, 13, 14, 15],
];

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was not refused'),
    (error: unknown) => (error as ProblemError).problem,
  );

describe.skipIf(!hasTorch)('PyTorch', () => {
  const torch = { device: 'torch', python: PYTHON } as const;

  it.each(['hf/gpt2-tiny', 'hf/llama32-tiny', 'hf/qwen25-tiny', 'slm'])(
    'writes with %s what the processor writes, several prompts at once',
    async name => {
      const dir = fixture(name);
      const [there, here] = [await writer({ dir, ...torch }), await writer({ dir })];
      for (const settings of [sampling, drawn]) {
        const [found, wanted] = [
          await written(there, PROMPTS, settings),
          await written(here, PROMPTS, settings),
        ];
        expect(found.ids).toEqual(wanted.ids);
        for (const [i, p] of found.probabilities.entries())
          expect(Math.abs(p - wanted.probabilities[i]!)).toBeLessThan(1e-5); // sums of float32
      }
      expect(there.facts).toMatchObject({ backend: 'nocache' });
    },
  );

  it('writes with an adapter', async () => {
    const dir = fixture('hf/llama2-tiny');
    const adapters = [{ dir: join(dir, 'lora_all_trained'), weight: 0.5 }];
    const there = await written(await writer({ dir, adapters, ...torch }), PROMPTS);
    expect(there.ids).toEqual((await written(await writer({ dir, adapters }), PROMPTS)).ids);
    expect(there.ids).not.toEqual((await written(await writer({ dir }), PROMPTS)).ids);
  });

  it('crops a text that has outgrown the context', async () => {
    const { base } = readModelFolder(LLAMA).model;
    const prompt = Array.from({ length: base.block_size - 4 }, (_, i) => (i * 7) % 60);
    const there = await writer({ dir: LLAMA, ...torch });
    const here = await writer({ dir: LLAMA, backend: 'nocache' });
    expect((await written(there, [prompt])).ids).toEqual((await written(here, [prompt])).ids);
  });

  it('holds tokens to be as likely as the processor does', async () => {
    const rows = [
      { ids: [3, 17, 42, 5, 61], from: 1 },
      { ids: [8, 2, 9, 4], from: 3 },
    ];
    const [there, here] = [await writer({ dir: LLAMA, ...torch }), await writer({ dir: LLAMA })];
    const [found, wanted] = [await there.losses(rows), await here.losses(rows)];
    expect(found.map(row => row.length)).toEqual([4, 1]);
    for (const [i, loss] of found.flat().entries())
      expect(Math.abs(loss - wanted.flat()[i]!)).toBeLessThan(1e-5);
  });

  it('ends within a token when it is cancelled, and writes again', async () => {
    const model = await writer({ dir: LLAMA, ...torch });
    const prompt = await model.prompt({ kind: 'ids', ids: PROMPTS[0]! });
    const cancelling = new AbortController();
    const types: string[] = [];
    for await (const event of model.generate([prompt], sampling, cancelling.signal)) {
      types.push(event.type === 'end' ? event.reason : event.type);
      cancelling.abort();
    }
    expect(types).toEqual(['token', 'cancelled', 'done']);
    expect((await written(model, PROMPTS)).ids[0]).toHaveLength(sampling.maxTokens);
  });

  it('that ends by itself is told with what it said last', async () => {
    const path = join(folder, 'python');
    pretendPython(path, { torch: '2' }, ['echo "out of luck" >&2; exit 3']);
    const { code, message } = await refusalOf(openWriter({ dir: LLAMA, ...torch, python: path }));
    expect([code, message]).toEqual(['python.failed', expect.stringContaining('out of luck')]);
  });
});

describe("a device's own logits", () => {
  const devices: [ForeignDevice, string | undefined][] = [['tenstorrent', undefined]];
  if (hasTorch) devices.push(['ttml', ttmlPython()], ['ttml', ttmlPython('fused')]);

  it.each(devices)('are what is written by: %s', async (device, python) => {
    const found = await written(await writer({ dir: LLAMA, device, python }), PROMPTS);
    const { model, weights } = readModelFolder(LLAMA);
    const loaded = await openForeignDevice(device, { python }).load(model, weights);
    for (const [i, prompt] of PROMPTS.entries()) {
      const tokens = [...prompt, ...found.ids[i]!];
      const ids = tensor('int64', [1, tokens.length], BigInt64Array.from(tokens, BigInt));
      const logits = (await loaded.run({ ids, values: ['logits'] })).get('logits')!;
      const width = model.base.vocab_size;
      for (const [n, token] of found.ids[i]!.entries()) {
        const at = (prompt.length - 1 + n) * width;
        const row = (logits.data as Float32Array).subarray(at, at + width);
        // neighbours in bfloat16 are equal: any of the largest will do
        expect(row[token]).toBe(Math.max(...row));
      }
    }
    await loaded.close();
  });

  it('are those of the layout, where ttml computes', { skip: !hasTorch }, async () => {
    const [layout, ttml] = [
      await writer({ dir: LLAMA, device: 'tenstorrent' }),
      await writer({ dir: LLAMA, device: 'ttml', python: ttmlPython() }),
    ];
    const [found, wanted] = [await written(ttml, [PROMPTS[0]!]), await written(layout, [PROMPTS[0]!])]; // prettier-ignore
    expect(found.ids).toEqual(wanted.ids);
  });
});

describe('what such a device cannot do is refused by name', () => {
  const llama2 = fixture('hf/llama2-tiny');
  const adapters = [{ dir: join(llama2, 'lora_all_trained'), weight: 1 }];
  const cases: [what: string, request: OpenWriter, code: string][] = [
    ['a cache', { dir: LLAMA, device: 'torch', backend: 'kv' }, 'device.no-cache'],
    ['few bits', { dir: LLAMA, device: 'tenstorrent', bits: 4 }, 'device.few-bits'],
    ['an adapter', { dir: llama2, adapters, device: 'tenstorrent' }, 'device.adapter'],
    ['a family without a layout', { dir: fixture('slm'), device: 'tenstorrent' }, 'device.no-layout'], // prettier-ignore
    ['no such interpreter', { dir: LLAMA, device: 'torch', python: '/none' }, 'python.failed'],
  ];
  it.each(cases)('%s', async (_, request, code) => {
    expect((await refusalOf(openWriter(request))).code).toBe(code);
  });
});
