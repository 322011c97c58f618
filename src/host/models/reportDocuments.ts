/** Load reports as read-only documents, rendered. The folder is in the document's address. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { cacheDirOf } from '../../engine/hub/hubSettings';
import type { CatalogThread } from './catalogThread';
import { reportText } from './reportText';

const SCHEME = 'weightroom-model';

export function registerReportDocuments(catalog: CatalogThread): ReportDocuments {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changes.event,
    async provideTextDocumentContent(address) {
      const { path: dir, name } = contentsOf(address);
      const described = await catalog.ask('report', { dir, cacheDir: cacheDirOf(process.env) });
      return reportText(name, dir, described);
    },
  });
  return {
    show: async (folder, name) => {
      const address = addressOf(folder, name);
      changes.fire(address); // the folder may have changed since it was last shown
      await show(address);
    },
    dispose: () => void vscode.Disposable.from(changes, provider).dispose(),
  };
}

export interface ReportDocuments extends vscode.Disposable {
  show(folder: vscode.Uri, name: string): Promise<void>;
}

const addressOf = (folder: vscode.Uri, name: string): vscode.Uri =>
  vscode.Uri.from({
    scheme: SCHEME,
    path: `${folder.path}/${basename(name)} load report.md`,
    query: new URLSearchParams({ folder: folder.toString(), name }).toString(),
  });

function contentsOf({ query }: vscode.Uri): { path: string; name: string } {
  const values = new URLSearchParams(query);
  const path = vscode.Uri.parse(values.get('folder') ?? '', true).fsPath;
  return { path, name: values.get('name') ?? basename(path) };
}

/** Rendered where the built-in Markdown preview is there, else as text. */
async function show(address: vscode.Uri): Promise<void> {
  if (vscode.extensions.getExtension('vscode.markdown-language-features'))
    await vscode.commands.executeCommand('markdown.showPreview', address);
  else await vscode.window.showTextDocument(address);
}
