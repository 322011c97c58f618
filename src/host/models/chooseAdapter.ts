/** From what a command was given, or from the user, to the folder of an adapter. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { disk } from '../../engine/files/fileSystem';
import { exists } from '../../engine/files/readFile';
import type { AdapterTarget, ModelTarget } from '../commands';
import type { RunStore } from '../runs/runStore';
import { requireDisk } from '../trust';
import { choose } from './modelCommands';
import type { ModelRow } from './modelRows';
import type { ModelTree } from './modelTree';

export interface ChosenAdapter {
  readonly dir: string;
  readonly name: string;
}

/** Undefined when the user chose none, or there is none, which is then said. */
export async function chooseAdapter(
  { tree, runs }: { tree: ModelTree; runs: RunStore },
  target: AdapterTarget | undefined,
  title: string,
): Promise<ChosenAdapter | undefined> {
  const model = isCheckpoint(target)
    ? checkpointOf(target, runs)
    : await choose(tree, target, title, isAdapter);
  return model && { dir: requireDisk(model.uri), name: model.name };
}

type Checkpoint = Exclude<AdapterTarget, ModelTarget>;

const isCheckpoint = (target: AdapterTarget | undefined): target is Checkpoint =>
  target !== undefined && 'runId' in target;

function checkpointOf({ runId, path }: Checkpoint, runs: RunStore) {
  const run = runs.runs.find(({ id }) => id === runId);
  if (!run) throw new Error(l10n.t('The run {0} is not there any more.', runId));
  return { uri: vscode.Uri.file(join(run.dir, path)), name: `${run.name} ${basename(path)}` };
}

const isAdapter = ({ uri }: ModelRow): boolean =>
  exists(disk, join(uri.fsPath, 'adapter_config.json'));

/** @param named as the adapter names it */
export async function chooseBase(named: string, openLabel: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel,
    title: l10n.t('Where is {0}, the base of this adapter?', named),
  });
  return chosen?.[0]?.fsPath;
}
