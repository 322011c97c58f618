/**
 * The editor of a file of tensors: VS Code's side of it. A page, a session, and a watch over the
 * file. Knows nothing of what their messages say.
 */
import { dirname, basename } from 'node:path';
import * as vscode from 'vscode';
import { execute } from '../commands';
import { requireDisk } from '../trust';
import { fillWebview } from '../viewPanel';

/** With the schema of its requests, which a window without such a file need not load. */
const loadSession = () => import('./tensorsSession');

export class TensorsEditorProvider implements vscode.CustomReadonlyEditorProvider {
  constructor(private readonly extensionUri: vscode.Uri) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    requireDisk(uri);
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor(
    { uri }: vscode.CustomDocument,
    panel: vscode.WebviewPanel,
  ): Promise<void> {
    const { TensorsSession } = await loadSession();
    const { webview } = panel;
    const session = new TensorsSession({
      path: uri.fsPath,
      label: vscode.workspace.asRelativePath(uri),
      post: message => void webview.postMessage(message),
      ports: {
        copy: async text => {
          await vscode.env.clipboard.writeText(text);
        },
        openAsText: async () => void (await execute('weightroom.data.openAsText', uri)),
      },
    });
    const subscriptions = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: unknown) => void session.receive(message)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) session.pause();
      }),
      watch(uri, isMissing => session.fileChanged(isMissing)),
      session,
    );
    panel.onDidDispose(() => void subscriptions.dispose());
    fillWebview(webview, this.extensionUri, { name: 'tensors', title: basename(uri.fsPath) });
  }
}

function watch(uri: vscode.Uri, changed: (isMissing: boolean) => void): vscode.Disposable {
  const folder = vscode.Uri.file(dirname(uri.fsPath));
  // a name is not a pattern: brackets and stars stand for themselves
  const name = basename(uri.fsPath).replace(/[[\]{}*?]/g, '[$&]');
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(folder, name),
  );
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(() => changed(false)),
    watcher.onDidCreate(() => changed(false)),
    watcher.onDidDelete(() => changed(true)),
  );
}
