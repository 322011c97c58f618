import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Weightroom } from '../../../src/extension';
import { readLease } from '../../../src/engine/run/lease';
import type { RunView } from '../../../src/host/runs/runStore';
import { RunTree } from '../../../src/host/runs/runTree';
import { WorkspaceRuns } from '../../../src/host/runs/workspaceRuns';
import { TINY_CONFIG, TINY_TEXT, activate, inWorkspace, remove, until, writeText } from './scene';

const folder = inWorkspace('training-suite');
const config = vscode.Uri.file(join(folder, 'tiny.yaml'));
let api: Weightroom;
let run: RunView;

function descriptionOf(view: RunView): string {
  const tree = new RunTree(api.runs, api.evaluations);
  const { description } = tree.getTreeItem(tree.nodeOf(view.id));
  tree.dispose();
  return String(description);
}

async function lens(title: string): Promise<vscode.Command> {
  await vscode.workspace.openTextDocument(config);
  const find = async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      config,
    );
    return lenses.map(({ command }) => command).find(command => command?.title === title);
  };
  return until(find);
}

const press = async <T>({ command, arguments: args = [] }: vscode.Command): Promise<T> =>
  vscode.commands.executeCommand<T>(command, ...(args as unknown[]));

describe('a run', () => {
  before(async () => {
    writeText(config.fsPath, TINY_CONFIG);
    writeText(join(folder, 'data', 'tiny.txt'), TINY_TEXT);
    api = await activate();
  });
  after(async () => {
    if (run.live) process.kill(readLease(run.dir).pid, 'SIGKILL');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    remove(folder);
    remove(inWorkspace('runs'));
  });

  it('starts from the lens of its config', async () => {
    const id = await press<string>(await lens('▷ Train'));
    run = await until(() => api.runs.get(id));
    assert.equal(run.configPath, config.fsPath);
    await until(() => run.live);
  });

  it('grows in the tree', async () => {
    await until(() => run.state.step > 0);
    const [before, text] = [run.state.step, descriptionOf(run)];
    await until(() => run.state.step > before);
    assert.notEqual(descriptionOf(run), text);
    assert.match(descriptionOf(run), /^[\d\u2009]+\/100\u2009000 \d/);
  });

  it('lives in a process that is no child of the extension host', () => {
    const { pid } = readLease(run.dir);
    assert.notEqual(pid, process.pid);
    assert.equal(run.state.pid, pid);
  });

  it('is found by another window while it trains', async () => {
    const window = new WorkspaceRuns();
    await window.refresh();
    assert.equal(window.get(run.id)?.live, true);
    window.dispose();
  });

  it('saves a checkpoint when asked', async () => {
    await vscode.commands.executeCommand('weightroom.run.checkpoint', run.id);
    const asked = run.state.step;
    await until(() => run.state.checkpoints.some(({ step }) => step >= asked && step % 10 !== 0));
  });

  it('stops with a checkpoint of its last step', async () => {
    await press(await lens('Stop'));
    await until(() => run.status === 'stopped');
    assert.equal(run.live, false);
    const last = run.state.checkpoints.at(-1);
    assert.equal(last?.step, run.state.step);
    assert(existsSync(join(run.dir, last.path)));
  });

  it('goes on from there when resumed', async () => {
    const stopped = run.state.step;
    await press(await lens('Resume'));
    await until(() => run.live && run.state.step > stopped);
    assert(run.state.notables.some(({ kind, step }) => kind === 'resumed' && step === stopped));
  });

  it('cannot be deleted while it trains', async () => {
    await vscode.commands.executeCommand('weightroom.run.delete', run.id);
    assert(existsSync(run.dir));
  });

  it('that is killed is called interrupted and can be resumed', async () => {
    process.kill(readLease(run.dir).pid, 'SIGKILL');
    await until(() => run.status === 'interrupted');
    await vscode.commands.executeCommand('weightroom.run.resume', run.id);
    await until(() => run.live && run.status === 'training');
    await vscode.commands.executeCommand('weightroom.run.stop', run.id);
    await until(() => run.status === 'stopped');
  });

  it('trains to its end', async () => {
    const short = writeText(
      join(folder, 'short.yaml'),
      TINY_CONFIG.replace('max_steps: 100000', 'max_steps: 20'),
    );
    const id = await vscode.commands.executeCommand<string>('weightroom.config.train', short);
    const done = await until(() => api.runs.get(id));
    await until(() => done.status === 'done');
    assert.equal(done.state.step, 20);
    assert.match(descriptionOf(done), / · done$/);
  });

  it('is not started from a config with errors', async () => {
    const wrong = writeText(
      join(folder, 'wrong.yaml'),
      TINY_CONFIG.replace('n_head: 2', 'n_head: 3'),
    );
    const before = api.runs.runs.length;
    assert.equal(await vscode.commands.executeCommand('weightroom.config.train', wrong), undefined);
    await api.runs.refresh();
    assert.equal(api.runs.runs.length, before);
  });

  it('is not started from a config whose data is missing', async () => {
    const gone = writeText(join(folder, 'gone.yaml'), TINY_CONFIG.replace('tiny.txt', 'gone.txt'));
    const before = api.runs.runs.length;
    assert.equal(await vscode.commands.executeCommand('weightroom.config.train', gone), undefined);
    await api.runs.refresh();
    assert.equal(api.runs.runs.length, before);
  });

  it('that cannot begin says why', async () => {
    writeText(join(folder, 'data', 'broken.jsonl'), '{"question": "2 + 2?"\n'.repeat(50));
    const broken = writeText(
      join(folder, 'broken.yaml'),
      TINY_CONFIG.replace('tiny.txt', 'broken.jsonl'),
    );
    const id = await vscode.commands.executeCommand<string>('weightroom.config.train', broken);
    const failed = await until(() => api.runs.get(id));
    await until(() => failed.status === 'failed');
    assert.match(descriptionOf(failed), /broken\.jsonl/);
  });
});

describe('the demo', () => {
  before(async () => {
    api = await activate();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    remove(inWorkspace('data'));
    remove(inWorkspace('runs'));
  });

  it('brings its config and data along and trains', async () => {
    const id = await vscode.commands.executeCommand<string>('weightroom.demo.train');
    const demo = await until(() => api.runs.get(id));
    await until(() => demo.live);
    const opened = vscode.workspace.textDocuments.map(({ fileName }) => fileName);
    assert(opened.includes(inWorkspace('demo.yaml')), opened.join());
    assert(existsSync(inWorkspace('data', 'train.jsonl')));
    await vscode.commands.executeCommand('weightroom.run.stop', id);
    await until(() => demo.status === 'stopped');
  });
});

describe('a task', () => {
  before(async () => {
    writeText(
      join(folder, 'short.yaml'),
      TINY_CONFIG.replace('max_steps: 100000', 'max_steps: 20'),
    );
    writeText(join(folder, 'data', 'tiny.txt'), TINY_TEXT);
    await activate();
  });
  after(() => {
    remove(folder);
    remove(inWorkspace('runs'));
  });

  it('trains a config to its end and follows it', async () => {
    // The file is found once the watcher has told of it.
    const task = await until(async () => {
      const tasks = await vscode.tasks.fetchTasks({ type: 'weightroom' });
      return tasks.find(({ name }) => name === 'train training-suite/short.yaml');
    });
    const ended = new Promise<number | undefined>(resolve => {
      const subscription = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (execution.task.name !== task.name) return;
        subscription.dispose();
        resolve(exitCode);
      });
    });
    await vscode.tasks.executeTask(task);
    assert.equal(await ended, 0);
    await api.runs.refresh();
    assert.equal(api.runs.runs[0]?.status, 'done');
  });
});
