/**
 * Training as tasks: `weightroom: train demo.yaml` runs the command line, which starts the run in a
 * process of its own and follows it, so that closing the terminal does not end it.
 */
import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { ConfigFiles } from '../configFiles';
import { TASK_TYPE, configTask, isConfigTask } from '../configTask';
import type { Launcher } from '../launcher';

export class TaskProvider implements vscode.TaskProvider {
  constructor(
    private readonly configs: ConfigFiles,
    private readonly launcher: Launcher,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    if (!vscode.workspace.isTrusted) return [];
    return (await this.configs.refreshed()).flatMap(uri => {
      const folder = vscode.workspace.getWorkspaceFolder(uri);
      if (uri.scheme !== 'file' || !folder) return [];
      const config = relative(folder.uri.fsPath, uri.fsPath).split(sep).join('/');
      return (['train', 'prepare'] as const).map(command =>
        configTask({ type: TASK_TYPE, command, config }, folder, this.launcher),
      );
    });
  }

  /** Keeps the very definition that was asked for: VS Code takes no other for an answer. */
  resolveTask({ definition, scope }: vscode.Task): vscode.Task | undefined {
    const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.[0];
    if (!folder || !isConfigTask(definition)) return undefined;
    return configTask(definition, folder, this.launcher);
  }
}
