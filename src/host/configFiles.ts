/**
 * The Weightroom configs of the workspace: YAML files whose first key is `weightroom`. Looks only
 * when somebody asks, and again only after files have changed.
 */
import * as vscode from 'vscode';
import { isWeightroomConfig } from '../engine/config/isWeightroomConfig';

const YAML = '**/*.{yaml,yml}';
/** Copies in run folders are not configs to train. */
const ELSEWHERE = '**/{node_modules,.git,runs}/**';
const MOST = 1000;

export class ConfigFiles implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  /** A YAML file came, went or was saved. */
  readonly onDidChange = this.changes.event;
  private found: Promise<vscode.Uri[]> | undefined;
  private readonly subscriptions: vscode.Disposable;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(YAML);
    const forget = () => {
      this.found = undefined;
      this.changes.fire();
    };
    this.subscriptions = vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(forget),
      watcher.onDidChange(forget),
      watcher.onDidDelete(forget),
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
      this.changes,
    );
  }

  /** All of them, by path. */
  list(): Promise<vscode.Uri[]> {
    this.found ??= findConfigs();
    return this.found;
  }

  /** All of them as they are now: what lies in a new folder may have come unnoticed. */
  refreshed(): Promise<vscode.Uri[]> {
    this.found = undefined;
    return this.list();
  }

  dispose(): void {
    this.subscriptions.dispose();
  }
}

async function findConfigs(): Promise<vscode.Uri[]> {
  const candidates = await vscode.workspace.findFiles(YAML, ELSEWHERE, MOST);
  const checked = await Promise.all(
    candidates.map(async uri => ((await isConfig(uri)) ? uri : [])),
  );
  return checked.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function isConfig(uri: vscode.Uri): Promise<boolean> {
  try {
    return isWeightroomConfig(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
  } catch {
    return false; // it went while we looked
  }
}
