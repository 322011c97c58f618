/** `Plan Memory`: panels that show what a config fills a device's banks with, as it is edited. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { MemoryHostMessage } from '../../protocol/memoryView';
import { execute } from '../commands';
import { ViewPanel } from '../viewPanel';
import type { MemoryPorts, MemorySession } from './memorySession';

const VIEW_TYPE = 'weightroom.memory';
const PAUSE_MS = 400;

type Panel = ViewPanel<MemorySession, MemoryHostMessage>;

export class MemoryPanels implements vscode.Disposable {
  readonly #panels = new Map<string, Panel>();
  readonly #subscriptions: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly context: vscode.ExtensionContext) {
    this.#subscriptions = vscode.Disposable.from(
      vscode.workspace.onDidChangeTextDocument(({ document: { uri } }) => {
        const panel = this.#panels.get(uri.toString());
        if (!panel) return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void panel.session.refresh(), PAUSE_MS);
      }),
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
        deserializeWebviewPanel: async (panel, state: unknown) => {
          const { config, device } = (state ?? {}) as { config?: unknown; device?: unknown };
          if (typeof config !== 'string') {
            panel.dispose();
            return;
          }
          const uri = vscode.Uri.parse(config, true);
          await this.open(uri, typeof device === 'string' ? device : undefined, panel);
        },
      }),
    );
  }

  async open(config: vscode.Uri, device?: string, given?: vscode.WebviewPanel): Promise<void> {
    const key = config.toString();
    // before the look: two that come at once get one panel
    const { MemorySession } = await import('./memorySession');
    const known = this.#panels.get(key);
    if (known) {
      known.panel.reveal();
      return known.session.refresh();
    }
    const label = vscode.workspace.asRelativePath(config);
    const title = l10n.t('Memory of {0}', label);
    const column = vscode.ViewColumn.Active;
    const panel = given ?? vscode.window.createWebviewPanel(VIEW_TYPE, title, column);
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri: this.context.extensionUri, name: 'memory', icon: 'circuit-board' },
      (post: (message: MemoryHostMessage) => void) =>
        new MemorySession({
          ...{ label, config: key, path: config.fsPath, post, ports: portsOf(config) },
          ...(device !== undefined && { device }),
        }),
    );
    this.#panels.set(key, adopted);
    panel.onDidDispose(() => this.#panels.delete(key));
    await adopted.session.refresh();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
    for (const panel of this.#panels.values()) panel.dispose();
  }
}

function portsOf(config: vscode.Uri): MemoryPorts {
  const document = () => vscode.workspace.openTextDocument(config);
  return {
    text: async () => (await document()).getText(),
    async replaceText(text) {
      const opened = await document();
      const whole = new vscode.Range(
        opened.positionAt(0),
        opened.positionAt(opened.getText().length),
      );
      const edit = new vscode.WorkspaceEdit();
      edit.replace(config, whole, text);
      await vscode.workspace.applyEdit(edit);
    },
    describeDevice: now =>
      Promise.resolve(
        vscode.window.showInputBox({
          title: l10n.t('Banks and bytes of each bank'),
          prompt: l10n.t('For example 12x1071181792, or 8x4273390016@64 with an alignment'),
          value: /\d+x\d+/.test(now) ? now : '12x1071181792',
        }),
      ),
    explain: async () => void (await execute('weightroom.memory.explain')),
    openConfig: async () => void (await vscode.window.showTextDocument(config)),
    save: async (kind, content) => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      const target = await vscode.window.showSaveDialog({
        ...(folder && { defaultUri: vscode.Uri.joinPath(folder, `memory-plan.${kind}`) }),
        filters: { [kind.toUpperCase()]: [kind] },
      });
      if (!target) return null;
      await vscode.workspace.fs.writeFile(target, content);
      return vscode.workspace.asRelativePath(target);
    },
  };
}
