/**
 * Every view in every kind of theme: that it draws, that a screen reader can use it, that its policy
 * holds. Leaves the pictures that people look at.
 */
import { execFileSync } from 'node:child_process';
import type { Frame } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { violations } from './accessibility';
import { curvesView, listedRun, untilDrawn } from './curvesView';
import { installedCli, useLab } from './lab';
import { runRow } from './runsView';
import { codeLens, openContainer, pane, reloadWindow, runCommand } from './workbench';
import { writeWorkspace } from './workspace';

const themes: [kind: string, name: string, workbenchClass: string][] = [
  ['dark', 'Dark Modern', 'vs-dark'],
  ['light', 'Light Modern', 'vs'],
  ['high-contrast', 'Default High Contrast', 'hc-black'],
];

const lab = useLab({
  write: folder => {
    writeWorkspace(folder);
    for (const config of ['slow.yaml', 'steep.yaml']) {
      execFileSync(process.execPath, [installedCli(), 'train', config], { cwd: folder });
    }
  },
});

/** Opens the curves with both runs. */
async function openCurves(): Promise<Frame> {
  const { page } = lab();
  for (const name of ['slow', 'steep']) {
    await lab().openFile(`${name}.yaml`);
    await codeLens(page, /Open curves/).click();
    const view = await curvesView(page);
    await listedRun(view, name).waitFor();
  }
  const view = await curvesView(page);
  await untilDrawn(view);
  return view;
}

describe.each(themes)('in a %s theme', (kind, name, workbenchClass) => {
  it('the runs and the data are listed', async () => {
    const { page, server } = lab();
    await server.changeSettings({ 'workbench.colorTheme': name });
    await reloadWindow(page);
    await page.locator(`.monaco-workbench.${workbenchClass}`).waitFor();
    await openContainer(page);
    await runRow(page, 'slow').waitFor();
    await pane(page, 'Data').locator('.monaco-list-row').first().waitFor();
    await runCommand(page, 'View: Close All Editors');
    await lab().picture(`side-bar-${kind}`);
  });

  it('a config has its lenses and its mistakes are marked', async () => {
    const { page } = lab();
    await lab().openFile('mistakes.yaml');
    await codeLens(page, '▷ Train').waitFor();
    await page.locator('.squiggly-error').nth(1).waitFor();
    await lab().picture(`config-${kind}`);
  });

  it('the curves take the colours of the theme and are drawn', async () => {
    const view = await openCurves();
    await view.locator(`body.vscode-${kind}`).waitFor();
    await untilDrawn(view);
    await lab().picture(`curves-${kind}`);
  });

  it('the curves have no accessibility violation', async () => {
    expect(await violations(await curvesView(lab().page))).toEqual([]);
  });
});

describe('the page of the curves', () => {
  it('states the strictest policy that it can live with', async () => {
    const view = await curvesView(lab().page);
    const meta = view.locator('meta[http-equiv="Content-Security-Policy"]').first();
    const policy = (await meta.getAttribute('content')) ?? '';
    const rules = policy.split('; ').map(rule => rule.split(' ')[0]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'nonce-[\w-]{22,}'(;|$)/);
    expect(policy).not.toMatch(/unsafe-(eval|inline)/);
    expect(rules).toEqual(expect.arrayContaining(['form-action', 'base-uri']));
    expect(rules).not.toContain('connect-src');
  });

  it('runs no script that is put into it', async () => {
    const view = await curvesView(lab().page);
    const ran = await view.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'document.body.dataset.injected = "yes"';
      document.body.append(script);
      const image = document.createElement('img');
      image.setAttribute('onerror', 'document.body.dataset.injected = "yes"');
      image.src = 'data:image/png;base64,broken';
      document.body.append(image);
      await new Promise(resolve => setTimeout(resolve, 500));
      return document.body.dataset['injected'];
    });
    expect(ran).toBeUndefined();
  });

  it('asked no other machine for anything', () => {
    expect(lab().externalRequests).toEqual([]);
  });
});
