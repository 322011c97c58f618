/** What every view of ours is on VS Code's side: a page that runs its own bundle, and a session. */
import * as vscode from 'vscode';
import { viewHtml } from './viewHtml';

/** @param name of its bundle */
export function fillWebview(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  { name, title }: { name: string; title: string },
): void {
  const files = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const uri = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(files, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [files] };
  webview.html = viewHtml({
    cspSource: webview.cspSource,
    script: uri(`${name}.js`),
    style: uri(`${name}.css`),
    title,
    language: vscode.env.language,
  });
}

/** The host's side of a page: may be ended at any moment. */
export interface ViewSession {
  receive(message: unknown): Promise<void>;
  /** The page is seen again. */
  resume(): void;
  pause(): void;
  dispose(): void;
}

/** A panel whose messages go to its session. Knows nothing of what they say. */
export class ViewPanel<Session extends ViewSession, Message> {
  readonly session: Session;
  readonly #subscriptions: vscode.Disposable;

  constructor(
    readonly panel: vscode.WebviewPanel,
    { extensionUri, name, icon }: { extensionUri: vscode.Uri; name: string; icon: string },
    makeSession: (post: (message: Message) => void) => Session,
  ) {
    const { webview } = panel;
    this.session = makeSession(message => void webview.postMessage(message));
    this.#subscriptions = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: unknown) => void this.session.receive(message)),
      panel.onDidChangeViewState(() => {
        if (panel.visible) this.session.resume();
        else this.session.pause();
      }),
      panel.onDidDispose(() => this.dispose()),
    );
    panel.iconPath = new vscode.ThemeIcon(icon);
    fillWebview(webview, extensionUri, { name, title: panel.title });
  }

  dispose(): void {
    this.session.dispose();
    this.#subscriptions.dispose();
  }
}
