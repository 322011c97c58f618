/** The runs of this window: those of its folders and those the user has opened. */
import { join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { RunFollower } from './followRuns';
import type { RunStore, RunView } from './runStore';

/** Setting with further folders of runs. */
export const FOLDERS_SETTING = 'weightroom.runs.folders';

export class WorkspaceRuns implements RunStore, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changes.event;
  private readonly follower = new RunFollower(foldersOfRuns, () => this.changes.fire());
  private readonly subscriptions = vscode.Disposable.from(
    this.changes,
    this.follower,
    vscode.workspace.onDidChangeWorkspaceFolders(() => void this.refresh()),
    vscode.workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration(FOLDERS_SETTING)) void this.refresh();
    }),
  );

  get runs(): readonly RunView[] {
    return this.follower.runs;
  }

  get(id: string): RunView | undefined {
    return this.follower.runs.find(run => run.id === id);
  }

  dirOf(id: string): string {
    const run = this.get(id);
    if (!run) throw new Error(`No run ${id} is known to this window`);
    return run.dir;
  }

  refresh(): Promise<void> {
    return this.follower.refresh();
  }

  dispose(): void {
    this.subscriptions.dispose();
  }
}

/** Where a run of this file or workspace folder goes. */
export const runsFolderFor = (folder: vscode.WorkspaceFolder): string =>
  join(folder.uri.fsPath, 'runs');

function foldersOfRuns(): string[] {
  const own = (vscode.workspace.workspaceFolders ?? [])
    .filter(folder => folder.uri.scheme === 'file')
    .map(runsFolderFor);
  const opened = vscode.workspace.getConfiguration().get<string[]>(FOLDERS_SETTING, []);
  return [...new Set([...own, ...opened.map(path => resolve(path))])];
}
