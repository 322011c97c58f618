/**
 * The main job, as one story: a config's lens starts a run; tree, lens and curves show it growing;
 * it is stopped, resumed, found again after the window is reloaded, and compared with another.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  curvesView,
  listedRun,
  lossTable,
  pressButton,
  shownInCurves,
  untilDrawn,
} from './curvesView';
import { ownerOf, useLab } from './lab';
import { shownRun, untilRun } from './runsView';
import {
  codeLens,
  openContainer,
  reloadWindow,
  runCommand,
  statusBarItem,
  until,
} from './workbench';
import { endlessSteps, shortSteps, writeWorkspace } from './workspace';

const lab = useLab({ write: writeWorkspace, isStory: true });

const inTree = (name: string) => () => shownRun(lab().page, name);

function runFolder(name: string): string {
  const runs = join(lab().workspace, 'runs');
  const id = existsSync(runs) ? readdirSync(runs).find(one => one.endsWith(`-${name}`)) : undefined;
  if (id === undefined) throw new Error(`no folder of a run ${name}`);
  return join(runs, id);
}

describe('training from a config', () => {
  it('starts with the lens above it', async () => {
    const { page } = lab();
    await openContainer(page);
    await lab().openFile('sums.yaml');
    await codeLens(page, '▷ Train').click();
    await untilRun('trains', inTree('sums'), run => run.step > 0);
    expect(existsSync(join(runFolder('sums'), 'events.jsonl'))).toBe(true);
  });

  it('opens the curves, where the run grows', async () => {
    const view = await curvesView(lab().page);
    await untilDrawn(view);
    const read = () => shownInCurves(view, 'sums');
    const before = await untilRun('is listed', read, run => run.step > 0);
    await untilRun('grows in the curves', read, run => run.step > before.step);
    await lab().picture('one-run-live');
  });

  it('shows growing steps in the tree, the status bar and a last loss in the lens', async () => {
    const { page } = lab();
    const before = await untilRun('is listed', inTree('sums'), () => true);
    const now = await untilRun('grows', inTree('sums'), run => run.step > before.step);
    expect(now).toMatchObject({ status: 'training', maxSteps: endlessSteps });
    await lab().openFile('sums.yaml');
    await codeLens(page, /Open curves · \d/).waitFor();
    await statusBarItem(page, /sums \d/).waitFor();
  });

  it('stops with a lens, and keeps what it learnt', async () => {
    await codeLens(lab().page, 'Stop').click();
    const stopped = await untilRun('is stopped', inTree('sums'), run => run.status === 'stopped');
    expect(stopped.step).toBeGreaterThan(0);
    await until('its process has ended', () => ownerOf(runFolder('sums')) === undefined);
  });

  it('goes on from there with the lens Resume', async () => {
    const stopped = await untilRun('is listed', inTree('sums'), () => true);
    await codeLens(lab().page, 'Resume').click();
    await untilRun('grows', inTree('sums'), run => run.step > stopped.step);
    expect(readdirSync(join(lab().workspace, 'runs'))).toHaveLength(1);
  });

  it('survives a reload of the window and is found again', async () => {
    const { page } = lab();
    const before = await untilRun('is listed', inTree('sums'), () => true);
    const owner = ownerOf(runFolder('sums'));
    expect(owner).toBeDefined();
    await reloadWindow(page, { keepsEditors: true });
    await openContainer(page);
    await untilRun('grows', inTree('sums'), run => run.step > before.step);
    expect(ownerOf(runFolder('sums'))).toBe(owner);
  });

  it('shows it in the curves that were open before, and opens no others', async () => {
    const { page } = lab();
    await lab().openFile('sums.yaml');
    await codeLens(page, /Open curves/).click();
    const view = await curvesView(page);
    const read = () => shownInCurves(view, 'sums');
    const before = await untilRun('is listed', read, () => true);
    await untilRun('grows in the curves', read, run => run.step > before.step);
    expect(await page.locator('.tab', { hasText: 'Loss curves' }).count()).toBe(1);
  });

  it('stops with a command', async () => {
    await runCommand(lab().page, 'Weightroom: Stop Run');
    await untilRun('is stopped', inTree('sums'), run => run.status === 'stopped');
  });
});

describe('comparing two runs', () => {
  it('trains the second to its end', async () => {
    await lab().openFile('slow.yaml');
    await codeLens(lab().page, '▷ Train').click();
    const done = await untilRun('is done', inTree('slow'), run => run.status === 'done');
    expect(done.step).toBe(shortSteps);
  });

  it('adds it to the same curves', async () => {
    const { page } = lab();
    await lab().openFile('sums.yaml');
    await codeLens(page, /Open curves/).click();
    const view = await curvesView(page);
    await listedRun(view, 'sums').waitFor();
    await listedRun(view, 'slow').waitFor();
    await untilDrawn(view);
    await lab().picture('two-runs');
  });

  it('has both in one table, to their last steps', async () => {
    const view = await curvesView(lab().page);
    const stopped = await shownRun(lab().page, 'sums');
    const { runs, steps } = await lossTable(view);
    expect(runs.sort()).toEqual(['slow', 'sums']);
    expect(steps.some(step => step > 0 && step <= shortSteps)).toBe(true);
    expect(steps.at(-1)).toBeGreaterThanOrEqual((stopped?.step ?? NaN) - 1);
    await pressButton(view, 'Show as table (T)');
  });

  it("opens both configs in VS Code's diff editor", async () => {
    const { page } = lab();
    const view = await curvesView(page);
    await pressButton(view, 'Compare configs of two runs');
    await view.getByRole('menuitem', { name: /↔/ }).first().click();
    await page.locator('.monaco-diff-editor').waitFor();
    await page.locator('.monaco-diff-editor').getByText('learning_rate').first().waitFor();
    await lab().picture('two-configs');
  });

  it('asked no other machine for anything, and nothing of ours was refused', () => {
    expect(lab().externalRequests).toEqual([]);
    expect(lab().consoleErrors).toEqual([]);
  });
});
