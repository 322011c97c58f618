/** A model for one side of a diff, from what the workspace holds or from a dialog. */
import { basename, dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { PickedSide } from './diffSession';

const WEIGHTS = '**/*.{safetensors,pt,pth,bin,npz,onnx}';
const MOST_FOUND = 500;

type Item = vscode.QuickPickItem & { path?: string; dialog?: 'file' | 'folder' };

export async function chooseSide(title: string): Promise<PickedSide | undefined> {
  const items: Item[] = [
    ...(await foundItems()),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(file) ${l10n.t('Choose a file of weights …')}`, dialog: 'file' },
    { label: `$(folder) ${l10n.t('Choose a folder of a model …')}`, dialog: 'folder' },
  ];
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  if (!chosen) return undefined;
  const path = chosen.path ?? (await fromDialog(title, chosen.dialog === 'folder'));
  return path === undefined ? undefined : pickedAt(path);
}

export const pickedAt = (path: string): PickedSide => ({ path, label: labelOf(path) });

/** A file called as all are is named after its folder. */
function labelOf(path: string): string {
  const name = basename(path);
  return /^(model|pytorch_model|adapter_model)\./.test(name) ? basename(dirname(path)) : name;
}

/** Folders of models in place of the files in them. */
async function foundItems(): Promise<Item[]> {
  const found = await vscode.workspace.findFiles(WEIGHTS, '**/node_modules/**', MOST_FOUND);
  const paths = found
    .filter(({ scheme }) => scheme === 'file')
    .map(({ fsPath }) => {
      const folder = dirname(fsPath);
      const isModel = ['config.json', 'adapter_config.json'].some(name =>
        existsSync(join(folder, name)),
      );
      return isModel && /^(model|pytorch_model|adapter_model)/.test(basename(fsPath))
        ? folder
        : fsPath;
    });
  return [...new Set(paths)].sort().map(path => ({
    label: basename(path),
    description: vscode.workspace.asRelativePath(dirname(path)),
    path,
  }));
}

async function fromDialog(title: string, isFolder: boolean): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: !isFolder,
    canSelectFolders: isFolder,
  });
  return chosen?.[0]?.fsPath;
}
