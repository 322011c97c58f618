/** The sandbox as its user works with it: writing, comparing, looking at tokens, branching, keys. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome, PickedModel } from '../../src/protocol/sandboxView';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { hfConfigOf } from '../../src/engine/model/hfConfig';
import { initializeParameters } from '../../src/engine/model/initialize';
import type { LlamaShape } from '../../src/engine/model/llama';
import { readModelFolder } from '../../src/engine/model/modelFolder';
import { baseParameters } from '../../src/engine/model/programs';
import { hasTorch } from '../engine/devices/ttmlStandIn';
import { hasWebGpu } from '../softwareGpu';
import { modelAt, sandboxLab, type SandboxLab } from './sandboxLab';
import { trainedModels } from './trainedModels';

const PROMPT =
  '### Question:\nMia has 4 bags with 6 pens in each. How many pens does Mia have?\n\n### Answer:\n';

const openLab = sandboxLab();
const models = trainedModels();
const picked = (dir: string, title: string) => modelAt(dir, title, models.workspace);
const early = picked(models.early, 'tiny, step 120');
const late = picked(models.late, 'tiny, step 240');
const chat = picked(models.chat, 'chat-model');

const made = mkdtempSync(join(tmpdir(), 'weightroom-llama-'));
afterAll(() => rmSync(made, { recursive: true }));

let lab: SandboxLab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const page = () => lab.page;
const button = (name: string | RegExp) => page().getByRole('button', { name, exact: true }).first();
const column = (at: number) => page().locator('.column').nth(at);
const tokens = (at: number) => column(at).locator('.token');
const words = async (selector: string) =>
  (await page().locator(selector).first().innerText())
    .replaceAll('\u2009', ' ')
    .replace(/\s+/g, ' ')
    .trim();
const press = async (...keys: string[]) => {
  for (const key of keys) await page().keyboard.press(key);
  await lab.idle();
};
const until = async (claim: () => boolean | Promise<boolean>) => {
  while (!(await claim())) await page().waitForTimeout(20);
};
const generate = async () => {
  await press('Control+Enter');
  await lab.untilWritten();
};
/** Rewarded for what it wrote already, a greedy model repeats itself and comes to no end. */
const writeForever = async () => {
  await page().locator('#number-maxTokens').fill('30000');
  await page().locator('#number-repetitionPenalty').fill('0.5');
  await page().locator('#number-temperature').fill('0');
  await page().keyboard.press('Tab');
  await press('Control+Enter');
};

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

/** Chooses from the menu of how a column runs its model. */
async function runColumn(at: number, item: string | RegExp, shown: string): Promise<void> {
  await column(at).locator('.run-button').click();
  await page().getByRole('menuitemradio', { name: item }).click();
  await until(async () => (await column(at).locator('.run-button').innerText()).includes(shown));
}

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

/** An empty sandbox in which these models are chosen. */
async function begin(...shown: PickedModel[]): Promise<void> {
  await page().setViewportSize({ width: 1200, height: 800 });
  await page().mouse.move(600, 5);
  await page().evaluate(() => sessionStorage.removeItem('state'));
  lab.trust(true);
  lab.empty();
  await lab.reload();
  await page().locator('.toolbar').waitFor();
  for (const model of shown) await lab.session().show(model, 'beside');
  await lab.idle();
  if (shown.length === 0) return;
  await page().locator('textarea.prompt-text').fill(PROMPT);
  await page().locator('#number-maxTokens').fill('40');
  await page().keyboard.press('Tab');
  await page()
    .locator('.prompt-head')
    .click({ position: { x: 2, y: 2 } });
  await lab.idle();
}

describe('without a model', () => {
  beforeEach(() => begin());

  it('one can be chosen', async () => {
    lab.willChoose(late);
    await button('Choose a model…').click();
    await page().locator('textarea.prompt-text').waitFor();
    expect(await words('.model-button')).toBe('SLM 123 k · tiny, step 240');
    expect(await page().locator('.prompt-head').innerText()).toContain('Prompt');
  });
});

describe('one column', () => {
  beforeEach(() => begin(late));

  it('counts the tokens of the prompt as they are typed, and shows them', async () => {
    await page()
      .getByText(/^\d+ tokens of 128$/)
      .waitFor();
    await press('t');
    const chips = page().locator('.chip');
    await chips.first().waitFor();
    const texts = await page().locator('.chip-text').allInnerTexts();
    expect(texts.join('')).toBe(PROMPT.replaceAll(' ', '·').replaceAll('\n', '↵'));
    expect(await words('.prompt-head')).toContain(`${texts.length} tokens of 128`);
  });

  it('writes with Ctrl+Enter, says how it ended, how fast, and how sure', async () => {
    await generate();
    expect(await tokens(0).count()).toBeGreaterThan(5);
    expect(await words('.status')).toMatch(/end token|length/);
    expect(await words('.stats')).toMatch(
      /First token \d+ ms Speed [\d.]+ tok\/s Tokens \d+ Cache/,
    );
    expect(await words('.verdict')).toMatch(/^Least sure of token \d+ .+ at 0\.\d+/);
    expect(await page().locator('.view > [role=status]').innerText()).toMatch(/^done, \d+ tokens$/);
  });

  it('is tinted, or not', async () => {
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await generate();
    expect(await page().locator('.token.t6').count()).toBeGreaterThan(0);
    await page().getByLabel('Tint').selectOption('none');
    await lab.idle();
    expect(await page().locator('[class*="token t"]').count()).toBe(0);
  });

  it('stops with Escape within a token', async () => {
    await writeForever();
    await until(async () => (await tokens(0).count()) > 3);
    await press('Escape');
    await lab.untilWritten();
    expect(await words('.status')).toBe('stopped');
    expect(await tokens(0).count()).toBeLessThan(30_000);
  });

  it('stops with Escape while the mouse rests on a token', async () => {
    await writeForever();
    await tokens(0).nth(2).dispatchEvent('pointerover', { bubbles: true, pointerType: 'mouse' });
    await page().locator('.popover').waitFor();
    await press('Escape');
    await lab.untilWritten();
    expect(await words('.status')).toBe('stopped');
  });

  it('stops with Escape in the moment in which it was asked to write', async () => {
    await page().locator('#number-maxTokens').fill('30000');
    await page().keyboard.press('Tab');
    await page().evaluate(() => {
      const key = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(
        new KeyboardEvent('keydown', { ...key, key: 'Enter', ctrlKey: true }),
      );
      document.body.dispatchEvent(new KeyboardEvent('keydown', { ...key, key: 'Escape' }));
    });
    await lab.untilWritten();
    expect(await words('.status')).toBe('stopped');
    // None if it had to open its model first, some of a model that is open and quick.
    expect(await tokens(0).count()).toBeLessThan(1000);
  });

  it('has a text for hover, keys and clicks: alternatives of each token', async () => {
    await generate();
    await tokens(0).nth(2).hover();
    await page().locator('.popover').waitFor();
    expect(await words('.popover-head')).toContain('Token 3');
    expect(await page().locator('.alternative').count()).toBeGreaterThanOrEqual(10);
    await page().mouse.move(900, 5);
    await page().locator('.popover').waitFor({ state: 'detached' });
    await tokens(0).nth(4).click();
    await page().mouse.move(900, 5);
    await press('ArrowRight');
    expect(await words('.popover-head')).toContain('Token 6');
    const focused = await page().evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(focused).toMatch(/token 6, probability 0|token 6, probability 1/);
    await press('Home');
    expect(await words('.popover-head')).toContain('Token 1 first of the text');
    await press('Escape');
    expect(await page().locator('.popover').count()).toBe(0);
  });

  it('says which rule cut, and how many survive', async () => {
    await page().locator('#number-topP').fill('1');
    await page().locator('#number-topK').fill('3');
    await page().keyboard.press('Tab');
    await generate();
    await press('d');
    const line = await words('.cut-line');
    expect(line).toBe('cut by top-k 3, 3 survive');
    const cut = await page().locator('.alternative.cut').count();
    const kept = await page().locator('.alternative:not(.cut)').count();
    expect(Number(/, (\d+) /.exec(line)![1])).toBe(kept);
    expect(cut).toBeGreaterThan(0);
  });

  it('branches by key', async () => {
    await generate();
    const before = await tokens(0).allInnerTexts();
    await press('d');
    const at = Number(/Token (\d+)/.exec(await words('.popover-head'))![1]) - 1;
    await press('ArrowDown', 'ArrowUp', 'ArrowDown');
    const chosen = page().locator('.alternative.chosen');
    const text = (await chosen.locator('.piece').innerText()).replaceAll('·', ' ');
    const isPicked = (await chosen.getAttribute('class'))!.includes('picked');
    if (isPicked) await press('ArrowDown');
    await press('Enter');
    await lab.untilWritten();
    const after = await tokens(0).allInnerTexts();
    expect(after.slice(0, at)).toEqual(before.slice(0, at));
    if (!isPicked) expect(after[at]!.trim()).toBe(text.trim());
    expect(await page().locator('.token.forced').count()).toBe(1);
  });

  it('branches by a click on an alternative', async () => {
    await generate();
    await tokens(0).nth(1).click();
    const other = page().locator('.alternative:not(.picked)').first();
    await other.hover();
    await other.getByText('Branch here').waitFor();
    await other.click();
    await lab.untilWritten();
    expect(await tokens(0).nth(1).getAttribute('class')).toContain('forced');
  });

  it('is written again with another seed', async () => {
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await generate();
    const [text, seed] = [await words('.texts'), await page().locator('#number-seed').inputValue()];
    await button('Write it again with another seed').click();
    await until(async () => (await page().locator('#number-seed').inputValue()) !== seed);
    await until(async () => (await words('.texts')) !== text);
    await lab.untilWritten();
  });

  it('shows how far each layer in few bits is from its weights', async () => {
    const open = async () => {
      await column(0).locator('.run-button').click();
      return page().getByRole('menuitem', { name: 'Error of each layer…' });
    };
    expect(await (await open()).getAttribute('aria-disabled')).toBe('true');
    await press('Escape');
    await runColumn(0, 'Weights in int4', 'int4');
    await (await open()).click();
    const card = page().locator('.layer-errors');
    await card.locator('.model-map').waitFor();
    const spec = { dir: late.dir, backend: 'kv', device: 'cpu', bits: 4 } as const;
    const { quantisationErrors: errors } = await lab.engine.open(spec);
    const [worst] = errors!.toSorted((a, b) => b[1] - a[1]);
    const most = `${(100 * worst![1]).toFixed(1)} %`;
    expect(await words('.layer-errors .sums')).toContain(`at most ${most} in ${worst![0]}`);
    const cells = card.locator('.model-map .map-cell');
    expect(await cells.count()).toBe(errors!.filter(([layer]) => /\.\d+\./.test(layer)).length);
    await card.locator('.model-map').focus();
    for (const key of ['ArrowDown', 'ArrowRight']) await page().keyboard.press(key);
    await lab.idle();
    const second = await cells.nth(1).getAttribute('aria-label');
    expect(await words('.layer-errors [aria-live]')).toBe(second);
    await page().keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
  });

  it('has stop texts that can be added and taken away', async () => {
    await button('Add a stop text').click();
    const field = page().locator('.new-stop:focus');
    await field.fill('\\n####');
    await field.press('Enter');
    await lab.idle();
    expect(await page().locator('.stop-chip code').allInnerTexts()).toEqual(['\\n####']);
    await page().locator('#number-maxTokens').fill('120');
    await page().keyboard.press('Tab');
    await page().getByText('Greedy, ignore sampling').click();
    await generate();
    expect(await words('.status')).toBe('stop string');
    expect(await page().locator('.token.cut-off').count()).toBeGreaterThan(0);
    await button('Remove \\n####').click();
    await lab.idle();
    expect(await page().locator('.stop-chip').count()).toBe(0);
  });

  it('is exported as a command, as JSON and as an example', async () => {
    await generate();
    await button('Copy command').click();
    await until(() => lab.calls.at(-1)?.[0] === 'copy');
    const command = String(lab.calls.at(-1)![1]);
    expect(command).toMatch(/^weightroom generate runs\/\S+\/step-000240 --prompt '### Question:/);
    const shown = (await page().locator('.command').innerText()).replace(/\s+/g, ' ').trim();
    expect(shown).toBe(command.replace(/\s+/g, ' ').trim());
    await button('Export').click();
    await page().getByRole('menuitem', { name: 'Save as JSON…' }).click();
    await page().getByText('Saved in sandbox.json').waitFor();
    const json = JSON.parse(readFileSync(join(lab.folder, 'sandbox.json'), 'utf8')) as {
      exchanges: { columns: { ids: number[] }[] }[];
    };
    expect(json.exchanges[0]!.columns[0]!.ids).toHaveLength(await tokens(0).count());
    await button('Save as example').click();
    await page().getByText('Saved in examples.jsonl').waitFor();
    const line = readFileSync(join(lab.folder, 'examples.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .at(-1)!;
    expect(JSON.parse(line)).toMatchObject({ question: expect.stringContaining('Mia has 4 bags') });
  });

  it('keeps what was written before, to go back to', async () => {
    await generate();
    const text = await words('.texts');
    await page().locator('textarea.prompt-text').fill('### Question:\nAda');
    await generate();
    await button('Former texts').click();
    const items = page().getByRole('menuitem');
    await until(async () => (await items.count()) === 3);
    await items.filter({ hasText: 'Mia has 4 bags' }).click();
    await until(async () => (await words('.texts')) === text);
    expect(await page().locator('textarea.prompt-text').inputValue()).toBe(PROMPT);
  });

  it('lists its keys', async () => {
    await press('?');
    expect(await words('.help')).toContain('Ctrl+Enter Generate');
    await press('Escape');
    expect(await page().locator('.help').count()).toBe(0);
  });
});

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
    for (const device of await lab.engine.devices()) {
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
      lab.choosePython('/none/python');
      await until(async () => (await shown()).includes('/none/python could not run'));
    } finally {
      lab.choosePython(undefined);
    }
    await until(async () => !(await shown()).includes('/none/python'));
  });

  it('offer none but the processor in Restricted Mode, and say why', async () => {
    // In this order: the engine that rests could be started again by a prompt that is counted.
    lab.trust(false);
    await lab.engine.rest();
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
      const { outcomes } = lab.session().document.exchanges.at(-1)!;
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
      await lab.idle();
      expect(await page().locator('.ribbon-names').innerText()).toBe('KV cache\nWebGPU');
      expect(await words('.verdict')).toMatch(/^(Equal for|Diverges at the first token)/);
      await button('Export').click();
      await page().getByRole('menuitem', { name: 'Copy command' }).click();
      await until(() => lab.calls.at(-1)?.[0] === 'copy');
      expect(lab.calls.at(-1)?.[1]).toContain('--device webgpu');
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
      const { outcomes } = lab.session().document.exchanges.at(-1)!;
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
      await until(() => lab.calls.at(-1)?.[0] === 'copy');
      expect(lab.calls.at(-1)?.[1]).toMatch(/--backend nocache .*--device tenstorrent/);
    },
  );

  it('say what a device cannot hold, and go on with the CPU', async () => {
    await runColumn(1, /By Tenstorrent’s layout/, 'Tenstorrent');
    await generate();
    const callout = column(1).locator('.callout.error');
    expect(await callout.innerText()).toContain('ttml has no module for the SLM');
    await callout.getByText('Use the CPU').click();
    await until(
      () => lab.session().document.exchanges.at(-1)!.outcomes[1]?.status.kind === 'ended',
    );
    expect(lab.session().document.columns[1]).toMatchObject({ device: 'cpu', backend: 'nocache' });
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
    await lab.idle();
    expect(await words('.column:nth-child(2) .run-button')).toMatch(/seed 1338$/);
  });
});

describe('a chat', () => {
  beforeEach(async () => {
    await begin(chat);
    await page().getByRole('radio', { name: 'Chat' }).click();
    await page().getByLabel('Message', { exact: true }).last().fill('Hello');
    await lab.idle();
  });

  it('shows how the template renders it', async () => {
    await page().getByRole('radio', { name: 'Rendered' }).click();
    await page().getByText('<|im_start|>assistant').waitFor();
    expect(await words('.rendered')).toBe('<|im_start|>user Hello<|im_end|> <|im_start|>assistant');
  });

  it('goes on, and can be begun anew', async () => {
    await generate();
    const field = page().getByLabel('Message', { exact: true }).last();
    expect(await field.inputValue()).toBe('');
    await field.fill('Again');
    await generate();
    expect(await page().locator('.said-text').allInnerTexts()).toEqual(['Hello', 'Again']);
    await button('New chat').click();
    await until(async () => (await page().locator('.said-text').count()) === 0);
  });

  it('with a model that knows no chats says what to do', async () => {
    await begin(late);
    await page().getByRole('radio', { name: 'Chat' }).click();
    await page().getByLabel('Message', { exact: true }).last().fill('Hello');
    await press('Control+Enter');
    await page().locator('.callout.error').waitFor();
    await button('Switch to completion').click();
    await lab.idle();
    expect(await page().getByRole('radio', { name: 'Completion' }).isChecked()).toBe(true);
  });
});

describe('what can go wrong', () => {
  it('a model that is none is told in its column, and can be chosen anew', async () => {
    await begin(picked(join(models.workspace, 'nowhere'), 'nowhere'));
    await press('Control+Enter');
    await page().locator('.callout.error').waitFor();
    expect(await words('.callout.error')).toContain('has no config.json');
    lab.willChoose(late);
    await button('Choose another model…').click();
    await until(async () => (await words('.model-button')).includes('step 240'));
  });

  it('a crash of the engine costs one click', async () => {
    await begin(late);
    await writeForever();
    await until(async () => (await tokens(0).count()) > 3);
    process.kill(lab.engine.pid!, 'SIGKILL');
    await page().locator('.callout.error').waitFor();
    expect(await words('.callout.error')).toContain('was killed');
    expect(await tokens(0).count()).toBeGreaterThan(3);
    await page().locator('#number-maxTokens').fill('3');
    await page().keyboard.press('Tab');
    await button('Try again').click();
    await until(async () => (await words('.status')) === 'length');
    expect(await page().locator('.callout.error').count()).toBe(0);
  });

  it('in Restricted Mode texts can be read, and nothing is written', async () => {
    await begin(late);
    await generate();
    const text = await words('.texts');
    lab.trust(false);
    await page().getByText('This folder is in Restricted Mode').waitFor();
    expect(await words('.texts')).toBe(text);
    await press('Control+Enter');
    await page().locator('.notice.error').waitFor();
    expect(await words('.texts')).toBe(text);
    await button('Manage workspace trust').click();
    await until(() => lab.calls.some(([name]) => name === 'trust'));
    expect(await page().getByRole('button', { name: 'Generate' }).count()).toBe(0);
  });
});

describe('the view', () => {
  it('is there again as it was after the window was closed', async () => {
    await begin(early, late);
    await generate();
    const texts = await page().locator('.texts').allInnerTexts();
    await page().getByLabel('Tint').selectOption('entropy');
    await lab.reload();
    await page().locator('.token').first().waitFor({ state: 'attached' });
    await lab.idle();
    expect(await page().locator('.texts').allInnerTexts()).toEqual(texts);
    expect(await page().locator('textarea.prompt-text').inputValue()).toBe(PROMPT);
    expect(await page().getByLabel('Tint').inputValue()).toBe('entropy');
  });

  it('goes on where it is when it was hidden while a text grew', async () => {
    await begin(late);
    await page().locator('#number-maxTokens').fill('300');
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await press('Control+Enter');
    await until(async () => (await tokens(0).count()) > 3);
    lab.session().pause();
    await page().waitForTimeout(100);
    lab.session().resume();
    await lab.untilWritten();
    const [exchange] = lab.session().document.exchanges;
    expect(await tokens(0).count()).toBe(exchange!.outcomes[0]!.tokens.length);
  });

  it('shows text of a model as text, never as HTML', async () => {
    await begin(late);
    await page().locator('textarea.prompt-text').fill('<img src=x onerror=alert(1)><b>');
    await page().getByRole('radio', { name: 'Tokens' }).click();
    await page().locator('.chip', { hasText: '<' }).first().waitFor();
    await page().getByRole('radio', { name: 'Text' }).click();
    await generate();
    expect(await page().locator('.main b:not(.verdict b), .main img').count()).toBe(0);
    expect(lab.errors).toEqual([]);
  });

  it('asks again when its first message gets lost', async () => {
    const other = await openLab({ lostMessages: 1 });
    await other.page.getByText('Which model do you want to try?').waitFor();
    await other.close();
  });
});
