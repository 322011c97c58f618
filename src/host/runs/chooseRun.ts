/** From what a command was given, or from the user, to a run. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { RunTarget } from '../commands';
import { descriptionOf } from './runText';
import type { RunStore, RunView } from './runStore';

export interface RunChoice {
  /** "Stop which run?" */
  title: string;
  /** Which runs the command is for. */
  accepts?: (run: RunView) => boolean;
  /** Said when there is none of them. */
  none?: string;
}

/** Undefined when the user chose none, or there is none, which is then said. */
export async function chooseRun(
  runs: RunStore,
  target: RunTarget | undefined,
  { title, accepts = () => true, none }: RunChoice,
): Promise<RunView | undefined> {
  if (target !== undefined) return requireRun(runs, target);
  await runs.refresh();
  const candidates = runs.runs.filter(accepts);
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage(none ?? l10n.t('There are no runs yet.'));
    return undefined;
  }
  const items = candidates.map(run => ({
    label: run.name,
    description: descriptionOf(run),
    detail: run.id,
    run,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return chosen?.run;
}

export function requireRun(runs: RunStore, target: RunTarget): RunView {
  const id = idOf(target);
  const run = runs.get(id);
  if (!run) throw new Error(l10n.t('There is no run {0} any more.', id));
  return run;
}

/** The tree's selection when it has several runs, else the one target. */
export const targetsOf = (
  target: RunTarget | undefined,
  selected: readonly RunTarget[] | undefined,
): RunTarget[] => {
  const all = selected !== undefined && selected.length > 1 ? selected : target ? [target] : [];
  return [...new Set(all.map(idOf))];
};

const idOf = (target: RunTarget): string => (typeof target === 'string' ? target : target.runId);
