/**
 * Fine-tuning as one story: labels are looked at before anything runs, the run is started from their
 * card, stopped keeping its best, goes on, and its adapter is merged into the base.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { writeAdapter, writeBase } from '../webview/adaptersOnDisk';
import { violations } from './accessibility';
import { ownerOf, useLab } from './lab';
import { runRow, shownRun, untilRun } from './runsView';
import {
  chooseFromMenu,
  chooseOnce,
  codeLens,
  notification,
  enter,
  openContainer,
  pane,
  persist,
  reloadWindow,
  runCommand,
  treeRow,
  until,
  webviewWith,
} from './workbench';

const config = `weightroom: 1
model: { family: slm, block_size: 64, n_layer: 2, n_head: 4, n_embed: 64 }
data:
  train: data/rolls.jsonl
  format: completion
  tokenizer: bytes
  max_length: 64
  prompt: "Q: {question}\\nA:"
  completion: " {answer|final}"
adapter: { kind: lora, r: 4, targets: [qkv, proj], quantization: nf4 }
train: { max_steps: 1000000, batch_size: 4, eval_every: 0, save_every: 0 }
`;

const lab = useLab({
  write: folder => {
    mkdirSync(join(folder, 'data'));
    const records = Array.from({ length: 60 }, (_, i) => ({
      question: `${i + 3} trays of ${2 * i + 5}?`,
      answer: `${i + 3} × ${2 * i + 5}\n#### ${(i + 3) * (2 * i + 5)}`,
    }));
    const lines = records.map(record => JSON.stringify(record)).join('\n');
    writeFileSync(join(folder, 'data', 'rolls.jsonl'), lines);
    writeFileSync(join(folder, 'rolls.yaml'), config);
    writeStretched(folder);
    writeWide(folder);
  },
  isStory: true,
});

/** An adapter so strong that rounding alone makes the merged model another one. */
function writeStretched(folder: string): void {
  const tiny = join(root, 'test', 'fixtures', 'hf', 'llama2-tiny');
  for (const name of ['config.json', 'model.safetensors'])
    cpSync(join(tiny, name), join(folder, 'bases', 'tiny', name));
  const adapter = join(folder, 'adapters', 'stretched');
  cpSync(join(tiny, 'lora_all_trained'), adapter, { recursive: true });
  const path = join(adapter, 'adapter_config.json');
  const facts = JSON.parse(readFileSync(path, 'utf8')) as { lora_alpha: number };
  const changed = {
    lora_alpha: 100 * facts.lora_alpha,
    base_model_name_or_path: '../../bases/tiny',
  };
  writeFileSync(path, JSON.stringify({ ...facts, ...changed }));
}

/** So large that merging it takes some seconds. */
function writeWide(folder: string): void {
  const sizes = {
    hidden_size: 768,
    intermediate_size: 2048,
    num_hidden_layers: 4,
    vocab_size: 8000,
  };
  writeBase(join(folder, 'bases', 'wide'), sizes);
  writeAdapter(join(folder, 'adapters', 'wide'), {
    ...{ seed: 1, rank: 8, targets: ['q_proj', 'v_proj'], base: '../../bases/wide', sizes },
  });
}

const labels = () => webviewWith(lab().page, '.labels');
const quickInput = () => lab().page.locator('.quick-input-widget .quick-input-box input');
const inTree = () => shownRun(lab().page, 'rolls');
const events = () => {
  const runs = join(lab().workspace, 'runs');
  return readFileSync(join(runs, readdirSync(runs)[0]!, 'events.jsonl'), 'utf8');
};

describe('fine-tuning', () => {
  it('begins with a look at what would be trained, from the lens', async () => {
    await openContainer(lab().page);
    await lab().openFile('rolls.yaml');
    await codeLens(lab().page, 'Preview labels').click();
    const view = await labels();
    await view
      .locator('.verdict')
      .getByText(/\d+ of \d+ examples train/)
      .waitFor();
    expect(
      await view.locator('.example').first().locator('.token.trained').count(),
    ).toBeGreaterThan(1);
    await view.locator('.run-card').getByText('Memory, about').waitFor();
    await lab().picture('labels');
  });

  it('is started from the card of the run', async () => {
    const view = await labels();
    await view.locator('.run-card vscode-button').getByText('Train', { exact: true }).click();
    await untilRun('trains', inTree, run => run.step > 3);
    expect(events()).toContain('quantization.error');
  });

  it('is stopped keeping the best, which is evaluated before', async () => {
    await runCommand(lab().page, 'Weightroom: Stop Run and Keep the Best');
    const stopped = await untilRun('is stopped', inTree, run => run.status === 'stopped');
    await until('it said which is the best', () => events().includes('train.best'));
    const [evaluated] =
      events()
        .match(/"type":"eval"[^\n]*/g)
        ?.slice(-1) ?? [];
    expect(evaluated).toContain(`"step":${stopped.step}`);
  });

  it('goes on from there', async () => {
    const before = await untilRun('is listed', inTree, () => true);
    await lab().openFile('rolls.yaml');
    await codeLens(lab().page, 'Resume').click();
    await untilRun('grows', inTree, run => run.step > before.step);
    await lab().picture('fine-tuning-resumed');
  });

  it('ends as an adapter that is merged, and is said to be the same model', async () => {
    const { page, workspace } = lab();
    await codeLens(page, /^Stop$/).click();
    await untilRun('is stopped', inTree, run => run.status === 'stopped');
    await openContainer(page);
    const checkpoint = treeRow(page, 'Runs', 'step ').first();
    const onto = page.locator('.quick-input-widget').getByText('Onto the NF4 Base');
    // Rows move while the tree is read anew.
    await persist('a folder is asked for', async soon => {
      await page.keyboard.press('Escape');
      if (!(await checkpoint.isVisible()))
        await runRow(page, 'rolls').first().locator('.monaco-tl-twistie').click(soon);
      await chooseOnce(checkpoint, 'Merge Adapter…', soon);
      await onto.waitFor(soon);
    });
    await lab().picture('merge-onto');
    await onto.click();
    const folder = quickInput();
    await until('one is proposed', async () =>
      /^models\/rolls-step-\d+-merged$/.test(await folder.inputValue()),
    );
    await folder.fill('runs');
    await page.getByText('runs is there already').waitFor();
    await folder.fill('models/rolls');
    await enter(page, 'models/rolls');
    const verdict = notification(page, 'rolls is the same model as the adapter over its base');
    await verdict.getByText(/\d of \d+ positions/).waitFor();
    await verdict.getByText('onto the original ones, logits would differ by up to').waitFor();
    await verdict.hover(); // it goes away by itself, but not under a pointer
    await lab().picture('merge-verdict');
    await verdict.getByRole('button', { name: 'Try It' }).click();
    const sandbox = await webviewWith(page, '.column-head');
    await sandbox.locator('.column-head').getByText('rolls').first().waitFor();
    expect(readdirSync(join(workspace, 'models', 'rolls'))).toContain('model.safetensors');
    await persist('it is listed', async soon => {
      // the list is long: to its end
      await pane(page, 'Models').locator('.monaco-list').press('End', soon);
      await treeRow(page, 'Models', 'rolls, slm').waitFor(soon);
    });
  });

  it('has an adapter that is inspected, by itself and beside another', async () => {
    const { page } = lab();
    await openContainer(page);
    const adapter = treeRow(page, 'Models', 'wide, LoRA').first();
    await chooseFromMenu(adapter, 'Inspect Adapter', soon =>
      webviewWith(page, '.adapter-card', soon),
    );
    const view = await webviewWith(page, '.adapter-card');
    await view.locator('.verdict').getByText('Changes 8 layers').waitFor();
    await view.locator('.verdict').getByText('% of its norm').waitFor();
    await view.getByText('Compare with another adapter…').click();
    await quickInput().fill('stretched');
    await page
      .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'stretched' })
      .waitFor();
    await enter(page, 'stretched');
    await view.locator('.adapter-card.second .callout').getByText('different bases').waitFor();
    expect(await violations(view)).toEqual([]);
    await lab().picture('adapter-inspector');
    await reloadWindow(page, { keepsEditors: true });
    const restored = await webviewWith(page, '.adapter-card.second');
    await restored.locator('.adapter-card.first').getByText('wide', { exact: true }).waitFor();
    expect(lab().consoleErrors).toEqual([]);
  });
});

/** From the row of an adapter to the name of the folder, which is then taken. */
async function merge(adapter: string, folder: string): Promise<void> {
  const { page } = lab();
  await openContainer(page);
  const original = page.locator('.quick-input-widget').getByText('Onto the Original Weights');
  const row = treeRow(page, 'Models', `${adapter}, LoRA`).first();
  await chooseFromMenu(row, 'Merge Adapter…', soon => original.waitFor(soon));
  await original.click();
  await until('a folder is asked for', async () =>
    (await quickInput().inputValue()).endsWith('-merged'),
  );
  await quickInput().fill(folder);
  await enter(page, folder);
}

/** Processes that merge into a folder of this name. */
const mergingInto = (folder: string): number[] =>
  execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter(line => line.includes(' merge ') && line.includes(folder))
    .map(line => parseInt(line, 10));

describe('merging', () => {
  it('that is cancelled leaves nothing, and says so', async () => {
    const { page, workspace } = lab();
    const folder = join(workspace, 'models', 'cut-off');
    await merge('wide', 'models/cut-off');
    await until('weights are being written', () => existsSync(folder));
    const merging = mergingInto('cut-off');
    for (const pid of merging) process.kill(pid, 'SIGSTOP'); // or it might be done first
    await notification(page, 'Merging into cut-off').getByText('Cancel', { exact: true }).click();
    for (const pid of merging) process.kill(pid, 'SIGCONT');
    await notification(page, 'The merge was cancelled. Nothing is left of').waitFor();
    expect(existsSync(folder)).toBe(false);
    await page.waitForTimeout(1500); // a process that went on would have written again
    expect(existsSync(folder)).toBe(false);
  });

  it('says when the result is not the same model', async () => {
    const { page, workspace } = lab();
    await merge('stretched', 'models/other');
    const verdict = notification(page, 'other is not the same model as the adapter over its base');
    await verdict.getByText(/\(1e-4 allowed\) at position \d+, token \d+/).waitFor();
    expect(existsSync(join(workspace, 'models', 'other', 'model.safetensors'))).toBe(true);
    await lab().picture('merge-not-the-same');
  });
});

describe('a run that does not fit any more', () => {
  it('is resumed only when that is asked for all the same', async () => {
    const { page, workspace } = lab();
    const [id] = readdirSync(join(workspace, 'runs'));
    const run = join(workspace, 'runs', id!);
    const path = join(run, 'config.yaml');
    const before = readFileSync(path, 'utf8');
    const huge = 'n_layer: 500, n_head: 256, n_embed: 16384';
    writeFileSync(path, before.replace('n_layer: 2, n_head: 4, n_embed: 64', huge));
    const starts = () => (events().match(/"type":"start"/g) ?? []).length;
    const started = starts();
    const question = notification(page, 'A run goes on with the config it has');
    await runCommand(page, 'Weightroom: Resume Run');
    await page
      .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'rolls' })
      .waitFor();
    await enter(page, '');
    await question.waitFor();
    await lab().picture('resume-refused');
    expect([ownerOf(run), starts()]).toEqual([undefined, started]);
    await question.getByRole('button', { name: 'Resume Anyway' }).click();
    // its process compares the config with its checkpoint's, which this one is not
    await until('the process has said why it ends', () =>
      events().includes('resume.config-changed'),
    );
    writeFileSync(path, before);
  });
});
