import assert from 'node:assert/strict';
import { mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Weightroom } from '../../../src/extension';
import { takeLease } from '../../../src/engine/run/lease';
import { RunTree } from '../../../src/host/runs/runTree';
import type { RunView } from '../../../src/host/runs/runStore';
import { WorkspaceRuns } from '../../../src/host/runs/workspaceRuns';
import {
  TINY_CONFIG,
  activate,
  appendEvents,
  inWorkspace,
  makeRun,
  remove,
  startOf,
  stepOf,
  until,
  writeText,
} from './scene';

const config = inWorkspace('runs-suite.yaml');
let api: Weightroom;
let made = 0;

const newId = () => `20260101-00000${made++}-suite`;

async function known(id: string): Promise<RunView> {
  await api.runs.refresh();
  const run = api.runs.get(id);
  assert(run, `${id} is not found`);
  return run;
}

function itemOf(run: RunView): vscode.TreeItem {
  const tree = new RunTree(api.runs, api.evaluations);
  try {
    return tree.getTreeItem(tree.nodeOf(run.id));
  } finally {
    tree.dispose();
  }
}

describe('a run of the workspace', () => {
  before(async () => {
    writeText(config, TINY_CONFIG);
    api = await activate();
  });
  after(() => {
    remove(config);
    remove(inWorkspace('runs'));
  });

  it('is shown with its losses, its end and its sparkline', async () => {
    const id = newId();
    const steps = Array.from({ length: 12 }, (_, i) => stepOf(i, 5 - i / 4));
    makeRun(id, config, [
      startOf(id),
      ...steps,
      { type: 'eval', step: 12, loss: 2.85, batches: 1, seconds: 0.1, best: true },
      { type: 'end', step: 12, outcome: 'done', seconds: 1 },
    ]);
    const item = itemOf(await known(id));
    assert.equal(item.description, '2.25 █▇▅▄▂▁ val 2.85 · done');
    assert.equal(item.contextValue, 'run ended');
    assert.match(item.accessibilityInformation?.label ?? '', /training loss 2\.25.*loss fell from/);
  });

  it('grows in the tree while its process lives, and is called interrupted when that is gone', async () => {
    const id = newId();
    const dir = makeRun(id, config, [startOf(id), stepOf(0, 5)]);
    const lease = takeLease(dir);
    const run = await known(id);
    assert.match(String(itemOf(run).description), /^1\/1\u2009000 5/);
    assert.equal(itemOf(run).contextValue, 'run live');
    appendEvents(dir, [stepOf(1, 4.5), stepOf(2, 4)]);
    await until(() => run.state.step === 3);
    assert.match(String(itemOf(run).description), /^3\/1\u2009000 4/);
    lease.release();
    await until(() => run.status === 'interrupted');
    assert.match(String(itemOf(run).description), /interrupted at 3\/1\u2009000/);
  });

  it('that failed says why', async () => {
    const id = newId();
    const problem = { code: 'train.non-finite', message: 'Loss is not a number at step 7' };
    makeRun(id, config, [
      startOf(id),
      { type: 'end', step: 7, outcome: 'failed', seconds: 1, problem },
    ]);
    assert.equal(itemOf(await known(id)).description, problem.message);
  });

  it('lists its best and last checkpoints, and folds the older ones', async () => {
    const id = newId();
    const save = (step: number) =>
      ({
        type: 'checkpoint',
        step,
        path: `checkpoints/step-${step}`,
        bytes: 1e6,
        seconds: 0.1,
      }) as const;
    const evaluate = (step: number, loss: number, best: boolean) =>
      ({ type: 'eval', step, loss, batches: 1, seconds: 0.1, best }) as const;
    makeRun(id, config, [
      startOf(id),
      save(10),
      evaluate(20, 2.848, true),
      save(20),
      save(30),
      evaluate(40, 2.852, false),
      save(40),
      { type: 'checkpoint_deleted', step: 10, path: 'checkpoints/step-10' },
      { type: 'end', step: 40, outcome: 'stopped', seconds: 1 },
    ]);
    await known(id);
    const tree = new RunTree(api.runs, api.evaluations);
    const rows = tree.getChildren(tree.nodeOf(id)).map(node => tree.getTreeItem(node));
    assert.deepEqual(
      rows.map(({ label, description }) => [label, description]),
      [
        ['step 20', 'val 2.848 · best'],
        ['step 40', 'val 2.852 · last'],
        ['1 older checkpoint', '1.00\u2009MB'],
      ],
    );
    assert.equal(itemOf(await known(id)).contextValue, 'run ended resumable generates');
    tree.dispose();
  });

  it('is found again by a window that opens later', async () => {
    const id = newId();
    const dir = makeRun(id, config, [startOf(id), stepOf(0, 5)]);
    const lease = takeLease(dir);
    const later = new WorkspaceRuns();
    await later.refresh();
    const run = later.get(id);
    assert.equal(run?.live, true);
    assert.equal(run.state.step, 1);
    assert.equal(run.configPath, config);
    later.dispose();
    lease.release();
  });

  it('of another folder is found once that is opened', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'weightroom-elsewhere-'));
    const dir = makeRun('elsewhere', config, [startOf('elsewhere')]);
    renameSync(dir, join(elsewhere, 'moved'));
    const settings = vscode.workspace.getConfiguration('weightroom.runs');
    await settings.update('folders', [elsewhere], vscode.ConfigurationTarget.Global);
    const run = await until(() => api.runs.get('moved'));
    assert.equal(run.dir, join(elsewhere, 'moved'));
    await settings.update('folders', undefined, vscode.ConfigurationTarget.Global);
    await until(() => api.runs.get('moved') === undefined);
    remove(elsewhere);
  });

  it('puts its last loss above the config it came from', async () => {
    const id = newId();
    makeRun(id, config, [
      startOf(id),
      stepOf(0, 3.25),
      { type: 'checkpoint', step: 1, path: 'checkpoints/step-1', bytes: 1, seconds: 0.1 },
      { type: 'end', step: 1, outcome: 'stopped', seconds: 1 },
    ]);
    await known(id);
    const document = await vscode.workspace.openTextDocument(config);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
    );
    const titles = lenses.map(({ command }) => command?.title);
    const own = ['▷ Train', 'Resume', '▷ Try it', 'Plan', 'Open curves · 3.25', 'Compare weights'];
    assert.deepEqual(titles, own);
  });

  it('can have its config copied beside the one it came from', async () => {
    const id = newId();
    makeRun(id, config, [startOf(id)]);
    await known(id);
    const copy = await vscode.commands.executeCommand<vscode.Uri>(
      'weightroom.run.duplicateConfig',
      id,
    );
    assert.equal(copy.fsPath, inWorkspace('runs-suite-2.yaml'));
    remove(copy.fsPath);
  });

  it('opens beside another one in the diff editor', async () => {
    const [left, right] = [newId(), newId()];
    for (const id of [left, right]) {
      makeRun(id, config, [startOf(id)]);
      await known(id);
    }
    await vscode.commands.executeCommand('weightroom.run.compareConfigs', { runId: left }, [
      { runId: left },
      { runId: right },
    ]);
    const shown = await until(() => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputTextDiff && input;
    });
    assert.match(shown.original.path, new RegExp(left));
    assert.match(shown.modified.path, new RegExp(right));
  });
});
