/** Texts that are shown and not kept: read-only documents by a title. */
import * as vscode from 'vscode';

const SCHEME = 'weightroom-text';

export class TextDocuments implements vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  readonly #provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: this.#changes.event,
    provideTextDocumentContent: uri => this.#texts.get(uri.path) ?? '',
  });

  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}.txt` });
    this.#texts.set(uri.path, text);
    this.#changes.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  dispose(): void {
    this.#provider.dispose();
    this.#changes.dispose();
  }
}
