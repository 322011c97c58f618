import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { CommandId } from '../../../src/host/commands';
import {
  TINY_CONFIG,
  TINY_TEXT,
  activate,
  extension,
  inWorkspace,
  makeRun,
  remove,
  startOf,
  stepOf,
  until,
  writeText,
} from './scene';

const folder = inWorkspace('trust');
const config = vscode.Uri.file(`${folder}/tiny.yaml`);
const run = '20260101-000000-untrusted';

/** VS Code itself looks from time to time which ports are open. */
const ours = (started: readonly string[]): string[] =>
  started.filter(one => !/^execFile ps -F -A/.test(one));

/** Every command that starts something, called as a keybinding could: past all menus. */
const starters: [CommandId, ...unknown[]][] = [
  ['weightroom.config.train', config],
  ['weightroom.demo.train'],
  ['weightroom.run.resume', run],
  ['weightroom.run.stop', run],
  ['weightroom.run.stopKeepBest', run],
  ['weightroom.run.checkpoint', run],
  ['weightroom.data.prepare', config],
  ['weightroom.data.previewLabels', config],
  ['weightroom.config.evaluate', config],
  ['weightroom.cacheStudy.run', config],
  ['weightroom.evaluation.resume', 'none'],
  ['weightroom.agent.ask', 'How many?'],
  ['weightroom.device.checkLoad', config],
  ['weightroom.hub.download', 'org/model'],
  ['weightroom.hub.resume', { uri: config }],
  ['weightroom.hub.push', { uri: config }],
  ['weightroom.model.merge', { uri: config }],
];

const processCalls = ['spawn', 'execFile', 'exec', 'fork', 'execFileSync', 'spawnSync'] as const;

/** Runs `action` with the workspace untrusted; the processes that were started meanwhile. */
async function untrusted(action: () => Promise<unknown>): Promise<string[]> {
  const started: string[] = [];
  const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
  assert(trusted);
  const originals = processCalls.map(name => [name, childProcess[name]] as const);
  Object.defineProperty(vscode.workspace, 'isTrusted', { get: () => false, configurable: true });
  for (const [name] of originals) {
    const note = (...args: unknown[]) => {
      started.push(`${name} ${String(args[0])}`);
      throw new Error('a process was started');
    };
    Object.assign(childProcess, { [name]: note });
  }
  try {
    await action();
  } finally {
    Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
    for (const [name, original] of originals) Object.assign(childProcess, { [name]: original });
  }
  return started;
}

describe('in an untrusted workspace', () => {
  before(async () => {
    writeText(config.fsPath, TINY_CONFIG);
    writeText(`${folder}/data/tiny.txt`, TINY_TEXT);
    makeRun(run, config.fsPath, [
      startOf(run),
      stepOf(0, 5),
      { type: 'checkpoint', step: 1, path: 'checkpoints/step-1', bytes: 1, seconds: 0.1 },
      { type: 'end', step: 1, outcome: 'stopped', seconds: 1 },
    ]);
    const { runs } = await activate();
    await runs.refresh();
  });
  after(() => {
    remove(folder);
    remove(inWorkspace('runs'));
  });

  for (const [id, ...args] of starters) {
    it(`${id} starts nothing`, async () => {
      const { runs } = await activate();
      const before = runs.runs.length;
      const started = await untrusted(async () => vscode.commands.executeCommand(id, ...args));
      await runs.refresh();
      assert.deepEqual(ours(started), []);
      assert.equal(runs.runs.length, before);
      assert.equal(existsSync(inWorkspace('data')), false);
      assert.equal(existsSync(inWorkspace('runs', run, 'control')), false);
      assert.deepEqual(vscode.tasks.taskExecutions, []);
    });
  }

  it('no tasks are offered', async () => {
    let tasks: vscode.Task[] = [];
    await untrusted(async () => {
      tasks = await vscode.tasks.fetchTasks({ type: 'weightroom' });
    });
    assert.deepEqual(tasks, []);
  });

  it('adapters can be inspected', async () => {
    const adapter = join(extension().extensionPath, 'test/fixtures/hf/llama2-tiny/lora_qv_trained');
    const shown = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(({ label }) => label === 'lora_qv_trained');
    const started = await untrusted(async () => {
      await vscode.commands.executeCommand('weightroom.adapter.inspect', vscode.Uri.file(adapter));
    });
    assert.deepEqual(ours(started), []);
    await until(() => shown().length === 1);
    await vscode.window.tabGroups.close(shown());
  });

  it('runs and configs can be viewed', async () => {
    await vscode.workspace.openTextDocument(config);
    let titles: (string | undefined)[] = [];
    const started = await untrusted(async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        config,
      );
      titles = lenses.map(({ command }) => command?.title);
      await vscode.commands.executeCommand('weightroom.run.openConfig', run);
    });
    assert.deepEqual(ours(started), []);
    assert.deepEqual(titles, ['Manage workspace trust to train', 'Plan', 'Open curves · 5']);
    assert.match(vscode.window.activeTextEditor?.document.fileName ?? '', /untrusted/);
  });
});
