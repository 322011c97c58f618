/** Lets the user choose a model or an adapter: of runs, of the workspace, of the hub's cache, or any folder. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText } from '../../curves/numberText';
import { hubSettings } from '../../engine/hub/hubSettings';
import type { PickedAdapter, PickedModel } from '../../protocol/sandboxView';
import type { RunStore } from '../runs/runStore';
import { isAdapterFolder, type ModelPlace, pickedAdapter, pickedModel } from './describeModel';
import { cachedModels, checkpointsOf, type FoundModel, modelsIn, placeOf } from './modelPlaces';
import { modelFolders } from './modelFolders';

type Item = vscode.QuickPickItem & ({ place: ModelPlace | null } | { action: 'browse' });

/** A path as a command line in the workspace names it. */
export const labelOf = (path: string): string => vscode.workspace.asRelativePath(path);

export async function chooseModel(
  runs: RunStore,
  present: PickedModel | null,
  what: 'model' | 'adapter',
): Promise<PickedModel | null> {
  await runs.refresh();
  const found = await findModels(runs);
  const isAdapter = what === 'adapter';
  const fitting = isAdapter ? found.filter(model => canJoin(model, present)) : found;
  const items = [...itemsOf(fitting, present), ...browse()];
  const chosen = await vscode.window.showQuickPick(items, {
    title: isAdapter ? l10n.t('Choose an adapter') : l10n.t('Choose a model'),
    placeHolder: l10n.t('A checkpoint of a run, a folder of the workspace, or a downloaded model'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!chosen) return null;
  const place = 'place' in chosen ? chosen.place : await browseFolder(runs, found);
  if (place === undefined) return null;
  const options = { labelOf, placeOf: (dir: string) => placeOf(dir, runs.runs, found) };
  if (!place || (isAdapter && !present)) return null;
  return isAdapter ? joined(present!, pickedAdapter(place, options)) : pickedModel(place, options);
}

const canJoin = ({ dir, isAdapter }: FoundModel, present: PickedModel | null): boolean =>
  isAdapter && dir !== present?.dir && !present?.adapters.some(adapter => adapter.dir === dir);

/** One that is there already stays as it is, and acts. */
function joined(model: PickedModel, adapter: PickedAdapter): PickedModel {
  const { adapters } = model;
  if (!adapters.some(({ dir }) => dir === adapter.dir))
    return { ...model, adapters: [...adapters, adapter] };
  const on = adapters.map(each => (each.dir === adapter.dir ? { ...each, isOn: true } : each));
  return { ...model, adapters: on };
}

async function findModels(runs: RunStore): Promise<FoundModel[]> {
  const ofRuns = checkpointsOf(runs.runs);
  const known = new Set(ofRuns.map(({ dir }) => dir));
  const folders = (await modelFolders()).filter(dir => !known.has(dir));
  return [...ofRuns, ...modelsIn(folders), ...cachedModels(cacheDir())];
}

const cacheDir = (): string => {
  try {
    return hubSettings(process.env).cacheDir;
  } catch {
    return '';
  }
};

function itemsOf(found: readonly FoundModel[], present: PickedModel | null): Item[] {
  const groups = {
    run: l10n.t('Runs'),
    folder: l10n.t('Workspace'),
    cache: l10n.t('Downloaded'),
  };
  return Object.entries(groups).flatMap(([kind, label]): Item[] => {
    const own = found.filter(model => model.kind === kind);
    if (own.length === 0) return [];
    const separator = { label, kind: vscode.QuickPickItemKind.Separator, place: null };
    return [separator, ...own.map(model => itemOf(model, present))];
  });
}

function itemOf(model: FoundModel, present: PickedModel | null): Item {
  const { dir, title, isAdapter, role, bytes } = model;
  const size = bytes === undefined ? '' : bytesText(bytes);
  const isPresent = present?.dir === dir && present.adapters.length === 0;
  return {
    label: `$(${isAdapter ? 'extensions' : 'symbol-misc'}) ${title}`,
    description: [isPresent ? l10n.t('here') : '', role, isAdapter ? l10n.t('adapter') : '', size]
      .filter(text => text !== '')
      .join(' · '),
    detail: labelOf(dir),
    place: model,
  };
}

const browse = (): Item[] => [
  { label: '', kind: vscode.QuickPickItemKind.Separator, place: null },
  { label: `$(folder-opened) ${l10n.t('Choose a folder…')}`, action: 'browse' },
];

async function browseFolder(runs: RunStore, found: FoundModel[]): Promise<ModelPlace | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: l10n.t('Open Model'),
    title: l10n.t('Choose a folder with config.json and weights, or an adapter'),
  });
  return chosen?.[0] && placeOf(chosen[0].fsPath, runs.runs, found);
}

/** The model in a folder that somebody named; of a file in one, its folder. */
export function modelAt(path: string, runs: RunStore, title?: string): PickedModel {
  const isFile = /\.(safetensors|json|bin)$/i.test(path);
  const dir = isFile && !isAdapterFolder(path) ? dirname(path) : path;
  const place = placeOf(dir, runs.runs, cachedModels(cacheDir()));
  return pickedModel(title === undefined ? place : { ...place, title, short: title }, {
    labelOf,
    placeOf: base => placeOf(base, runs.runs, cachedModels(cacheDir())),
  });
}
