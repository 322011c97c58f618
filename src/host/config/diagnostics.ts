/**
 * Problems of open configs, in the text and against the files they name. Checks a moment after the
 * last keystroke; an answer about an older text is thrown away.
 */
import * as vscode from 'vscode';
import type { Problem } from '../../engine/problem';
import { isConfig, problemsOf, rangeIn } from './configDocument';

const PAUSE_MS = 200;

export class ConfigDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('weightroom');
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable;

  constructor() {
    this.subscriptions = vscode.Disposable.from(
      this.collection,
      vscode.workspace.onDidOpenTextDocument(document => this.checkSoon(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.checkSoon(document)),
      vscode.workspace.onDidSaveTextDocument(document => this.checkSoon(document)),
      vscode.workspace.onDidCloseTextDocument(document => this.forget(document)),
      // what a config names may have come or gone while another editor was in front
      vscode.window.onDidChangeActiveTextEditor(editor => {
        if (editor) this.checkSoon(editor.document);
      }),
    );
    for (const document of vscode.workspace.textDocuments) this.checkSoon(document);
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.subscriptions.dispose();
  }

  private checkSoon(document: vscode.TextDocument): void {
    if (document.languageId !== 'yaml') return;
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        void this.check(document);
      }, PAUSE_MS),
    );
  }

  private forget({ uri }: vscode.TextDocument): void {
    clearTimeout(this.timers.get(uri.toString()));
    this.timers.delete(uri.toString());
    this.collection.delete(uri);
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { version, uri } = document;
    const problems = isConfig(document) ? await problemsOf(document) : [];
    if (document.isClosed || document.version !== version) return;
    this.collection.set(
      uri,
      problems.map(problem => diagnosticOf(document, problem)),
    );
  }
}

function diagnosticOf(document: vscode.TextDocument, problem: Problem): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(
    rangeIn(document, problem.where.range ?? [0, 0]),
    problem.message,
    problem.severity === 'error'
      ? vscode.DiagnosticSeverity.Error
      : vscode.DiagnosticSeverity.Warning,
  );
  diagnostic.source = 'weightroom';
  diagnostic.code = problem.code;
  if (problem.code === 'config.no-effect') diagnostic.tags = [vscode.DiagnosticTag.Unnecessary];
  return diagnostic;
}
