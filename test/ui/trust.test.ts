/** Restricted Mode: a folder that nobody trusts can be looked at, and nothing in it starts. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { useLab } from './lab';
import { sandboxView } from './sandboxView';
import { codeLens, openContainer, pane, runCommand } from './workbench';
import { writeWorkspace } from './workspace';

const lab = useLab({
  write: writeWorkspace,
  asksForTrust: true,
  settings: { 'security.workspace.trust.startupPrompt': 'never' },
});

/** Command lines of processes that were started from the installed extension. */
function startedByExtension(): string[] {
  const { extensions } = inject('installed');
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return all.filter(line => line.includes(join(extensions, 'weightroom.')));
}

describe('in Restricted Mode', () => {
  it('the Runs view says what stays possible and how to trust', async () => {
    await openContainer(lab().page);
    const runs = pane(lab().page, 'Runs');
    await runs.getByText('This folder is in Restricted Mode').waitFor();
    await runs.locator('.monaco-button', { hasText: 'Manage Workspace Trust' }).waitFor();
    await lab().picture('restricted');
  });

  it('a config has lenses that start nothing', async () => {
    await lab().openFile('sums.yaml');
    await codeLens(lab().page, 'Plan').waitFor();
    await codeLens(lab().page, 'Manage workspace trust to train').waitFor();
    expect(await codeLens(lab().page, '▷ Train').count()).toBe(0);
  });

  it('a plan can be read', async () => {
    await codeLens(lab().page, 'Plan').click();
    await lab().page.locator('.tab.active', { hasText: /plan/i }).waitFor();
  });

  it('the sandbox says what stays possible, and opens no model', async () => {
    await runCommand(lab().page, 'Weightroom: Open Sandbox');
    const view = await sandboxView(lab().page);
    await view.getByText('This folder is in Restricted Mode').waitFor();
    expect(await view.getByRole('button', { name: 'Choose a model…' }).count()).toBe(0);
    expect(await view.getByRole('button', { name: 'Generate' }).count()).toBe(0);
    await lab().picture('sandbox-restricted');
  });

  it('no process of ours and no run exists after all of that', async () => {
    await runCommand(lab().page, 'Weightroom: Refresh Runs');
    expect(startedByExtension()).toEqual([]);
    expect(existsSync(join(lab().workspace, 'runs'))).toBe(false);
  });

  it('the window asked no other machine for anything', () => {
    expect(lab().externalRequests).toEqual([]);
  });
});
