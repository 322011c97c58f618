/** From a config file to a run with a process of its own. Knows nothing of what training is. */
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { FactsInput } from '../../engine/plan/planFacts';
import { createRunFolder } from '../../engine/run/runFolder';
import { execute } from '../commands';
import { reportFailure } from '../failure';
import type { Launcher } from '../launcher';
import type { RunStore } from '../runs/runStore';
import { requireDisk, requireTrust } from '../trust';

/**
 * Saves the config, checks it and starts a run of it.
 * @returns the run's id; undefined when the config has errors, which the user is shown
 */
export async function startTraining(
  config: vscode.Uri,
  runs: RunStore,
  launcher: Launcher,
): Promise<string | undefined> {
  requireTrust();
  const configPath = requireDisk(config);
  const configText = await savedText(config);
  const { readConfig } = await import('../../engine/config/readConfig');
  const { config: checked, name, problems, placeOf } = readConfig(configText, configPath);
  const { checkAgainstFiles } = await import('../../engine/config/checkAgainstFiles');
  const ofFiles = checked ? checkAgainstFiles(checked, dirname(configPath), { placeOf }) : [];
  const errors = [...problems, ...ofFiles].filter(({ severity }) => severity === 'error');
  if (!checked || errors.length > 0) {
    void showProblems(config, errors.length);
    return undefined;
  }
  const runsDir = runsFolderOf(config);
  if (!(await mayStart(config, { config: checked, baseDir: dirname(configPath), runsDir })))
    return undefined;
  const runDir = createRunFolder(runsDir, {
    configText,
    configPath,
    name,
    resolved: { config: checked },
  });
  launcher.startRun(runDir);
  await runs.refresh();
  const id = runs.runs.find(run => run.dir === runDir)?.id;
  if (id !== undefined && opensCurves()) {
    execute('weightroom.curves.open', id).then(undefined, reportFailure);
  }
  return id;
}

/** Asks where a run needs more memory than there is: the estimate may err, and others may give way. */
async function mayStart(uri: vscode.Uri, input: FactsInput): Promise<boolean> {
  const { refusalToStart } = await import('../../engine/plan/refusals');
  const refusal = refusalToStart(input);
  if (!refusal) return true;
  const [plan, anyway] = [l10n.t('Show Plan'), l10n.t('Start Anyway')];
  const chosen = await vscode.window.showErrorMessage(refusal.message, plan, anyway);
  if (chosen === plan) await execute('weightroom.config.plan', uri);
  return chosen === anyway;
}

async function savedText(config: vscode.Uri): Promise<string> {
  const document = await vscode.workspace.openTextDocument(config);
  if (document.isDirty && !(await document.save()))
    throw new Error(l10n.t('{0} could not be saved.', document.fileName));
  return document.getText();
}

async function showProblems(config: vscode.Uri, count: number): Promise<void> {
  const name = config.path.slice(config.path.lastIndexOf('/') + 1);
  const show = l10n.t('Show Problems');
  const words =
    count === 1 ? l10n.t('{0} has an error.', name) : l10n.t('{0} has {1} errors.', name, count);
  if ((await vscode.window.showErrorMessage(words, show)) !== show) return;
  await vscode.window.showTextDocument(config);
  await vscode.commands.executeCommand('workbench.actions.view.problems');
}

/** `runs` of the workspace folder the config is in; that is where the Runs view looks. */
function runsFolderOf(config: vscode.Uri): string {
  const folder = vscode.workspace.getWorkspaceFolder(config);
  if (!folder)
    throw new Error(
      l10n.t('Open the folder of {0} to train it: its runs go there.', config.fsPath),
    );
  return join(folder.uri.fsPath, 'runs');
}

const opensCurves = (): boolean =>
  vscode.workspace.getConfiguration('weightroom').get('curves.openOnTrain', true);
