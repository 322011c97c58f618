/**
 * The sandbox as one story: a config's lens opens it with the model that was trained, it writes, is
 * compared with a former checkpoint, branches, is stopped, and is there after the window is reloaded.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { violations } from './accessibility';
import { installedCli, useLab } from './lab';
import {
  setNumber,
  sandboxView,
  statuses,
  tokensOf,
  untilWritten,
  writePrompt,
} from './sandboxView';
import {
  chooseFromMenu,
  codeLens,
  enter,
  openContainer,
  pane,
  reloadWindow,
  runCommand,
  treeRow,
  until,
  webviewWith,
} from './workbench';

const config = `weightroom: 1
model: { family: slm, block_size: 64, n_layer: 2, n_head: 4, n_embed: 64 }
data: { train: data/sums.txt, tokenizer: bytes }
train: { max_steps: 200, batch_size: 8, learning_rate: 5e-3, warmup_steps: 20, save_every: 100 }
`;

/** A trained run, and a copy of its last checkpoint as somebody's model folder. */
function writeModels(folder: string): void {
  mkdirSync(join(folder, 'data'));
  const sums = Array.from({ length: 900 }, (_, i) => [i % 10, (i * 7) % 10] as const);
  const text = sums.map(([a, b]) => `${a} + ${b} = ${a + b}\n`).join('');
  writeFileSync(join(folder, 'data', 'sums.txt'), text);
  writeFileSync(join(folder, 'sums.yaml'), config);
  execFileSync(process.execPath, [installedCli(), 'train', 'sums.yaml'], { cwd: folder });
  const [run] = readdirSync(join(folder, 'runs'));
  const checkpoint = join(folder, 'runs', run!, 'checkpoints', 'step-000200');
  cpSync(checkpoint, join(folder, 'models', 'sums-model'), { recursive: true });
}

const lab = useLab({ write: writeModels, isStory: true });
const view = (): Promise<Frame> => sandboxView(lab().page);

/** A row of the Runs view by what it shows. */
const row = (text: string): Locator =>
  pane(lab().page, 'Runs').locator('.monaco-list-row', { hasText: text }).first();

describe('the sandbox', () => {
  it('opens with the lens above a config that was trained', async () => {
    await openContainer(lab().page);
    await lab().openFile('sums.yaml');
    await codeLens(lab().page, '▷ Try it').click();
    const button = (await view()).locator('.model-button');
    await button.waitFor();
    expect((await button.innerText()).replaceAll('\u2009', ' ')).toMatch(
      /^SLM .+ · sums, step 200/,
    );
  });

  it('writes what it has learnt, with what it took', async () => {
    const frame = await view();
    await writePrompt(frame, '3 + 4 =');
    await setNumber(frame, 'maxTokens', '24');
    await frame.locator('textarea.prompt-text').press('Control+Enter');
    await untilWritten(frame, 1);
    expect(await statuses(frame)).toEqual(['length']);
    expect(await tokensOf(frame)).toHaveLength(24);
    const stats = frame.locator('.stats');
    await until('it tells its times', async () =>
      /First token\s+[\d.]+\s*m?s/.test(await stats.innerText()),
    );
    await lab().picture('sandbox-one');
  });

  it('is compared with a former checkpoint of the tree', async () => {
    const { page } = lab();
    const run = treeRow(page, 'Runs', 'sums,');
    await run.click();
    await page.keyboard.press('ArrowRight');
    const older = row('1 older checkpoint');
    await older.click();
    await row('step 100').waitFor();
    // not soon: chosen twice, it would be there twice
    await chooseFromMenu(row('step 100'), 'Compare in Sandbox', () =>
      webviewWith(page, '.columns.n2', { timeout: 30_000 }),
    );
    const frame = await view();
    await setNumber(frame, 'maxTokens', '40');
    await frame.locator('textarea.prompt-text').press('Control+Enter');
    await untilWritten(frame, 2);
    const verdict = await frame.locator('.verdict').innerText();
    expect(verdict).toMatch(/Equal for|Diverges at/);
    const drawn = await frame.locator('.ribbon-bars .bars').count();
    expect(drawn).toBe(4);
    await lab().picture('sandbox-two');
  });

  it('shows what else was likely, and branches there', async () => {
    const frame = await view();
    const former = await tokensOf(frame);
    await frame.locator('.column').first().locator('.token').nth(1).click();
    await frame.locator('.popover').waitFor();
    await lab().picture('sandbox-alternatives');
    const other = frame.locator('.alternative:not(.picked)').first();
    await other.hover();
    await other.click();
    await frame.locator('.token.forced').waitFor();
    await untilWritten(frame, 2);
    const now = await tokensOf(frame);
    expect(now[0]).toBe(former[0]);
    expect(now[1]).not.toBe(former[1]);
    expect(await frame.locator('.token.forced').count()).toBe(1);
  });

  it('is stopped with Escape', async () => {
    const frame = await view();
    await setNumber(frame, 'maxTokens', '30000');
    await frame.locator('textarea.prompt-text').press('Control+Enter');
    // More than the 40 tokens that were there before.
    await until('it writes', async () => (await tokensOf(frame)).length > 100);
    await frame.locator('textarea.prompt-text').press('Escape');
    await until('both have stopped', async () => {
      const all = await statuses(frame);
      return all.length === 2 && all.every(text => text === 'stopped');
    });
    await setNumber(frame, 'maxTokens', '24');
  });

  it('lets another model be chosen, of all that there are', async () => {
    const { page } = lab();
    await (await view()).locator('.model-button').first().click();
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await rows.filter({ hasText: 'sums-model' }).first().waitFor();
    expect(await rows.filter({ hasText: 'step 200' }).count()).toBeGreaterThan(0);
    await lab().picture('sandbox-models');
    await page.locator('.quick-input-widget .quick-input-box input').fill('sums-model');
    const focused = page.locator('.quick-input-list .monaco-list-row.focused');
    await focused.filter({ hasText: 'sums-model' }).waitFor();
    await enter(page, 'sums-model');
    const frame = await view();
    await until('it is chosen', async () =>
      (await frame.locator('.model-button').first().innerText()).includes('sums-model'),
    );
  });

  it('is there with its texts after the window is reloaded', async () => {
    const frame = await view();
    await frame.locator('textarea.prompt-text').press('Control+Enter');
    // The texts before were stopped.
    await until('others are written', async () => {
      const all = await statuses(frame);
      return all.length === 2 && all.every(text => text === 'length');
    });
    const texts = await tokensOf(frame);
    expect(texts).toHaveLength(24);
    await reloadWindow(lab().page, { keepsEditors: true });
    const restored = await view();
    await until(
      'its texts are there',
      async () => (await tokensOf(restored)).length === texts.length,
    );
    expect(await tokensOf(restored)).toEqual(texts);
    expect(await restored.locator('textarea.prompt-text').inputValue()).toBe('3 + 4 =');
  });

  it.each([
    ['dark', 'Dark Modern'],
    ['light', 'Light Modern'],
    ['high-contrast', 'Default High Contrast'],
  ])('has no accessibility violation in a %s theme', async (kind, name) => {
    await lab().server.changeSettings({ 'workbench.colorTheme': name });
    await reloadWindow(lab().page);
    const frame = await view();
    await frame.locator(`body.vscode-${kind}`).waitFor();
    await lab().picture(`sandbox-${kind}`);
    expect(await violations(frame)).toEqual([]);
  });

  it('opens from the folder of a model in the Explorer', async () => {
    const { page } = lab();
    await runCommand(page, 'View: Close All Editors');
    await runCommand(page, 'View: Show Explorer');
    const file = (name: string) =>
      page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first();
    await file('models').click();
    await chooseFromMenu(file('sums-model'), 'Open Sandbox', soon => sandboxView(page, soon));
    const frame = await view();
    await until('its model is there', async () => {
      const names = await frame.locator('.model-button').allInnerTexts();
      return names.some(name => name.includes('sums-model'));
    });
  });

  it('broke no policy and asked no other machine for anything', () => {
    expect(lab().consoleErrors).toEqual([]);
    expect(lab().externalRequests).toEqual([]);
  });
});
