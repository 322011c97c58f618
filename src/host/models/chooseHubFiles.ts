/** The files of a model on the hub with their sizes, before anything is downloaded. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText } from '../../curves/numberText';
import type { HubClient } from '../../engine/hub/hubClient';
import type { ModelFile, ModelFiles } from '../../engine/hub/modelFiles';

interface Item extends vscode.QuickPickItem {
  readonly file: ModelFile;
}

export interface ChosenFiles {
  readonly commit: string;
  /** Absent when they are the usual ones. */
  readonly files?: readonly string[];
}

/** Undefined when the user has changed his mind. @throws those of `listModelFiles` */
export async function chooseHubFiles(
  client: HubClient,
  id: string,
): Promise<ChosenFiles | undefined> {
  const picker = vscode.window.createQuickPick<Item>();
  picker.title = l10n.t('Download {0} (2/2)', id);
  picker.placeholder = l10n.t('Files to download');
  picker.canSelectMany = true;
  picker.matchOnDescription = true;
  picker.busy = true;
  picker.ignoreFocusOut = true;
  picker.show();
  try {
    return await chooseIn(picker, client, id);
  } finally {
    picker.dispose();
  }
}

async function chooseIn(
  picker: vscode.QuickPick<Item>,
  client: HubClient,
  id: string,
): Promise<ChosenFiles | undefined> {
  const hidden = new Promise<undefined>(resolve => picker.onDidHide(() => resolve(undefined)));
  const { chooseFiles, listModelFiles, missingBytes } = await import('./hubAccess');
  const listed = await Promise.race([listModelFiles(client, id), hidden]);
  if (!listed) return undefined;
  const usual = new Set(chooseFiles(listed.files));
  picker.items = itemsOf(listed, usual);
  picker.selectedItems = picker.items.filter(({ file }) => usual.has(file));
  const tell = () => {
    const chosen = picker.selectedItems.map(({ file }) => file);
    const missing = missingBytes(client.settings.cacheDir, id, chosen);
    picker.title = l10n.t('Download {0}: {1} (2/2)', id, bytesText(missing));
  };
  tell();
  picker.onDidChangeSelection(tell);
  picker.busy = false;
  const accepted = new Promise<readonly Item[]>(resolve =>
    picker.onDidAccept(() => {
      if (picker.selectedItems.length > 0) resolve(picker.selectedItems);
    }),
  );
  const chosen = await Promise.race([accepted, hidden]);
  return chosen && resultOf(listed, usual, chosen);
}

/** What a model is used with stands first. */
function itemsOf({ files }: ModelFiles, usual: ReadonlySet<ModelFile>): Item[] {
  const others = files.filter(file => !usual.has(file));
  return [...usual, ...others].map(file => ({
    label: file.path.replaceAll('$(', '$ ('),
    description: bytesText(file.bytes),
    file,
  }));
}

function resultOf(
  { commit }: ModelFiles,
  usual: ReadonlySet<ModelFile>,
  chosen: readonly Item[],
): ChosenFiles {
  const isUsual = chosen.length === usual.size && chosen.every(({ file }) => usual.has(file));
  return { commit, ...(!isUsual && { files: chosen.map(({ file }) => file.path) }) };
}
