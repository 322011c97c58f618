/**
 * Evaluations as one story: a lens starts one over a model that was trained, its report comes up
 * live, wrong samples are failing tests, the tree leads back, an agent is asked. Leaves the pictures
 * that people look at.
 */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { makeDemoProblems } from '../../src/engine/data/demoProblems';
import { trainedModels } from '../webview/trainedModels';
import { violations } from './accessibility';
import { useLab } from './lab';
import {
  codeLens,
  enter,
  openContainer,
  pane,
  persist,
  reloadWindow,
  runCommand,
  until,
  webviewWith,
} from './workbench';

const SAMPLES = 48;

const configText = (run: string) => `weightroom: 1
model: { family: slm, block_size: 128, n_layer: 2, n_head: 4, n_embed: 64 }
data: { train: problems.jsonl, format: gsm8k, tokenizer: "bpe:384" }
train: { max_steps: 240, batch_size: 8, learning_rate: 5e-3, warmup_steps: 20, save_every: 120 }
evaluate:
  model: ${run}
  data: held-out.jsonl
  samples: ${SAMPLES}
  batch_size: 8
  max_new_tokens: 96
`;

function writeModels(folder: string): void {
  const { workspace } = trainedModels();
  for (const name of ['runs', 'problems.jsonl'])
    cpSync(join(workspace, name), join(folder, name), { recursive: true });
  const [run] = readdirSync(join(folder, 'runs'));
  const held = makeDemoProblems(4711, 60).map(problem => `${JSON.stringify(problem)}\n`);
  writeFileSync(join(folder, 'held-out.jsonl'), held.join(''));
  writeFileSync(join(folder, 'tiny.yaml'), configText(run!));
}

const lab = useLab({
  write: writeModels,
  isStory: true,
  size: { width: 1440, height: 900 },
  settings: { 'workbench.colorTheme': 'Dark Modern' },
});

const report = (): Promise<Frame> => webviewWith(lab().page, '.report');
const text = async (view: Frame, selector: string): Promise<string> =>
  (await view.locator(selector).first().innerText()).replaceAll('\u2009', ' ').replace(/\s+/g, ' ');

/** Folders of evaluations below the one run. */
function evaluations(): string[] {
  const runs = join(lab().workspace, 'runs');
  const folder = join(runs, readdirSync(runs)[0]!, 'evaluations');
  return existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : [];
}
const isDone = (dir: string) => existsSync(join(dir, 'report.json'));

describe('an evaluation', () => {
  it('is started by the lens above its section, and shown while it runs', async () => {
    await openContainer(lab().page);
    await lab().openFile('tiny.yaml');
    await codeLens(lab().page, '▷ Evaluate').click();
    const view = await report();
    await view.locator('.table .row').first().waitFor();
    await lab().picture('evaluation-host-running');
    await until('the report is there', () => evaluations().some(isDone));
    await view.locator('.agreement').waitFor();
    expect(await text(view, '.toolbar')).toContain(`${SAMPLES} of 60 · tiny, step 240 · greedy`);
    await view.locator(`[role=treegrid][aria-rowcount="${SAMPLES + 1}"]`).waitFor();
  });

  it('shows what was expected beside what was written', async () => {
    const view = await report();
    const table = view.locator('.table');
    for (const key of ['2', 'ArrowDown', 'ArrowRight']) await table.press(key);
    await view.locator('.texts').waitFor();
    expect(await view.locator('.lines.wanted .other').count()).toBeGreaterThan(0);
    await table.press('h');
    await view.locator('.heat-token').first().waitFor();
    await table.press('h');
    await lab().picture('evaluation-host-sample');
    expect(await violations(view)).toEqual([]);
  });

  it('runs what failed again, and is held against what was before', async () => {
    const view = await report();
    await view.getByRole('button', { name: 'Run failed again' }).click();
    await until('there are two', () => evaluations().filter(isDone).length === 2);
    const compared = await webviewWith(lab().page, '.paired');
    expect(await text(compared, '.paired')).toMatch(/No difference.* 0 wrong → right, 0 right/);
    const plan = evaluations().map(
      dir =>
        JSON.parse(readFileSync(join(dir, 'evaluation.json'), 'utf8')) as { indices: number[] },
    );
    expect(plan[1]!.indices.length).toBeLessThan(SAMPLES);
  });

  it('stands below its run, and is there after the window is reloaded', async () => {
    await runCommand(lab().page, 'View: Close All Editors');
    await openContainer(lab().page);
    const run = pane(lab().page, 'Runs').locator('.monaco-list-row', { hasText: 'tiny' }).first();
    await run.click();
    await lab().page.keyboard.press('ArrowRight');
    const row = pane(lab().page, 'Runs').locator('.monaco-list-row', { hasText: '48 samples' });
    await row.first().click();
    await (await report()).locator('.table .row').first().waitFor();
    await lab().picture('evaluation-host-tree');
    await reloadWindow(lab().page, { keepsEditors: true });
    const again = await report();
    await again.locator('.table .row').first().waitFor();
    expect(await text(again, '.toolbar h1')).toBe('tiny');
  });
});

describe('the Test Explorer', () => {
  it('has each sample as a test, and a wrong one as a failing test with both texts', async () => {
    const { page } = lab();
    await runCommand(page, 'Testing: Focus on Test Explorer View');
    const row = (words: string) =>
      page.locator('.test-explorer .monaco-list-row', { hasText: words }).first();
    await row('tiny.yaml').waitFor();
    await row('tiny.yaml').click();
    await page.keyboard.press('ArrowRight');
    await page.locator('.test-explorer .monaco-list-row').nth(2).waitFor();
    await lab().picture('evaluation-host-tests');
    const failed = page.locator('.test-explorer .monaco-list-row', {
      has: page.locator('.testing-run-icon, .codicon-testing-failed-icon'),
    });
    await persist('the difference is shown', async soon => {
      await failed.nth(1).click(soon);
      await runCommand(page, 'Test: Peek Output');
      await page
        .locator('.test-output-peek, .monaco-diff-editor')
        .first()
        .waitFor({ timeout: soon.timeout });
    });
    await lab().picture('evaluation-host-tests-diff');
  });
});

describe('an agent', () => {
  it('is asked a question, shows its steps, and its trace becomes an example', async () => {
    const { page } = lab();
    await runCommand(page, 'View: Close All Editors');
    await runCommand(page, 'Weightroom: Ask a Math Agent…');
    const list = page.locator('.quick-input-list .monaco-list-row');
    await list.filter({ hasText: 'step 240' }).first().click();
    await list.filter({ hasText: 'Calculator' }).first().click();
    const input = page.locator('.quick-input-widget .quick-input-box input');
    const question = 'Mia buys 5 jars of 8 marbles and finds 5 more. How many does she have?';
    await input.fill(question);
    await enter(page, question);
    const view = await webviewWith(page, '.trace .question');
    await view.locator('.example input').waitFor({ timeout: 120_000 });
    expect(await view.locator('.step').count()).toBeGreaterThan(0);
    await view.locator('.example input').fill('45');
    await view.getByRole('button', { name: 'Save as evaluation example' }).click();
    const examples = join(lab().workspace, 'agent_examples.jsonl');
    await until('the example is kept', () => existsSync(examples));
    expect(JSON.parse(readFileSync(examples, 'utf8'))).toMatchObject({ answer: '#### 45' });
    await lab().picture('evaluation-host-agent');
    expect(await violations(view)).toEqual([]);
  });
});

describe('the views', () => {
  it('asked no other machine for anything, and met no error', () => {
    expect(lab().externalRequests).toEqual([]);
    expect(lab().consoleErrors).toEqual([]);
  });
});
