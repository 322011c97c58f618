/** The data feature: the Data view, token bins as text, and their preparation. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseConfig } from '../chooseConfig';
import { type DataTarget, register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import { type ConfigTask, TASK_TYPE, configTask } from '../configTask';
import type { Launcher } from '../launcher';
import { requireDisk, requireTrust } from '../trust';
import { DataTree } from './dataTree';
import { registerTokenDocuments } from './tokenDocuments';

export function registerData(configs: ConfigFiles, launcher: Launcher): vscode.Disposable {
  const tree = new DataTree(configs);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('weightroom.data', { treeDataProvider: tree }),
    registerTokenDocuments(),
    register('weightroom.data.refresh', () => {
      tree.refresh();
      return Promise.resolve();
    }),
    register('weightroom.data.prepare', target => prepare(target, configs, launcher)),
  );
}

/** As a task: its terminal has the progress, and closing it cancels. */
async function prepare(
  target: DataTarget | undefined,
  configs: ConfigFiles,
  launcher: Launcher,
): Promise<void> {
  const question = l10n.t('Prepare the data of which config?');
  const task = taskOn('prepare', await chosen(target, configs, question), launcher);
  if (!task) return;
  await vscode.window.withProgress({ location: { viewId: 'weightroom.data' } }, () =>
    runToEnd(task),
  );
}

function chosen(
  target: DataTarget | undefined,
  configs: ConfigFiles,
  question: string,
): Promise<vscode.Uri | undefined> {
  requireTrust();
  return chooseConfig(configs, configIn(target), question);
}

function taskOn(
  command: ConfigTask['command'],
  config: vscode.Uri | undefined,
  launcher: Launcher,
): vscode.Task | undefined {
  if (!config) return undefined;
  const path = requireDisk(config);
  const folder = vscode.workspace.getWorkspaceFolder(config);
  if (!folder) throw new Error(l10n.t('Open the folder of {0} to prepare its data.', path));
  const definition: ConfigTask = {
    type: TASK_TYPE,
    command,
    config: relative(folder.uri.fsPath, path),
  };
  return configTask(definition, folder, launcher);
}

/** The config that names the row's file, or the config itself. */
const configIn = (target: DataTarget | undefined): vscode.Uri | undefined =>
  target instanceof vscode.Uri ? target : target?.config;

/** A short task may have ended before its start is known, so its end is listened for first. */
async function runToEnd(task: vscode.Task): Promise<void> {
  const ended = new Set<vscode.TaskExecution>();
  let wake = () => {};
  const subscription = vscode.tasks.onDidEndTask(({ execution }) => {
    ended.add(execution);
    wake();
  });
  try {
    const execution = await vscode.tasks.executeTask(task);
    while (!ended.has(execution)) await new Promise<void>(resolve => (wake = resolve));
  } finally {
    subscription.dispose();
  }
}
