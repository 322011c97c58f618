/** The Devices feature: its view, memory plans, explained messages, load reports, tt-train's configs. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseConfig } from '../chooseConfig';
import { register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import type { Launcher } from '../launcher';
import { registerCheckLoad } from './checkLoad';
import { DeviceTree } from './deviceTree';
import { MemoryPanels } from './memoryPanels';
import { registerOom } from './oomDocuments';
import { TextDocuments } from './textDocuments';
import { registerTtTrain } from './ttTrain';

export interface Devices extends vscode.Disposable {
  readonly tree: Pick<DeviceTree, 'devices' | 'getChildren' | 'getTreeItem'>;
}

export function registerDevices(
  context: vscode.ExtensionContext,
  configs: ConfigFiles,
  launcher: Launcher,
): Devices {
  const documents = new TextDocuments();
  const tree = new DeviceTree(launcher);
  const panels = new MemoryPanels(context);
  const subscriptions = vscode.Disposable.from(
    documents,
    tree,
    panels,
    vscode.window.createTreeView('weightroom.devices', { treeDataProvider: tree }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => tree.refresh()),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('weightroom.devices')) tree.refresh();
    }),
    register('weightroom.devices.refresh', () => {
      tree.refresh();
      return Promise.resolve();
    }),
    register('weightroom.memory.plan', async target => {
      const active = vscode.window.activeTextEditor?.document;
      const here = active?.languageId === 'yaml' ? active.uri : undefined;
      const config =
        target ??
        here ??
        (await chooseConfig(configs, undefined, l10n.t('Plan the memory of which config?')));
      if (config) await panels.open(config);
    }),
    registerOom(documents),
    registerCheckLoad(launcher, documents),
    registerTtTrain(),
  );
  return { tree, dispose: () => void subscriptions.dispose() };
}
