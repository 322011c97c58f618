/** From what a command was given, from the active editor, or from the user, to a config file. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { isWeightroomConfig } from '../engine/config/isWeightroomConfig';
import { type ConfigTarget, execute } from './commands';
import type { ConfigFiles } from './configFiles';

/** Undefined when the user chose none, or there is none, which is then said. */
export async function chooseConfig(
  configs: ConfigFiles,
  target: ConfigTarget | undefined,
  title: string,
): Promise<vscode.Uri | undefined> {
  if (target) return target;
  const active = vscode.window.activeTextEditor?.document;
  if (active && active.languageId === 'yaml' && isWeightroomConfig(active.getText()))
    return active.uri;
  const found = await configs.list();
  if (found.length === 0) return offerNewConfig();
  const items = found.map(uri => ({
    label: uri.path.slice(uri.path.lastIndexOf('/') + 1),
    description: vscode.workspace.asRelativePath(uri),
    uri,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return chosen?.uri;
}

async function offerNewConfig(): Promise<undefined> {
  const create = l10n.t('New Config');
  const chosen = await vscode.window.showInformationMessage(
    l10n.t('There is no config in this folder yet: a YAML file whose first key is “weightroom”.'),
    create,
  );
  if (chosen === create) await execute('weightroom.config.new');
  return undefined;
}
