/** What can be done with one model: look at it, take it elsewhere, delete it from the cache. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText } from '../../curves/numberText';
import { cacheDirOf } from '../../engine/hub/hubSettings';
import { type ModelTarget, register } from '../commands';
import { requireDisk } from '../trust';
import type { CatalogThread } from './catalogThread';
import { type CachePlace, type ModelRow, modelsIn } from './modelRows';
import { descriptionOf, nameOf } from './modelText';
import type { ModelTree } from './modelTree';
import type { ReportDocuments } from './reportDocuments';

interface Parts {
  tree: ModelTree;
  catalog: CatalogThread;
  reports: ReportDocuments;
}

export function registerModelCommands({ tree, catalog, reports }: Parts): vscode.Disposable {
  return vscode.Disposable.from(
    register('weightroom.model.showReport', async target => {
      const model = await choose(tree, target, l10n.t('Show the load report of which model?'));
      if (model) await reports.show(model.uri, model.name);
    }),
    register('weightroom.model.openWeights', async target => {
      const model = await choose(tree, target, l10n.t('Open the weights of which model?'));
      if (model) await openWeights(catalog, model.uri);
    }),
    register('weightroom.model.reveal', async target => {
      const model = await choose(tree, target, l10n.t('Reveal the folder of which model?'));
      if (model) await reveal(model.uri);
    }),
    register('weightroom.model.copyPath', async target => {
      const model = await choose(tree, target, l10n.t('Copy the path of which model?'));
      if (model) await vscode.env.clipboard.writeText(model.uri.fsPath);
    }),
    register('weightroom.model.delete', (target, selected) =>
      remove(tree, catalog, selected && selected.length > 1 ? selected : [target]),
    ),
  );
}

interface Chosen {
  uri: vscode.Uri;
  name: string;
}

/** Undefined when the user chose none, or there is none, which is then said. */
export async function choose(
  tree: ModelTree,
  target: ModelTarget | undefined,
  title: string,
  accepts: (row: ModelRow) => boolean = () => true,
): Promise<Chosen | undefined> {
  if (target) return chosenOf(target);
  const row = await chooseRow(tree, title, accepts);
  return row && chosenOf(row);
}

function chosenOf(target: ModelTarget): Chosen {
  const uri = target instanceof vscode.Uri ? target : target.uri;
  const last = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  return { uri, name: isRow(target) ? fullName(target) : last };
}

const isRow = (target: ModelTarget): target is ModelRow =>
  !(target instanceof vscode.Uri) && 'place' in target;

/** A checkpoint's with its run: in a title there is nothing above it. */
function fullName(row: ModelRow): string {
  if (row.place.in !== 'checkpoint') return nameOf(row);
  const [, run = ''] = row.id.split('/');
  return `${run} ${nameOf(row)}`;
}

async function chooseRow(
  tree: ModelTree,
  title: string,
  accepts: (row: ModelRow) => boolean,
): Promise<ModelRow | undefined> {
  const rows = modelsIn(await tree.groups()).filter(accepts);
  if (rows.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('There are no models yet.'));
    return undefined;
  }
  const items = rows.map(row => ({
    label: fullName(row),
    description: descriptionOf(row, undefined),
    detail: vscode.workspace.asRelativePath(row.uri),
    row,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return chosen?.row;
}

async function openWeights(catalog: CatalogThread, folder: vscode.Uri): Promise<void> {
  const dir = requireDisk(folder);
  const { weights, problem } = await catalog.ask('summary', {
    dir,
    cacheDir: cacheDirOf(process.env),
  });
  if (weights === undefined) throw new Error(problem ?? l10n.t('{0} has no weights.', dir));
  const file = vscode.Uri.file(weights);
  await vscode.commands.executeCommand('vscode.openWith', file, 'weightroom.tensors');
}

/** The explorer shows what is in the workspace, wherever that is; the system shows the rest. */
export async function reveal(folder: vscode.Uri): Promise<void> {
  const isInside = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  const command = isInside ? 'revealInExplorer' : 'revealFileInOS';
  await vscode.commands.executeCommand(command, folder);
}

type Doomed = Pick<CachePlace, 'id' | 'commit' | 'bytes' | 'unfinished'>;

async function remove(
  tree: ModelTree,
  catalog: CatalogThread,
  targets: readonly (ModelTarget | undefined)[],
): Promise<boolean> {
  const doomed = targets.flatMap(target => cachedIn(target));
  if (targets.every(target => target === undefined)) {
    const title = l10n.t('Delete which model from the cache?');
    const row = await chooseRow(tree, title, ({ place }) => place.in === 'cache');
    doomed.push(...cachedIn(row));
  }
  if (doomed.length === 0 || !(await confirm(doomed))) return false;
  const cacheDir = cacheDirOf(process.env);
  for (const { id, commit, unfinished } of doomed) {
    const isAll = unfinished !== undefined || commit === '';
    await catalog.ask('remove', { cacheDir, id, ...(!isAll && { commit }) });
  }
  tree.refresh();
  return true;
}

/** Only what is in the cache can be had again. */
const cachedIn = (target: ModelTarget | undefined): Doomed[] =>
  target && isRow(target) && target.place.in === 'cache' ? [target.place] : [];

async function confirm(doomed: readonly Doomed[]): Promise<boolean> {
  const bytes = doomed.reduce((sum, place) => sum + place.bytes, 0);
  const [first] = doomed;
  const question =
    doomed.length === 1 && first
      ? l10n.t('Delete {0} from the cache?', first.id)
      : l10n.t('Delete {0} models from the cache?', doomed.length);
  const detail = l10n.t(
    'It takes {0} and can be downloaded again. Other programs that share the cache of Hugging Face’s tools lose it, too.',
    bytesText(bytes),
  );
  const yes = l10n.t('Delete');
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, yes);
  return answer === yes;
}
