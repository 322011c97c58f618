/** The Runs feature: its view, its status bar item, its commands and its notifications. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { register } from '../commands';
import type { EvaluationStore } from '../evaluationStore';
import type { Launcher } from '../launcher';
import { registerFailures } from './runFailures';
import { registerFileCommands } from './fileCommands';
import { RunDecorations } from './runDecorations';
import { registerStatusBar } from './runStatusBar';
import { RunTree } from './runTree';
import { registerSteering } from './steerRuns';
import type { RunStore } from './runStore';
import { FOLDERS_SETTING } from './workspaceRuns';

export function registerRuns(
  runs: RunStore,
  launcher: Launcher,
  evaluations: EvaluationStore,
): vscode.Disposable {
  const tree = new RunTree(runs, evaluations);
  const decorations = new RunDecorations(runs);
  const view = vscode.window.createTreeView('weightroom.runs', {
    treeDataProvider: tree,
    canSelectMany: true,
    showCollapseAll: true,
  });
  const update = showOnView(view, runs);
  update();
  return vscode.Disposable.from(
    tree,
    decorations,
    view,
    vscode.window.registerFileDecorationProvider(decorations),
    runs.onDidChange(update),
    vscode.workspace.onDidGrantWorkspaceTrust(update),
    registerStatusBar(runs),
    registerFailures(runs),
    registerSteering(runs, launcher),
    registerFileCommands(runs),
    register('weightroom.runs.refresh', () => runs.refresh()),
    register('weightroom.runs.open', openRuns),
    register('weightroom.trust.manage', async () => {
      await vscode.commands.executeCommand('workbench.trust.manage');
    }),
  );
}

/** Facts about all runs together; each is told to the window only when it is another one. */
function showOnView(view: vscode.TreeView<unknown>, runs: RunStore): () => void {
  let shown = '';
  return () => {
    const hasRuns = runs.runs.length > 0;
    const live = runs.runs.filter(run => run.live).length;
    const isTrusted = vscode.workspace.isTrusted;
    const facts = [hasRuns, live, isTrusted].join();
    if (facts === shown) return;
    shown = facts;
    const words = live === 1 ? l10n.t('1 run is training') : l10n.t('{0} runs are training', live);
    view.badge = live === 0 ? undefined : { value: live, tooltip: words };
    view.message = hasRuns && !isTrusted ? restricted() : '';
    void vscode.commands.executeCommand('setContext', 'weightroom.hasRuns', hasRuns);
    void vscode.commands.executeCommand('setContext', 'weightroom.isTraining', live > 0);
  };
}

const restricted = (): string =>
  l10n.t(
    'This folder is in Restricted Mode. Curves and files can be viewed; training stays off until you trust it.',
  );

/** Remembers folders of runs that lie outside the workspace. */
async function openRuns(): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    openLabel: l10n.t('Follow Runs'),
    title: l10n.t('Choose a run or a folder of runs'),
  });
  if (!chosen) return;
  const configuration = vscode.workspace.getConfiguration();
  const known = configuration.get<string[]>(FOLDERS_SETTING, []);
  const folders = [...new Set([...known, ...chosen.map(uri => uri.fsPath)])];
  await configuration.update(FOLDERS_SETTING, folders, vscode.ConfigurationTarget.Global);
}
