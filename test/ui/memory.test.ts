/**
 * A device's memory as a user meets it: lenses and problems of a tt-train config, the plan, the change
 * that makes it fit, an out-of-memory message, the Devices view. Leaves pictures.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { LLAMA_1B } from '../webview/memoryLab';
import { violations } from './accessibility';
import { useLab } from './lab';
import {
  codeLens,
  openContainer,
  pane,
  persist,
  runCommand,
  until,
  webviewWith,
} from './workbench';

const OOM =
  'Out of Memory: Not enough space to allocate 117440512 B DRAM buffer across 12 banks, where each bank needs to store 9787392 B, but bank size is only 1071181792 B';
const CONFIG = 'training_llama3_1b.yaml';

const lab = useLab({
  write: folder => {
    writeFileSync(join(folder, CONFIG), LLAMA_1B);
    writeFileSync(
      join(folder, 'training_wrong.yaml'),
      'training_config:\n  batch_size: 9\n  model_config: ""\ndevice_config:\n  enable_ddp: true\n  mesh_shape: [1, 2]\n',
    );
    for (const name of ['config.json', 'model.safetensors'])
      cpSync(
        join(root, 'test/fixtures/hf/llama32-tiny', name),
        join(folder, 'models/llama32-tiny', name),
      );
  },
  isStory: true,
});

const memoryView = () => webviewWith(lab().page, '.verdict, .callout');

describe("a device's memory", () => {
  it('is planned from the lens above a tt-train config', async () => {
    await lab().openFile(CONFIG);
    await codeLens(lab().page, 'Check load').first().waitFor();
    await codeLens(lab().page, 'Diff weights').first().waitFor();
    await codeLens(lab().page, 'Plan memory').first().click();
    const view = await memoryView();
    await view.locator('.bank-map .bank').first().waitFor();
    expect(await view.locator('.verdict').first().innerText()).toContain('Does not fit');
    expect(await violations(view)).toEqual([]);
    await lab().picture('memory-host');
  });

  it('fits once the change is written into the config', async () => {
    const view = await memoryView();
    await view.locator('.suggestion.fits input').first().check();
    await view.getByText('Apply to YAML').click();
    await view.locator('.verdict.fits').waitFor();
    await runCommand(lab().page, 'File: Save All');
    await until('the file has it', () =>
      Promise.resolve(
        /batch_size: [1-5]\n/.test(readFileSync(join(lab().workspace, CONFIG), 'utf8')),
      ),
    );
    await lab().picture('memory-host-fits');
  });

  it('is explained from what a device said', async () => {
    await persist('the explanation is open', async soon => {
      await lab().openFile(CONFIG);
      await runCommand(lab().page, 'Weightroom: Explain Out-of-Memory Message…');
      const box = lab().page.locator('.quick-input-widget .quick-input-box input');
      await box.fill(OOM, soon);
      await box.press('Enter', soon);
      const shown = lab().page.locator('.view-lines').filter({ hasText: 'DRAM' });
      await shown.first().waitFor(soon);
    });
    await lab().picture('memory-explained');
  });
});

describe('tt-train’s rules', () => {
  it('are problems where they are broken', async () => {
    await lab().openFile('training_wrong.yaml');
    await lab().page.locator('.squiggly-error').first().waitFor();
    await lab().picture('memory-rules');
  });
});

describe('the Devices view', () => {
  it('says what is here, and why something is not', async () => {
    await openContainer(lab().page);
    for (const view of ['Runs', 'Data', 'Models', 'Devices'])
      await fold(pane(lab().page, view).locator('.pane-header'), view !== 'Devices');
    const rows = pane(lab().page, 'Devices').locator('.monaco-list-row');
    for (const device of [/PyTorch(?! on )/, "Tenstorrent's layout", 'Tenstorrent through ttml'])
      await fold(rows.filter({ hasText: device }), false);
    for (const fact of [
      'bfloat16, ttml layout',
      'ttml · not here',
      /ttml is not installed|no Python was found/,
    ])
      await rows.filter({ hasText: fact }).first().waitFor();
    await lab().picture('devices-host', lab().page.locator('.part.sidebar'));
  });
});

async function fold(what: Locator, isFolded: boolean): Promise<void> {
  await persist(isFolded ? 'it is folded' : 'it is open', async soon => {
    const isDone = async () =>
      (await what.getAttribute('aria-expanded', soon)) === String(!isFolded);
    if (!(await isDone())) await what.click(soon);
    expect(await isDone()).toBe(true);
  });
}
