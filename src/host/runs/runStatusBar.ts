/** The one status bar item, there only while something trains, and the menu behind it. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { type CommandId, commandWith, register } from '../commands';
import { shortText } from '../../curves/numberText';
import { chooseRun } from './chooseRun';
import { runTooltip } from './runNodes';
import { progressOf, spokenOf } from './runText';
import type { RunStore, RunView } from './runStore';

/** People read no faster than this. */
const REFRESH_MS = 400;

export function registerStatusBar(runs: RunStore): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(
    'weightroom.training',
    vscode.StatusBarAlignment.Left,
    0,
  );
  item.name = l10n.t('Weightroom Training');
  item.command = commandWith('', 'weightroom.run.showActions');
  let timer: NodeJS.Timeout | undefined;
  const update = () => {
    timer = undefined;
    const live = runs.runs.filter(run => run.live);
    const [first] = live;
    if (!first) return item.hide();
    item.text = `$(sync~spin) ${textOf(first, live.length)}`;
    item.tooltip = live.length === 1 ? runTooltip(first) : live.map(spokenOf).join('\n');
    item.accessibilityInformation = { label: live.map(spokenOf).join('; '), role: 'button' };
    item.show();
  };
  update();
  return vscode.Disposable.from(
    item,
    runs.onDidChange(() => (timer ??= setTimeout(update, REFRESH_MS))),
    { dispose: () => clearTimeout(timer) },
    register('weightroom.run.showActions', () => showActions(runs)),
  );
}

function textOf(run: RunView, live: number): string {
  const { state } = run;
  const name = live === 1 ? run.name : l10n.t('{0} and {1} more', run.name, live - 1);
  if (state.maxSteps === 0) return name;
  const loss = state.train ? ` · ${shortText(state.train.loss)}` : '';
  return `${name} ${progressOf(state)}${loss}`;
}

async function showActions(runs: RunStore): Promise<void> {
  const live = runs.runs.filter(run => run.live);
  const only = live.length === 1 ? live[0]?.id : undefined;
  const run = await chooseRun(runs, only, {
    title: l10n.t('Which run?'),
    accepts: one => one.live,
    none: l10n.t('Nothing is training.'),
  });
  if (!run) return;
  const items: (vscode.QuickPickItem & {
    id: CommandId & `weightroom.${'run' | 'curves'}.${string}`;
  })[] = [
    { label: `$(graph-line) ${l10n.t('Open Curves')}`, id: 'weightroom.curves.open' },
    { label: `$(save) ${l10n.t('Save Checkpoint Now')}`, id: 'weightroom.run.checkpoint' },
    { label: `$(stop-circle) ${l10n.t('Stop')}`, id: 'weightroom.run.stop' },
    { label: `$(file) ${l10n.t('Open Config')}`, id: 'weightroom.run.openConfig' },
    { label: `$(output) ${l10n.t('Open Log')}`, id: 'weightroom.run.openLog' },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: `${run.name} ${progressOf(run.state)}`,
  });
  if (chosen) await vscode.commands.executeCommand(chosen.id, run.id);
}
