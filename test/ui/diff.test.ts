/**
 * The weight diff as a user meets it: two files of the workspace compared in the real host. Leaves the
 * pictures that people look at.
 */
import { cpSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { encodeHeader } from '../../src/engine/formats/encodeSafetensors';
import { writeModelAndDump } from '../webview/diffLab';
import { violations } from './accessibility';
import { useLab } from './lab';
import { runCommand, until, webviewWith } from './workbench';

const lab = useLab({
  write: folder => {
    const { model, dump } = writeModelAndDump('diff-host');
    cpSync(model, join(folder, 'model'), { recursive: true });
    cpSync(dump, join(folder, 'device.safetensors'));
    for (const name of ['ten-gb-a', 'ten-gb-b']) writeSparse(join(folder, `${name}.safetensors`));
  },
  settings: { 'editor.fontSize': 13 },
});

/** Ten gigabytes of zeros that take no room on the disk. */
function writeSparse(path: string): void {
  const heads = Array.from({ length: 40 }, (_, i) => ({
    name: `model.layers.${i}.mlp.up_proj.weight`,
    dtype: 'F32',
    shape: [8192, 8192],
    bytes: 8192 * 8192 * 4,
  }));
  const head = encodeHeader(heads);
  writeFileSync(path, head);
  truncateSync(path, head.byteLength + heads.reduce((sum, { bytes }) => sum + bytes, 0));
}

/** Chooses both sides as they are listed. */
async function compare(left: string, right: string): Promise<Frame> {
  const { page } = lab();
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'Weightroom: Compare Weights');
  for (const name of [left, right]) {
    await page.locator('.quick-input-widget .quick-input-box input').fill(name);
    await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
  }
  return webviewWith(page, '.table .row');
}

describe('the weight diff', () => {
  it('compares a model with what a device made of it, and names what is wrong', async () => {
    const view = await compare('model', 'device.safetensors');
    await view.locator('.fault').waitFor();
    expect(await view.locator('.fault strong').innerText()).toBe('kv heads 3 and 4 are exchanged.');
    await view.locator('.spread .some').first().waitFor();
    await lab().picture('diff-host');
    expect(await violations(view)).toEqual([]);
  });

  it('stays responsive over ten gigabytes', async () => {
    const view = await compare('ten-gb-a', 'ten-gb-b');
    await view.locator('#filter').fill('layers.39');
    const first = view.locator('.all-rows .row').first();
    await until('it is found', async () => (await first.innerText()).includes('layers.39'));
    await first.click();
    await view.locator('.detail h2', { hasText: 'layers.39' }).waitFor();
    await lab().picture('diff-host-ten-gigabytes');
  });
});
