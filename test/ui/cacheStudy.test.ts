/**
 * A cache study as a user runs it: from the lens above its config, in a terminal, to the view. Leaves
 * the pictures that people look at.
 */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { violations } from './accessibility';
import { useLab } from './lab';
import { codeLens, reloadWindow, until, webviewWith } from './workbench';

const CONFIG = [
  'weightroom: 1',
  'cache_study:',
  '  model: model',
  '  adapters: [adapter-qv, adapter-qkvo]',
  '  prefix_ids: cache.safetensors#ids',
  '  continuation: cache.safetensors#continuation',
  '  store: [fp32, int8]',
  '  tokens: 12',
  '',
].join('\n');

const lab = useLab({
  write: folder => {
    cpSync(join(root, 'test', 'fixtures', 'cache', 'mha'), folder, { recursive: true });
    writeFileSync(join(folder, 'study.yaml'), CONFIG);
  },
  isStory: true,
});

const studyView = (): Promise<Frame> => webviewWith(lab().page, '#map');

const text = async (view: Frame, selector: string): Promise<string> =>
  (await view.locator(selector).first().innerText()).replaceAll('\u2009', ' ').replace(/\s+/g, ' ');

describe('a cache study', () => {
  it('runs from the lens above its config and is shown', async () => {
    const { page } = lab();
    await lab().openFile('study.yaml');
    expect(await codeLens(page, '▷ Train').count()).toBe(0);
    await codeLens(page, '▷ Run cache study').click();
    const view = await studyView();
    expect(await text(view, '.head')).toContain('2 adapters · shared prefix of 24 tokens');
    expect(await text(view, '.exactness')).toBe('Layer 0 is exact: same input for every adapter');
    await lab().picture('cache-study-host');
  });

  it('is looked at by key, down to the tokens, and keeps nobody out', async () => {
    const { page } = lab();
    const view = await studyView();
    await view.locator('#map').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await until('the cell is told', async () =>
      (await text(view, '.line')).includes('adapter-qkvo, layer 1'),
    );
    await page.keyboard.press('Enter');
    await view.locator('wr-heat canvas').waitFor();
    expect(await violations(view)).toEqual([]);
    await lab().picture('cache-study-host-tokens');
    await view.locator('#map').press('Escape');
    await view.locator('.map .cell').first().waitFor();
    expect(lab().consoleErrors).toEqual([]);
  });

  it('is there after the window was reloaded, in another theme', async () => {
    const { page, server } = lab();
    await server.changeSettings({ 'workbench.colorTheme': 'Light Modern' });
    await reloadWindow(page, { keepsEditors: true });
    const view = await studyView();
    expect(await text(view, '.head')).toContain('2 adapters · shared prefix of 24 tokens');
    expect(await violations(view)).toEqual([]);
    await lab().picture('cache-study-host-light');
  });

  it('is opened again by the lens', async () => {
    const { page } = lab();
    await lab().openFile('study.yaml');
    await codeLens(page, 'Open last study').click();
    await studyView();
  });
});
