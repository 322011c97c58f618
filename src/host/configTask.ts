/** A task that runs the command line on a config. Knows nothing of who provides or starts it. */
import { isAbsolute, resolve } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Launcher } from './launcher';

export const TASK_TYPE = 'weightroom';

/** Of the command line, on a config. */
const COMMANDS = ['train', 'prepare', 'preview-labels', 'evaluate', 'cache-study'] as const;

/** As in tasks.json. */
export interface ConfigTask extends vscode.TaskDefinition {
  readonly type: typeof TASK_TYPE;
  readonly command: (typeof COMMANDS)[number];
  /** Relative to the workspace folder, or absolute. */
  readonly config: string;
}

export function isConfigTask(definition: vscode.TaskDefinition): definition is ConfigTask {
  const { type, command, config } = definition as Partial<ConfigTask>;
  return (
    type === TASK_TYPE && COMMANDS.some(known => known === command) && typeof config === 'string'
  );
}

/** @throws `host.untrusted` */
export function configTask(
  definition: ConfigTask,
  folder: vscode.WorkspaceFolder,
  launcher: Launcher,
): vscode.Task {
  const { command, config } = definition;
  const cwd = folder.uri.fsPath;
  const path = isAbsolute(config) ? config : resolve(cwd, config);
  const task = new vscode.Task(
    definition,
    folder,
    `${command} ${config}`,
    TASK_TYPE,
    launcher.commandLine([command, path], cwd),
    '$weightroom',
  );
  const details = {
    train: l10n.t('Train in a process of its own and follow it here'),
    prepare: l10n.t('Tokenize the data of the config'),
    'preview-labels': l10n.t('Show which tokens of the examples would be trained'),
    'cache-study': l10n.t('Compare ways of keeping the caches of adapters'),
    evaluate: l10n.t('Evaluate as the config says, or go on with what was stopped'),
  };
  task.detail = details[command];
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  return task;
}
