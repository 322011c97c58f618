/** `Check Load`: which weight of a model becomes which tensor of a device, as a text. */
import { text as readAll } from 'node:stream/consumers';
import { dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { type ModelTarget, register } from '../commands';
import type { Launcher } from '../launcher';
import { requireDisk, requireTrust } from '../trust';
import type { TextDocuments } from './textDocuments';

export const registerCheckLoad = (
  launcher: Launcher,
  documents: TextDocuments,
): vscode.Disposable =>
  register('weightroom.device.checkLoad', async target => {
    requireTrust();
    const folder = await modelOf(target);
    if (!folder) return;
    const child = launcher.startCommand(['load-report', folder], dirname(folder));
    const [report, complaint] = await Promise.all([readAll(child.stdout!), readAll(child.stderr!)]);
    const title = l10n.t(
      'Load report of {0} on Tenstorrent',
      vscode.workspace.asRelativePath(folder),
    );
    await documents.show(title.replaceAll('/', '∕'), report === '' ? complaint : report);
  });

/** The folder itself, the one that a config names, or one that the user chooses. */
async function modelOf(target: ModelTarget | undefined): Promise<string | undefined> {
  const uri = target instanceof vscode.Uri ? target : target?.uri;
  if (uri && /\.ya?ml$/i.test(uri.path)) return (await namedIn(uri)) ?? chooseFolder();
  return uri ? requireDisk(uri) : chooseFolder();
}

async function namedIn(config: vscode.Uri): Promise<string | undefined> {
  const path = requireDisk(config);
  const text = (await vscode.workspace.openTextDocument(config)).getText();
  const named = /^\s*(?:model_path|from)\s*:\s*["']?([^"'#\n]+?)["']?\s*(?:#.*)?$/m.exec(text)?.[1];
  if (named === undefined || named === '') return undefined;
  const folder = resolve(dirname(path), named.replace(/[^/]*\.safetensors$/, ''));
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(folder));
    return folder;
  } catch {
    return undefined; // it is on another machine
  }
}

async function chooseFolder(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: l10n.t('Check which model?'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return chosen?.[0]?.fsPath;
}
