/** What can be done with the files of a run: its config, its log, its folder. Starts nothing. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { deleteRun, readResolved } from '../../engine/run/runFolder';
import { runPaths } from '../../engine/run/runPaths';
import { type RunTarget, register } from '../commands';
import { amountText } from '../../curves/numberText';
import { chooseRun, requireRun, targetsOf } from './chooseRun';
import type { RunStore, RunView } from './runStore';

export function registerFileCommands(runs: RunStore): vscode.Disposable {
  const choose = (target: RunTarget | undefined, title: string) =>
    chooseRun(runs, target, { title });
  return vscode.Disposable.from(
    register('weightroom.run.openConfig', async target => {
      const run = await choose(target, l10n.t('Open the config of which run?'));
      if (run) await vscode.window.showTextDocument(configOf(run));
    }),
    register('weightroom.run.openLog', async target => {
      const run = await choose(target, l10n.t('Open the log of which run?'));
      if (run) await vscode.window.showTextDocument(vscode.Uri.file(logOf(run)));
    }),
    register('weightroom.run.reveal', async target => {
      const run = await choose(target, l10n.t('Reveal the folder of which run?'));
      if (run) await reveal(vscode.Uri.file(folderOf(run, target)));
    }),
    register('weightroom.run.copyId', async target => {
      const run = await choose(target, l10n.t('Copy the id of which run?'));
      if (run) await vscode.env.clipboard.writeText(run.id);
    }),
    register('weightroom.run.duplicateConfig', async target => {
      const run = await choose(target, l10n.t('Duplicate the config of which run?'));
      return run && duplicateConfig(run);
    }),
    register('weightroom.run.compareConfigs', (target, selected) =>
      compareConfigs(runs, targetsOf(target, selected)),
    ),
    register('weightroom.run.delete', (target, selected) =>
      remove(runs, targetsOf(target, selected)),
    ),
  );
}

const configOf = (run: RunView): vscode.Uri => vscode.Uri.file(runPaths(run.dir).config);

/** What the process printed when there is any of it, else its events. */
function logOf({ dir }: RunView): string {
  const { log, events } = runPaths(dir);
  const printed = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  return printed > 0 || !existsSync(events) ? log : events;
}

/** Of the checkpoint when the tree's row is one, else of the run. */
function folderOf(run: RunView, target: RunTarget | undefined): string {
  const path = typeof target === 'object' && 'path' in target ? target.path : undefined;
  return typeof path === 'string' ? join(run.dir, path) : run.dir;
}

/** The explorer shows what is in the workspace, wherever that is; the system shows the rest. */
async function reveal(folder: vscode.Uri): Promise<void> {
  const isInside = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  const command = isInside ? 'revealInExplorer' : 'revealFileInOS';
  await vscode.commands.executeCommand(command, folder);
}

/** Beside the config the run came from, so that its relative paths still hold. */
async function duplicateConfig(run: RunView): Promise<vscode.Uri> {
  const { configPath } = readResolved(run.dir);
  const stem = basename(configPath).replace(/(-\d+)?\.ya?ml$/i, '');
  for (let n = 2; ; n++) {
    const copy = vscode.Uri.file(join(dirname(configPath), `${stem}-${n}.yaml`));
    if (existsSync(copy.fsPath)) continue;
    await vscode.workspace.fs.copy(configOf(run), copy);
    await vscode.window.showTextDocument(copy);
    return copy;
  }
}

async function compareConfigs(runs: RunStore, targets: RunTarget[]): Promise<void> {
  const left = await chooseRun(runs, targets[0], { title: l10n.t('Compare which run’s config?') });
  if (!left) return;
  const right = await chooseRun(runs, targets[1], {
    title: l10n.t('Compare {0} with which run?', left.name),
    accepts: run => run.id !== left.id,
    none: l10n.t('There is no other run to compare with.'),
  });
  if (!right) return;
  const title = `${left.name} ↔ ${right.name}`;
  await vscode.commands.executeCommand('vscode.diff', configOf(left), configOf(right), title);
}

async function remove(runs: RunStore, targets: RunTarget[]): Promise<boolean> {
  const chosen =
    targets.length > 0
      ? targets.map(target => requireRun(runs, target))
      : [await chooseRun(runs, undefined, { title: l10n.t('Delete which run?') })];
  const doomed = chosen.filter(run => run !== undefined);
  const [first] = doomed;
  if (!first) return false;
  const live = doomed.find(run => run.live);
  if (live) throw new Error(l10n.t('{0} is running. Stop it before deleting it.', live.name));
  if (!(await confirmDeletion(doomed, first))) return false;
  for (const run of doomed) deleteRun(run.dir);
  await runs.refresh();
  return true;
}

async function confirmDeletion(doomed: RunView[], first: RunView): Promise<boolean> {
  const bytes = doomed
    .flatMap(run => run.state.checkpoints)
    .filter(c => !c.deleted)
    .reduce((sum, c) => sum + c.bytes, 0);
  const question =
    doomed.length === 1
      ? l10n.t('Delete {0}?', first.name)
      : l10n.t('Delete {0} runs?', doomed.length);
  const detail = l10n.t(
    'Its curves and {0} of checkpoints are gone for good:\n{1}',
    `${amountText(bytes)}B`,
    doomed.map(run => run.dir).join('\n'),
  );
  const yes = l10n.t('Delete');
  const options = { modal: true, detail };
  return (await vscode.window.showWarningMessage(question, options, yes)) === yes;
}
