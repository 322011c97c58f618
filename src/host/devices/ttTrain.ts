/** What the editor offers on a YAML file of tt-train: its lenses, and the rules of its README as problems. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { disk } from '../../engine/files/fileSystem';
import { commandWith } from '../commands';

const PAUSE_MS = 300;

/** Asked of every YAML file: cheap. */
const isTtTrain = (document: vscode.TextDocument): boolean =>
  document.languageId === 'yaml' &&
  /^(training_config|transformer_config)[ \t]*:/m.test(document.getText());

const lenses: vscode.CodeLensProvider = {
  provideCodeLenses(document) {
    if (!isTtTrain(document)) return [];
    const first = /^(training_config|transformer_config)[ \t]*:/m.exec(document.getText());
    const at = document.lineAt(document.positionAt(first?.index ?? 0).line).range;
    const { uri } = document;
    const commands = [
      commandWith(l10n.t('Plan memory'), 'weightroom.memory.plan', uri),
      ...(vscode.workspace.isTrusted
        ? [commandWith(l10n.t('Check load'), 'weightroom.device.checkLoad', uri)]
        : []),
      commandWith(l10n.t('Diff weights'), 'weightroom.diff.open'),
    ];
    return commands.map(command => new vscode.CodeLens(at, command));
  },
};

class TtTrainDiagnostics implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('weightroom.tt-train');
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #subscriptions: vscode.Disposable;

  constructor() {
    this.#subscriptions = vscode.Disposable.from(
      this.#collection,
      vscode.workspace.onDidOpenTextDocument(document => this.#checkSoon(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#checkSoon(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#collection.delete(uri)),
    );
    for (const document of vscode.workspace.textDocuments) this.#checkSoon(document);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#subscriptions.dispose();
  }

  #checkSoon(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    if (document.languageId !== 'yaml') return;
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        void this.#check(document);
      }, PAUSE_MS),
    );
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    const { uri, version } = document;
    if (!isTtTrain(document)) return this.#collection.delete(uri);
    const { readTtTrain } = await import('../../engine/config/ttTrain');
    const { findModelConfig } = await import('../../engine/plan/bankJob');
    const folder = uri.scheme === 'file' ? dirname(uri.fsPath) : undefined;
    const { problems } = readTtTrain(document.getText(), {
      file: uri.fsPath,
      ...(folder !== undefined && {
        readModelConfig: (path: string) => findModelConfig(path, folder, disk),
      }),
    });
    if (document.isClosed || document.version !== version) return;
    this.#collection.set(
      uri,
      problems.map(({ code, severity, message, where: { range: [start, end] = [0, 0] } }) => {
        const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
        const kind = severity === 'error' ? 'Error' : 'Warning';
        const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity[kind]);
        diagnostic.source = 'weightroom';
        diagnostic.code = code;
        return diagnostic;
      }),
    );
  }
}

export const registerTtTrain = (): vscode.Disposable =>
  vscode.Disposable.from(
    vscode.languages.registerCodeLensProvider([{ language: 'yaml' }], lenses),
    new TtTrainDiagnostics(),
  );
