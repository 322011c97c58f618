/**
 * The model folders of the workspace, and a context key that tells the Explorer which they are.
 * Knows nothing of what is in them beyond the names of their files.
 */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { isModelFolder } from './describeModel';

const CONFIGS = '**/{config.json,adapter_config.json}';
const ELSEWHERE = '**/{node_modules,.git,checkpoints}/**';
const MOST_FOLDERS = 500;
/** A download makes many files at once. */
const SETTLE_MS = 500;

/** Absolute paths, sorted; checkpoints of runs are not among them. */
export async function modelFolders(): Promise<string[]> {
  const found = await vscode.workspace.findFiles(CONFIGS, ELSEWHERE, MOST_FOLDERS);
  const dirs = found.filter(({ scheme }) => scheme === 'file').map(uri => dirname(uri.fsPath));
  return [...new Set(dirs)].filter(dir => isModelFolder(dir)).sort();
}

/** Keeps `weightroom.modelFolders` current for as long as it is not disposed of. */
export function tellModelFolders(): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const tell = async () => {
    timer = undefined;
    const folders = await modelFolders();
    await vscode.commands.executeCommand('setContext', 'weightroom.modelFolders', folders);
  };
  const soon = () => (timer ??= setTimeout(() => void tell(), SETTLE_MS));
  const watcher = vscode.workspace.createFileSystemWatcher(CONFIGS, false, true, false);
  soon();
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(soon),
    watcher.onDidDelete(soon),
    vscode.workspace.onDidChangeWorkspaceFolders(soon),
    { dispose: () => clearTimeout(timer) },
  );
}
