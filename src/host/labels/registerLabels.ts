/** `Preview Labels of Examples`: panels that show what a run would learn and take, before it starts. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { LabelsHostMessage } from '../../protocol/labelsView';
import { chooseConfig } from '../chooseConfig';
import { type DataTarget, execute, register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import type { Launcher } from '../launcher';
import { requireDisk, requireTrust } from '../trust';
import { ViewPanel } from '../viewPanel';
import type { LabelsPorts, LabelsSession } from './labelsSession';

const VIEW_TYPE = 'weightroom.labels';

/** Read at a time. */
const EXAMPLES = '20';

type Panel = ViewPanel<LabelsSession, LabelsHostMessage>;

const loadSession = async () => ({
  ...(await import('./labelsSession')),
  ...(await import('./labelsProcess')),
  ...(await import('./runCard')),
});
type Loaded = Awaited<ReturnType<typeof loadSession>>;

export function registerLabels(
  context: vscode.ExtensionContext,
  configs: ConfigFiles,
  launcher: Launcher,
): vscode.Disposable {
  const panels = new Map<string, Panel>();

  const open = async (config: vscode.Uri, given?: vscode.WebviewPanel): Promise<void> => {
    const key = config.toString();
    const loaded = await loadSession(); // before the look: two that come at once get one panel
    const known = panels.get(key);
    if (known) {
      known.panel.reveal();
      return known.session.refresh();
    }
    const label = vscode.workspace.asRelativePath(config);
    const title = l10n.t('Labels of {0}', label);
    const panel =
      given ?? vscode.window.createWebviewPanel(VIEW_TYPE, title, vscode.ViewColumn.Active);
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'labels', icon: 'tag' },
      (post: (message: LabelsHostMessage) => void) =>
        new loaded.LabelsSession({
          ...{ label, config: key, post },
          ports: portsOf(config, launcher, loaded),
        }),
    );
    panels.set(key, adopted);
    panel.onDidDispose(() => panels.delete(key));
    await adopted.session.refresh();
  };

  return vscode.Disposable.from(
    register('weightroom.data.previewLabels', async target => {
      requireTrust();
      const question = l10n.t('Preview the labels of which config?');
      const config = await chooseConfig(configs, configIn(target), question);
      if (config) await open(config);
    }),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      void panels.get(uri.toString())?.session.refresh();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      for (const { session } of panels.values()) void session.refresh();
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel, state: unknown) {
        const { config } = (state ?? {}) as { config?: unknown };
        if (typeof config === 'string') await open(vscode.Uri.parse(config, true), panel);
        else panel.dispose();
      },
    }),
    {
      dispose() {
        for (const panel of panels.values()) panel.dispose();
      },
    },
  );
}

/** The config that names the row's file, or the config itself. */
const configIn = (target: DataTarget | undefined): vscode.Uri | undefined =>
  target instanceof vscode.Uri ? target : target?.config;

function portsOf(config: vscode.Uri, launcher: Launcher, loaded: Loaded): LabelsPorts {
  const folder = vscode.workspace.getWorkspaceFolder(config);
  return {
    get isTrusted() {
      return vscode.workspace.isTrusted;
    },
    read(from) {
      const path = requireDisk(config);
      const args = ['preview-labels', path, '--examples', EXAMPLES, '--from', String(from)];
      const child = launcher.startCommand([...args, '--json'], folder?.uri.fsPath ?? '.');
      return { labels: loaded.readLabels(child), stop: () => void child.kill('SIGINT') };
    },
    async card() {
      const path = requireDisk(config);
      const document = await vscode.workspace.openTextDocument(config);
      return loaded.runCardOf(document.getText(), path, join(folder?.uri.fsPath ?? '.', 'runs'));
    },
    train: async () => void (await execute('weightroom.config.train', config)),
    openConfig: async () => void (await vscode.window.showTextDocument(config)),
    openPlan: async () => execute('weightroom.config.plan', config),
    manageTrust: async () => void (await execute('weightroom.trust.manage')),
  };
}
