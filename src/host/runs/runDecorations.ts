/** Marks at the right edge of the Runs view: anomalies, failures, silence. Never by colour alone. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { groupEvents } from '../../curves/eventGroups';
import { runUri } from './runNodes';
import { isSilent } from './runText';
import type { RunStore, RunView } from './runStore';

const WARN = new vscode.ThemeColor('weightroom.warn');
const BAD = new vscode.ThemeColor('weightroom.bad');

export class RunDecorations implements vscode.FileDecorationProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri[]>();
  readonly onDidChangeFileDecorations = this.changes.event;
  private shown = new Map<string, string>();
  private readonly subscription: vscode.Disposable;

  constructor(private readonly runs: RunStore) {
    this.subscription = runs.onDidChange(() => this.refresh());
  }

  dispose(): void {
    this.subscription.dispose();
    this.changes.dispose();
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== 'weightroom-run') return undefined;
    const run = this.runs.get(uri.path.slice(1));
    return run && decorationOf(run);
  }

  private refresh(): void {
    const now = new Map(this.runs.runs.map(run => [run.id, decorationOf(run)?.badge ?? '']));
    const changed = [...now].filter(([id, badge]) => (this.shown.get(id) ?? '') !== badge);
    this.shown = now;
    if (changed.length > 0) this.changes.fire(changed.map(([id]) => runUri(id)));
  }
}

function decorationOf(run: RunView): vscode.FileDecoration | undefined {
  if (run.status === 'failed') return new vscode.FileDecoration('!', l10n.t('failed'), BAD);
  if (run.damage !== undefined) return new vscode.FileDecoration('!', run.damage, WARN);
  if (isSilent(run)) return new vscode.FileDecoration('?', l10n.t('no heartbeat'), WARN);
  const anomalies = groupEvents(run.state.notables).filter(
    ({ event: { kind } }) => kind === 'spike' || kind === 'non_finite',
  );
  if (anomalies.length === 0) return undefined;
  const badge = anomalies.length > 9 ? '9+' : String(anomalies.length);
  const words = anomalies.length === 1 ? l10n.t('1 anomaly') : l10n.t('{0} anomalies', badge);
  return new vscode.FileDecoration(badge, words); // a colour would be the whole row's
}
