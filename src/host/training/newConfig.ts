/** A new config from a template: what it is for, then where it goes. Overwrites nothing. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { type Template, templates } from './templates';

export async function newConfig(): Promise<vscode.Uri | undefined> {
  const folder = await chooseFolder();
  if (!folder) return undefined;
  const items = templates.map(template => ({ ...describe(template.id), template }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: l10n.t('New config (1/2): what to train'),
    matchOnDetail: true,
  });
  if (!chosen) return undefined;
  const { id, text } = chosen.template;
  return saveConfig(folder, { title: l10n.t('New config (2/2): file name'), stem: id, text });
}

/** Asks for the name of a new file, writes and opens it. Undefined when the user gave no name. */
export async function saveConfig(
  folder: vscode.Uri,
  { title, stem, text }: { title: string; stem: string; text: string },
): Promise<vscode.Uri | undefined> {
  const name = await vscode.window.showInputBox({
    title,
    value: `${stem}.yaml`,
    valueSelection: [0, stem.length],
    validateInput: value => complaint(folder, value),
  });
  if (name === undefined) return undefined;
  const uri = vscode.Uri.joinPath(folder, name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(uri);
  return uri;
}

/** The workspace folder to put files in; the user's choice when there are several. */
export async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [only] = folders;
  if (!only)
    throw new Error(l10n.t('Open a folder first: configs, data and runs are files in it.'));
  const chosen = folders.length === 1 ? only : await vscode.window.showWorkspaceFolderPick();
  return chosen?.uri;
}

function describe(id: Template['id']): { label: string; detail: string } {
  switch (id) {
    case 'slm':
      return {
        label: l10n.t('Small language model'),
        detail: l10n.t('Question and answer records, GPT-2 tokenizer, trained from scratch'),
      };
    case 'bytes':
      return {
        label: l10n.t('Tiny model of a text'),
        detail: l10n.t('Any plain text, byte by byte, trained from scratch'),
      };
    case 'lora':
      return {
        label: l10n.t('LoRA adapter'),
        detail: l10n.t('Fine-tune a trained model; only a small adapter is saved'),
      };
    case 'bins':
      return {
        label: l10n.t('Token bins'),
        detail: l10n.t('Tokens prepared elsewhere, used as they are'),
      };
  }
}

async function complaint(folder: vscode.Uri, name: string): Promise<string | undefined> {
  if (!/^[^\\/:*?"<>|]+\.ya?ml$/i.test(name)) return l10n.t('A file name that ends in .yaml');
  return (await exists(vscode.Uri.joinPath(folder, name)))
    ? l10n.t('{0} exists already', name)
    : undefined;
}

export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
