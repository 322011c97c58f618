/** Columns of the sandbox side by side: compared, on several backends and devices. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/protocol/sandboxView';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { hfConfigOf } from '../../src/engine/model/hfConfig';
import { initializeParameters } from '../../src/engine/model/initialize';
import type { LlamaShape } from '../../src/engine/model/llama';
import { readModelFolder } from '../../src/engine/model/modelFolder';
import { baseParameters } from '../../src/engine/model/programs';
import { hasTorch } from '../engine/devices/ttmlStandIn';
import { hasWebGpu } from '../softwareGpu';
import { sandboxDriver } from './sandboxDriver';

const {
  lab,
  page,
  button,
  column,
  tokens,
  words,
  until,
  generate,
  runColumn,
  begin,
  models,
  picked,
  early,
  late,
} = sandboxDriver();

const made = mkdtempSync(join(tmpdir(), 'weightroom-llama-'));
afterAll(() => rmSync(made, { recursive: true }));

const deviceLabels = {
  webgpu: 'By WebGPU',
  cuda: 'By CUDA',
  dml: 'By DirectML',
  coreml: 'By Core ML',
  torch: 'By PyTorch',
  'torch-cuda': 'By PyTorch on a GPU',
  'torch-mps': 'By PyTorch on an Apple GPU',
  tenstorrent: 'By Tenstorrent’s layout',
  ttml: 'By ttml',
};

function partingOf(a: Outcome, b: Outcome): string {
  const ids = [a, b].map(({ tokens }) => tokens.map(({ id }) => id));
  const longest = Math.max(ids[0]!.length, ids[1]!.length);
  for (let at = 0; at < longest; at++) if (ids[0]![at] !== ids[1]![at]) return `token ${at + 1}`;
  return 'nowhere';
}

/** A Llama that has learnt nothing, with the tokenizer of `from`. @returns its folder */
function writeLlama(from: string): string {
  const { base } = readModelFolder('test/fixtures/hf/llama32-tiny').model;
  const shape = { ...(base as LlamaShape), vocab_size: 384, block_size: 128 };
  const dir = join(made, 'llama');
  mkdirSync(dir);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(hfConfigOf(shape)));
  const weights = initializeParameters(baseParameters({ base: shape }), 1);
  writeSafetensors(disk, join(dir, 'model.safetensors'), weights);
  copyFileSync(join(from, 'tokenizer.json'), join(dir, 'tokenizer.json'));
  return dir;
}

describe('two columns', () => {
  beforeEach(() => begin(early, late));

  it('are compared: equal for so many tokens, then each its own', async () => {
    await page().locator('#number-temperature').fill('1.2');
    await page().keyboard.press('Tab');
    await generate();
    const verdict = await words('.verdict');
    const equal = /Equal for (\d+) tokens?, diverges here/.exec(verdict)?.[1] ?? '0';
    expect(verdict).toMatch(/step 120 picked .+ at [\d.]+, step 240 picked .+ at [\d.]+/);
    const texts = [await tokens(0).allInnerTexts(), await tokens(1).allInnerTexts()] as const;
    const n = Number(equal);
    expect(texts[0].slice(0, n)).toEqual(texts[1].slice(0, n));
    expect(await page().locator('.token.equal').count()).toBe(2 * n);
    expect(await page().locator('.token.parts').count()).toBe(2);
    await page().locator('.verdict-pill').click();
    expect(await words('.popover-head')).toContain(`Token ${n + 1}`);
    expect(await page().locator('.bar-tick').count()).toBeGreaterThan(0);
  });

  it('of one model say that all is equal, whatever the backend', async () => {
    await begin(late, late);
    await column(1).locator('.run-button').click();
    await page().getByRole('menuitemradio', { name: 'Without a cache' }).click();
    await until(async () => (await words('.column:nth-child(2) .run-button')).includes('no cache'));
    await generate();
    expect(await words('.verdict')).toMatch(/^Equal for all \d+ tokens/);
    expect(await page().locator('.ribbon-names').innerText()).toBe('KV cache\nno cache');
  });

  it('offer the devices that are there, and say why the others are not', async () => {
    await column(0).locator('.run-button').click();
    const item = (name: RegExp) => page().getByRole('menuitemradio', { name });
    await item(/By DirectML/).waitFor();
    for (const device of await lab().engine.devices()) {
      const label = { cpu: 'On the CPU', ...deviceLabels }[device.name];
      const shown = page().locator('.menu-item', { hasText: new RegExp(`${label}(?! on an? )`) });
      expect([device.name, await shown.getAttribute('aria-disabled')]).toEqual([
        device.name,
        device.reason === null ? 'false' : 'true',
      ]);
      if (device.reason !== null) expect(await shown.innerText()).toContain(device.reason);
    }
    expect(await item(/On the CPU/).getAttribute('aria-checked')).toBe('true');
    await page().keyboard.press('Escape');
  });

  it('ask for the devices anew through another interpreter', async () => {
    const reason = page().locator('.menu-item', { hasText: /By PyTorch(?! on an? )/ });
    const shown = async () => {
      await column(0).locator('.run-button').click();
      await reason.waitFor();
      const text = await reason.innerText();
      await page().keyboard.press('Escape');
      return text;
    };
    expect(await shown()).not.toContain('/none/python');
    try {
      lab().choosePython('/none/python');
      await until(async () => (await shown()).includes('/none/python could not run'));
    } finally {
      lab().choosePython(undefined);
    }
    await until(async () => !(await shown()).includes('/none/python'));
  });

  it('offer none but the processor in Restricted Mode, and say why', async () => {
    // In this order: the engine that rests could be started again by a prompt that is counted.
    lab().trust(false);
    await lab().engine.rest();
    await column(0).locator('.run-button').click();
    const unknown = page().locator('.menu-item', { hasText: 'Other devices are not known' });
    await unknown.waitFor();
    expect(await unknown.innerText()).toContain('Restricted Mode');
    await page().keyboard.press('Escape');
  });

  it.skipIf(!hasWebGpu)(
    'of one model on several backends and devices have speeds of their own, and one verdict each',
    async () => {
      await begin(late, late, late, late);
      await runColumn(1, 'Without a cache', 'no cache');
      await runColumn(2, /As a batch/, 'batch');
      await runColumn(3, /By WebGPU/, 'WebGPU');
      await page().locator('#number-maxTokens').fill('12');
      await page().keyboard.press('Tab');
      await generate();
      const { outcomes } = lab().session().document.exchanges.at(-1)!;
      expect(outcomes.map(({ run, sampling }) => [run.backend, run.device, sampling.seed])).toEqual(
        [
          ['kv', 'cpu', 1337],
          ['nocache', 'cpu', 1337],
          ['batch', 'cpu', 1337],
          ['kv', 'webgpu', 1337],
        ],
      );
      const [first] = outcomes;
      for (const [at, outcome] of outcomes.entries()) {
        const stats = await words(`.column:nth-child(${at + 1}) .stats`);
        expect(stats).toMatch(/First token [\d.]+ m?s Speed [\d.]+ tok\/s Tokens \d+/);
        if (at > 0) expect(stats).toContain(`Parts at ${partingOf(first!, outcome)}`);
      }
      // On one device all backends pick the same.
      expect(outcomes.slice(1, 3).map(outcome => partingOf(first!, outcome))).toEqual([
        'nowhere',
        'nowhere',
      ]);
      await column(3)
        .locator('.column-head')
        .click({ position: { x: 2, y: 2 } });
      await lab().idle();
      expect(await page().locator('.ribbon-names').innerText()).toBe('KV cache\nWebGPU');
      expect(await words('.verdict')).toMatch(/^(Equal for|Diverges at the first token)/);
      await button('Export').click();
      await page().getByRole('menuitem', { name: 'Copy command' }).click();
      await until(() => lab().calls.at(-1)?.[0] === 'copy');
      expect(lab().calls.at(-1)?.[1]).toContain('--device webgpu');
    },
  );

  it.skipIf(!hasTorch)(
    'of one model show what PyTorch and a device write, beside references with a cache and without',
    async () => {
      const llama = picked(writeLlama(models.chat), 'llama');
      await begin(llama, llama, llama, llama);
      await page().locator('#number-temperature').fill('0');
      await runColumn(1, 'Without a cache', 'no cache');
      await runColumn(2, /By PyTorch(?! on an? )/, 'no cache · PyTorch');
      await runColumn(3, /By Tenstorrent’s layout/, 'no cache · Tenstorrent’s layout');
      await column(3).locator('.run-button').click();
      const item = (name: string | RegExp) => page().getByRole('menuitemradio', { name });
      for (const [name, isDisabled] of [
        ['With a KV cache', 'true'],
        ['Without a cache', 'false'],
        ['Weights in int4', 'true'],
        [/On the CPU/, 'false'],
      ] as const)
        expect([name, await item(name).getAttribute('aria-disabled')]).toEqual([name, isDisabled]);
      await page().keyboard.press('Escape');
      await generate();
      const { outcomes } = lab().session().document.exchanges.at(-1)!;
      expect(outcomes.map(({ run }) => [run.backend, run.device])).toEqual([
        ['kv', 'cpu'],
        ['nocache', 'cpu'],
        ['nocache', 'torch'],
        ['nocache', 'tenstorrent'],
      ]);
      for (const [at, { status, tokens: written }] of outcomes.entries()) {
        expect([status.kind, written.length]).toEqual(['ended', 40]);
        const stats = await words(`.column:nth-child(${at + 1}) .stats`);
        expect(stats).toMatch(/First token [\d.]+ m?s Speed [\d.]+ tok\/s Tokens 40/);
        if (at > 0) expect(stats).toContain(`Parts at ${partingOf(outcomes[0]!, outcomes[at]!)}`);
      }
      expect(partingOf(outcomes[0]!, outcomes[1]!)).toBe('nowhere');
      expect(partingOf(outcomes[0]!, outcomes[2]!)).toBe('nowhere');
      await button('Export').click();
      await page().getByRole('menuitem', { name: 'Copy command' }).click();
      await until(() => lab().calls.at(-1)?.[0] === 'copy');
      expect(lab().calls.at(-1)?.[1]).toMatch(/--backend nocache .*--device tenstorrent/);
    },
  );

  it('say what a device cannot hold, and go on with the CPU', async () => {
    await runColumn(1, /By Tenstorrent’s layout/, 'Tenstorrent');
    await generate();
    const callout = column(1).locator('.callout.error');
    expect(await callout.innerText()).toContain('ttml has no module for the SLM');
    await callout.getByText('Use the CPU').click();
    await until(
      () => lab().session().document.exchanges.at(-1)!.outcomes[1]?.status.kind === 'ended',
    );
    expect(lab().session().document.columns[1]).toMatchObject({
      device: 'cpu',
      backend: 'nocache',
    });
  });

  it('can be more, up to four, and fewer', async () => {
    await button('Add a column').click();
    await until(async () => (await page().locator('.column').count()) === 3);
    await button('Add a column').click();
    await until(async () => (await page().locator('.column').count()) === 4);
    await until(() => button('Add a column').isDisabled());
    await column(3).getByRole('button', { name: 'More about this column' }).click();
    await page().getByRole('menuitem', { name: 'Remove this column' }).click();
    await until(async () => (await page().locator('.column').count()) === 3);
  });

  it('have a seed each when they are to', async () => {
    await page().getByRole('button', { name: 'Same seed' }).click();
    await lab().idle();
    expect(await words('.column:nth-child(2) .run-button')).toMatch(/seed 1338$/);
  });
});
