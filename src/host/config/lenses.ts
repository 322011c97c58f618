/** The lenses above a config: train it, go on with its last run, try it, plan, see its last loss. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { shortText } from '../../curves/numberText';
import type { Lens } from '../../engine/config/language';
import { runPaths } from '../../engine/run/runPaths';
import { commandWith } from '../commands';
import type { RunStore, RunView } from '../runs/runStore';
import { isConfig, languageServices, rangeIn } from './configDocument';

/** A loss in a lens moves the text below a little each time it is drawn anew. */
const REFRESH_MS = 1000;

export class ConfigLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable;

  constructor(private readonly runs: RunStore) {
    this.subscriptions = vscode.Disposable.from(
      this.changes,
      runs.onDidChange(() => {
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          this.changes.fire();
        }, REFRESH_MS);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.changes.fire()),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscriptions.dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!isConfig(document)) return [];
    const { lensesOf } = await languageServices();
    const { fsPath } = document.uri;
    const copyOf = this.runs.runs.find(run => runPaths(run.dir).config === fsPath);
    const ownRuns = copyOf ? [copyOf] : this.runs.runs.filter(run => run.configPath === fsPath);
    return lensesOf(document.getText()).flatMap(({ action, range }) => {
      if (copyOf && action === 'train') return []; // its relative paths start elsewhere
      const command = commandOf(action, document.uri, ownRuns);
      return command ? [new vscode.CodeLens(rangeIn(document, range), command)] : [];
    });
  }
}

/** @param ownRuns runs of this config, newest first */
function commandOf(
  action: Lens['action'],
  config: vscode.Uri,
  ownRuns: readonly RunView[],
): vscode.Command | undefined {
  const live = ownRuns.find(run => run.live);
  const last = ownRuns[0];
  const mayTrain = vscode.workspace.isTrusted && config.scheme === 'file';
  switch (action) {
    case 'train':
      if (mayTrain) return commandWith(`▷ ${l10n.t('Train')}`, 'weightroom.config.train', config);
      if (vscode.workspace.isTrusted) return undefined;
      return commandWith(l10n.t('Manage workspace trust to train'), 'weightroom.trust.manage');
    case 'resume':
      if (!mayTrain) return undefined;
      if (live) return commandWith(l10n.t('Stop'), 'weightroom.run.stop', live.id);
      if (!last?.canResume) return undefined;
      return commandWith(l10n.t('Resume'), 'weightroom.run.resume', last.id);
    case 'try': {
      if (!mayTrain) return undefined;
      const trained = ownRuns.find(run => run.state.checkpoints.some(c => !c.deleted));
      return trained && commandWith(`▷ ${l10n.t('Try it')}`, 'weightroom.sandbox.open', trained.id);
    }
    case 'plan':
      return commandWith(l10n.t('Plan'), 'weightroom.config.plan', config);
    case 'labels':
      return mayTrain
        ? commandWith(l10n.t('Preview labels'), 'weightroom.data.previewLabels', config)
        : undefined;
    case 'curves':
      return last && commandWith(curvesTitle(last), 'weightroom.curves.open', last.id);
    case 'diff': {
      if (!mayTrain) return undefined;
      const trained = ownRuns.find(run => run.state.checkpoints.some(c => !c.deleted));
      return trained && commandWith(l10n.t('Compare weights'), 'weightroom.diff.open', trained.id);
    }
  }
}

function curvesTitle({ state: { train } }: RunView): string {
  const open = l10n.t('Open curves');
  return train ? `${open} · ${shortText(train.loss)}` : open;
}
