/** A cache study as a task: its terminal has the progress, and ending it ends the study. */
import { basename, relative } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { type ConfigTask, configTask, TASK_TYPE } from '../configTask';
import type { Launcher } from '../launcher';
import { requireDisk, requireTrust } from '../trust';
import { studiesBeside } from './findStudies';

/**
 * Runs the study of a config to its end.
 * @returns its folder
 * @throws when the study failed or was ended, in words
 */
export async function runStudyTask(config: vscode.Uri, launcher: Launcher): Promise<string> {
  requireTrust();
  const path = requireDisk(config);
  const folder = vscode.workspace.getWorkspaceFolder(config);
  if (!folder) throw new Error(l10n.t('Open the folder of {0} to study its caches.', path));
  const document = await vscode.workspace.openTextDocument(config);
  if (document.isDirty && !(await document.save()))
    throw new Error(l10n.t('{0} could not be saved.', path));
  const definition: ConfigTask = {
    ...{ type: TASK_TYPE, command: 'cache-study' },
    config: relative(folder.uri.fsPath, path),
  };
  const before = new Set(studiesBeside(path));
  const code = await exitCodeOf(configTask(definition, folder, launcher));
  const made = studiesBeside(path).find(dir => !before.has(dir));
  if (made !== undefined) return made;
  throw new Error(
    code === undefined || code === 130
      ? l10n.t('The study of {0} was ended.', basename(path))
      : l10n.t('The study of {0} failed; its terminal says why.', basename(path)),
  );
}

/** A short task may have ended before its start is known, so its end is listened for first. */
async function exitCodeOf(task: vscode.Task): Promise<number | undefined> {
  const ended = new Map<vscode.TaskExecution, number | undefined>();
  let wake = () => {};
  const subscriptions = vscode.Disposable.from(
    vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      ended.set(execution, exitCode);
      wake();
    }),
    // without a process of its own when it could not be started
    vscode.tasks.onDidEndTask(({ execution }) => {
      if (!ended.has(execution)) ended.set(execution, undefined);
      wake();
    }),
  );
  try {
    const execution = await vscode.tasks.executeTask(task);
    while (!ended.has(execution)) await new Promise<void>(resolve => (wake = resolve));
    return ended.get(execution);
  } finally {
    subscriptions.dispose();
  }
}
