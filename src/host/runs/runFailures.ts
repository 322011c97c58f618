/** Tells once when a run that was seen working fails or vanishes. A run that ends well needs no word. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { execute } from '../commands';
import { countText } from '../../curves/numberText';
import type { RunStore, RunView } from './runStore';

export function registerFailures(runs: RunStore): vscode.Disposable {
  const working = new Set<string>();
  const look = () => {
    for (const run of runs.runs) {
      if (run.live || run.status === 'preparing') working.add(run.dir);
      else if (working.delete(run.dir)) void tellFailure(run);
    }
  };
  look();
  return runs.onDidChange(look);
}

async function tellFailure(run: RunView): Promise<void> {
  const words = failureOf(run);
  if (words === undefined) return;
  const openLog = l10n.t('Open Log');
  const resume = l10n.t('Resume');
  const remedies = run.canResume ? [openLog, resume] : [openLog];
  const chosen = await vscode.window.showErrorMessage(words, ...remedies);
  if (chosen === openLog) await execute('weightroom.run.openLog', run.id);
  if (chosen === resume) await execute('weightroom.run.resume', run.id);
}

function failureOf({ name, status, state }: RunView): string | undefined {
  const step = countText(state.step);
  if (status === 'failed')
    return l10n.t('{0} failed at step {1}: {2}', name, step, state.problem?.message ?? '');
  if (status === 'interrupted')
    return l10n.t('The process of {0} ended at step {1} without a word.', name, step);
  return undefined;
}
