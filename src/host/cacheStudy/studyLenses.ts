/** The lenses above a config of a cache study: run it, and what the last one found. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { isWeightroomConfig } from '../../engine/config/isWeightroomConfig';
import { commandWith } from '../commands';
import { studiesBeside } from './findStudies';

const SECTION = /^["']?cache_study["']?\s*:/m;
const FIRST_KEY = /^\{?\s*["']?weightroom["']?\s*:.*$/m;

export class StudyLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changes.event;
  readonly #subscription = vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh());

  /** A study has begun or ended. */
  refresh(): void {
    this.#changes.fire();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changes.dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const text = document.getText();
    if (!isWeightroomConfig(text) || !SECTION.test(text)) return [];
    const { line } = document.positionAt(FIRST_KEY.exec(text)?.index ?? 0);
    const range = new vscode.Range(line, 0, line, 0);
    return commandsOf(document.uri).map(command => new vscode.CodeLens(range, command));
  }
}

function commandsOf(config: vscode.Uri): vscode.Command[] {
  if (config.scheme !== 'file') return [];
  const [last] = studiesBeside(config.fsPath);
  const run = vscode.workspace.isTrusted
    ? commandWith(`▷ ${l10n.t('Run cache study')}`, 'weightroom.cacheStudy.run', config)
    : commandWith(l10n.t('Manage workspace trust to study'), 'weightroom.trust.manage');
  if (last === undefined) return [run];
  const open = l10n.t('Open last study');
  return [run, commandWith(open, 'weightroom.cacheStudy.open', vscode.Uri.file(last))];
}
