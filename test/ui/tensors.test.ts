/**
 * The editors of files of tensors as a user meets them: each format on a real file, opened from the
 * workspace by its name. Leaves the pictures that people look at.
 */
import { cpSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { openTokenizer } from '../../src/engine/data/tokenizer';
import { writeTokenBin } from '../../src/engine/data/tokenBin';
import { disk } from '../../src/engine/files/fileSystem';
import { encodeHeader } from '../../src/engine/formats/encodeSafetensors';
import { violations } from './accessibility';
import { useLab } from './lab';
import { persist, reloadWindow, runCommand, until, webviewWith, type Timeout } from './workbench';

const fixtures: [name: string, from: string][] = [
  ['model.safetensors', 'hf/llama2-tiny/model.safetensors'],
  ['checkpoint.pt', 'torch/nested.zip.pt'],
  ['legacy.pth', 'torch/module.legacy.pt'],
  ['arrays.npz', 'numpy/zoo.npz'],
  ['array.npy', 'numpy/float32.npy'],
  ['graph.onnx', 'onnx/raw.onnx'],
  ['pytorch_model.bin', 'torch/module.zip.pt'],
  ['hostile.pt', 'torch/golden/evil_os_system.zip.pt'],
  ['damaged.safetensors', 'safetensors/hole.safetensors'],
];

const lab = useLab({
  write: folder => {
    for (const [name, from] of fixtures)
      cpSync(join(root, 'test', 'fixtures', from), join(folder, name));
    writeSparse(join(folder, 'ten-gigabytes.safetensors'));
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

const tensorsView = (soon?: Timeout): Promise<Frame> =>
  webviewWith(lab().page, '.summary h1, .problem h1', soon);

/** VS Code's own editor, which says that a file is no text. */
const binaryNotice = () =>
  lab().page.locator('.editor-container', { hasText: 'is not displayed in the text editor' });

/** Its words on binary files take the focus when they come, and the picker is gone. */
const reopenAsTensors = (): Promise<void> =>
  persist('the editor is chosen', async soon => {
    await runCommand(lab().page, 'View: Reopen Editor With...');
    const choice = lab().page.locator('.quick-input-list .monaco-list-row[aria-label^="Tensors"]');
    await choice.first().click(soon);
  });

/**
 * The view of this file, and of no other. VS Code makes its service of custom editors late, and a
 * file that is opened before gets its own editor, which its history then asks for each time, also
 * after a reload. Who meets that chooses the editor.
 */
async function open(name: string): Promise<Frame> {
  await runCommand(lab().page, 'View: Close All Editors');
  await lab().openFile(name);
  let view: Frame | undefined;
  await persist(`${name} is shown`, async soon => {
    if ((await binaryNotice().count()) > 0) await reopenAsTensors();
    view = await tensorsView(soon);
    await view.locator('h1', { hasText: name }).first().waitFor(soon);
  });
  return view!;
}

const text = async (view: Frame, selector: string): Promise<string> =>
  (await view.locator(selector).first().innerText()).replaceAll('\u2009', ' ').replace(/\s+/g, ' ');

describe('a file of tensors opens in its editor', () => {
  it.each([
    ['model.safetensors', 'Sound Header 21 Tensors'],
    ['checkpoint.pt', 'Nothing run Pickle'],
    ['legacy.pth', 'Nothing run Pickle'],
    ['arrays.npz', 'Sound Header'],
    ['array.npy', 'Sound Header 1 Tensor'],
    ['pytorch_model.bin', 'Nothing run Pickle'],
    ['ten-gigabytes.safetensors', '40 Tensors 2.68 G Parameters 10.7 GB'],
  ])('%s', async (name, facts) => {
    const view = await open(name);
    expect(await text(view, '.facts')).toContain(facts);
    await view.locator('.table .row').first().waitFor();
    await lab().picture(`tensors-host-${name}`);
  });

  it('graph.onnx, when it is asked for', async () => {
    await open('array.npy');
    await lab()
      .openFile('graph.onnx')
      .catch(() => undefined); // VS Code asks how to show it
    await reopenAsTensors();
    const view = await tensorsView();
    await until('the graph is shown', async () =>
      (await text(view, '.summary h1')).includes('graph.onnx'),
    );
    expect(await text(view, '.summary')).toContain('ONNX');
  });

  it.each([
    ['hostile.pt', 'would run code'],
    ['damaged.safetensors', 'cannot be opened'],
  ])('%s is refused, and says why', async (name, words) => {
    const view = await open(name);
    expect(await text(view, '.problem')).toContain(words);
    await lab().picture(`tensors-host-${name}`);
  });
});

describe('a token bin', () => {
  it('that was prepared here opens by itself, and as text at a press', async () => {
    const tokenizer = await openTokenizer('bytes');
    const ids = tokenizer.encode('the quick brown fox jumps over the lazy dog.\n'.repeat(200));
    writeTokenBin(disk, join(lab().workspace, 'fox.bytes.bin'), Uint16Array.from(ids), {
      tokenizer: 'bytes',
      tokenizerHash: tokenizer.hash,
      vocabSize: tokenizer.vocabSize,
      examples: 1,
      source: { file: 'fox.txt', sha256: '', bytes: 1, format: 'text', part: [0, 1] },
    });
    const view = await open('fox.bytes.bin');
    expect(await text(view, '.summary')).toContain('Token bin');
    await view.locator('.bars rect').first().waitFor();
    await lab().picture('tensors-host-tokens');
    await view.getByRole('button', { name: 'Open as text' }).click();
    await lab().page.locator('.tab.active', { hasText: 'fox.bytes.bin.txt' }).waitFor();
  });
});

const themes: [kind: string, name: string][] = [
  ['dark', 'Dark Modern'],
  ['light', 'Light Modern'],
  ['high-contrast', 'Default High Contrast'],
];

describe.each(themes)('in a %s theme', (kind, name) => {
  it('a tensor shows its numbers, by key, and nothing keeps anybody out', async () => {
    const { page, server } = lab();
    await server.changeSettings({ 'workbench.colorTheme': name });
    await reloadWindow(page);
    const view = await open('model.safetensors');
    await view.locator('.table').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await view.locator('.bars rect').first().waitFor();
    await view.locator('wr-heat canvas').first().waitFor();
    await view.locator(`body.vscode-${kind}`).waitFor();
    await lab().picture(`tensors-host-${kind}`);
    expect(await violations(view)).toEqual([]);
  });
});

describe('the page of tensors', () => {
  it('asked no other machine for anything, and met no error', () => {
    expect(lab().externalRequests).toEqual([]);
    expect(lab().consoleErrors).toEqual([]);
  });
});
