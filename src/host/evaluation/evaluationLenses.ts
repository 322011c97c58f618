/** The lenses above `evaluate:` in a config: start, stop or go on, and the report of the last one. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { isWeightroomConfig } from '../../engine/config/isWeightroomConfig';
import { commandWith } from '../commands';
import type { EvaluationStore, KnownEvaluation } from '../evaluationStore';
import { evaluateLineOf } from './evaluateLine';

export class EvaluationLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changes.event;
  readonly #subscriptions: vscode.Disposable;
  #told = '';

  constructor(private readonly store: EvaluationStore) {
    this.#subscriptions = vscode.Disposable.from(
      this.#changes,
      store.onDidChange(() => this.#follow()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#changes.fire()),
    );
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const text = document.getText();
    const found = isWeightroomConfig(text) ? evaluateLineOf(text) : undefined;
    if (!found) return [];
    const range = new vscode.Range(found.line, 0, found.line, found.length);
    const { uri } = document;
    const own = this.store.evaluations.filter(({ plan }) => plan.configPath === uri.fsPath);
    return commandsOf(uri, own).map(command => new vscode.CodeLens(range, command));
  }

  /** A lens with a number moves the text below a little each time it is drawn anew: only when it must. */
  #follow(): void {
    const now = this.store.evaluations
      .map(({ id, state, report }) => [id, state, report?.results[0]?.value].join())
      .join('\n');
    if (now === this.#told) return;
    this.#told = now;
    this.#changes.fire();
  }
}

/** @param own evaluations of this config, newest first */
function commandsOf(config: vscode.Uri, own: readonly KnownEvaluation[]): vscode.Command[] {
  const last = own[0];
  const mayRun = vscode.workspace.isTrusted && config.scheme === 'file';
  const running = own.find(({ state }) => state === 'running');
  const commands: vscode.Command[] = [];
  if (!vscode.workspace.isTrusted)
    commands.push(
      commandWith(l10n.t('Manage workspace trust to evaluate'), 'weightroom.trust.manage'),
    );
  else if (mayRun && running)
    commands.push(commandWith(l10n.t('Stop'), 'weightroom.evaluation.stop', running.id));
  else if (mayRun) {
    commands.push(commandWith(`▷ ${l10n.t('Evaluate')}`, 'weightroom.config.evaluate', config));
    if (last?.state === 'stopped')
      commands.push(commandWith(l10n.t('Resume'), 'weightroom.evaluation.resume', last.id));
  }
  if (last)
    commands.push(
      commandWith(
        `${l10n.t('Open report')} · ${last.description}`,
        'weightroom.evaluation.open',
        last.id,
      ),
    );
  return commands;
}
