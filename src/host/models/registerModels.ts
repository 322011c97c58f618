/** The Models feature: its view, the hub, and what can be done with a model. */
import * as vscode from 'vscode';
import { type AdapterTarget, register } from '../commands';
import type { Launcher } from '../launcher';
import type { RunStore } from '../runs/runStore';
import { CatalogThread } from './catalogThread';
import { chooseAdapter, chooseBase } from './chooseAdapter';
import { registerDownloads } from './downloadCommands';
import { Downloads } from './downloads';
import { HubAccount } from './hubAccount';
import { mergeCommand } from './mergeCommand';
import { registerModelCommands } from './modelCommands';
import type { Row } from './modelRows';
import { ModelTree } from './modelTree';
import { pushCommand } from './pushCommands';
import { registerReportDocuments } from './reportDocuments';

export interface Models extends vscode.Disposable {
  readonly tree: ModelTree;
  /** Adapters and their bases, as commands are given them or as the user finds them. */
  readonly adapters: {
    choose(target: AdapterTarget | undefined, title: string): ReturnType<typeof chooseAdapter>;
    chooseBase: typeof chooseBase;
  };
}

export function registerModels(
  context: vscode.ExtensionContext,
  runs: RunStore,
  launcher: Launcher,
): Models {
  const catalog = new CatalogThread();
  const account = new HubAccount(context.secrets);
  const downloads = new Downloads(launcher.startHub);
  const tree = new ModelTree(runs, catalog, downloads);
  const reports = registerReportDocuments(catalog);
  const view = vscode.window.createTreeView<Row>('weightroom.models', {
    treeDataProvider: tree,
    canSelectMany: true,
    showCollapseAll: true,
  });
  const subscriptions = vscode.Disposable.from(
    catalog,
    account,
    downloads,
    tree,
    reports,
    view,
    // other programs write into the cache, too
    view.onDidChangeVisibility(({ visible }) => {
      if (visible) tree.refreshSoon();
    }),
    registerModelCommands({ tree, catalog, reports }),
    registerDownloads({
      account,
      downloads,
      tree,
      memory: context.globalState,
      reveal: id => reveal(view, tree, id),
    }),
    register('weightroom.hub.push', pushCommand({ account, tree, start: launcher.startHub })),
    register(
      'weightroom.model.merge',
      mergeCommand({ runs, tree, catalog, start: launcher.startCommand }),
    ),
    register('weightroom.models.refresh', () => {
      tree.refresh();
      return Promise.resolve();
    }),
  );
  const choose: Models['adapters']['choose'] = (target, title) =>
    chooseAdapter({ tree, runs }, target, title);
  return {
    tree,
    adapters: { choose, chooseBase },
    dispose: () => void subscriptions.dispose(),
  };
}

/** Selects a model of the cache, if the view is open. */
async function reveal(view: vscode.TreeView<Row>, tree: ModelTree, id: string): Promise<void> {
  if (!view.visible) return;
  const row = await tree.cached(id);
  if (!row) return;
  try {
    await view.reveal(row, { select: true, focus: false });
  } catch {
    // The tree was read anew meanwhile, and has another row for it.
  }
}
