/**
 * The inspector of adapters: `weightroom.adapter.inspect`, and the panel restored after a reload. One
 * panel shows up to six adapters; asking for others shows them there. Starts no process.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { cacheDirOf } from '../../engine/hub/hubSettings';
import type { AdapterHostMessage } from '../../protocol/adapterView';
import { type AdapterTarget, register } from '../commands';
import { reportFailure } from '../failure';
import { wakeRestored } from '../restoredTab';
import { saveFile } from '../saveFile';
import { ViewPanel } from '../viewPanel';
import type { AdapterPorts, AdapterSession, PickedAdapter } from './adapterSession';

const VIEW_TYPE = 'weightroom.adapter';
/** Of a workspace: what the panel showed last, for when it is restored. */
const ADAPTERS_KEY = 'weightroom.inspectedAdapters';

type Panel = ViewPanel<AdapterSession, AdapterHostMessage>;

/** How adapters are found, which the feature of models knows. */
export interface AdapterChooser {
  choose(
    target: AdapterTarget | undefined,
    title: string,
  ): Promise<{ dir: string; name: string } | undefined>;
  chooseBase(named: string, openLabel: string): Promise<string | undefined>;
}

/** With the schema of its requests, which a window without adapters need not load. */
const loadSession = () => import('./adapterSession');

export function registerAdapter(
  context: vscode.ExtensionContext,
  chooser: AdapterChooser,
): vscode.Disposable {
  const adoptions = new vscode.EventEmitter<void>();
  let current: Panel | undefined;
  let opening: Promise<unknown> = Promise.resolve();

  const pick = async (target: AdapterTarget | undefined, title: string) => {
    const chosen = await chooser.choose(target, title);
    return chosen && { path: chosen.dir, name: chosen.name };
  };
  const portsOf = (panel: vscode.WebviewPanel): AdapterPorts => ({
    copy: async words => vscode.env.clipboard.writeText(words),
    save(name, content) {
      const ending = name.split('.').at(-1)!;
      return saveFile(name, { [ending.toUpperCase()]: [ending] }, () => content);
    },
    chooseAdapter: () => pick(undefined, l10n.t('Compare with which adapter?')),
    chooseBase: named => chooser.chooseBase(named, l10n.t('Use as Base')),
    shows(adapters) {
      panel.title = titleOf(adapters);
      void context.workspaceState.update(ADAPTERS_KEY, adapters);
    },
  });

  const adopt = async (
    panel: vscode.WebviewPanel,
    adapters: readonly PickedAdapter[],
  ): Promise<void> => {
    const { AdapterSession } = await loadSession();
    const former = current;
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'adapter', icon: 'extensions' },
      (post: (message: AdapterHostMessage) => void) =>
        new AdapterSession({
          ...{ adapters, post, ports: portsOf(panel) },
          cacheDir: cacheDirOf(process.env),
        }),
    );
    current = adopted;
    panel.onDidDispose(() => {
      if (current === adopted) current = undefined;
    });
    former?.panel.dispose();
    adoptions.fire();
    void adopted.session.show(adapters).catch(reportFailure);
  };

  const open = async (
    target?: AdapterTarget,
    selected?: readonly AdapterTarget[],
  ): Promise<void> => {
    const named = selected && selected.length > 1 ? selected : [target];
    const adapters: PickedAdapter[] = [];
    for (const one of named) {
      const picked = await pick(one, l10n.t('Inspect which adapter?'));
      if (picked) adapters.push(picked);
    }
    if (adapters.length === 0) return;
    if (!current) await wakeRestored(VIEW_TYPE, adoptions.event);
    if (current) {
      void current.session.show(adapters).catch(reportFailure);
      current.panel.reveal();
    } else await adopt(createPanel(adapters), adapters);
  };

  return vscode.Disposable.from(
    adoptions,
    // One after another: two that come at once are to end in one panel.
    register('weightroom.adapter.inspect', (target, selected) => {
      const opened = opening.then(() => open(target, selected));
      opening = opened.catch(() => undefined);
      return opened;
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        const adapters = context.workspaceState.get<PickedAdapter[]>(ADAPTERS_KEY);
        if (adapters && adapters.length > 0) await adopt(panel, adapters);
        else panel.dispose();
      },
    }),
    // The panel stays: a reload restores it.
    { dispose: () => current?.dispose() },
  );
}

const titleOf = (adapters: readonly PickedAdapter[]): string =>
  adapters.length > 2
    ? l10n.t('{0} adapters', adapters.length)
    : adapters.map(({ name }) => name).join(' ↔ ');

const createPanel = (adapters: readonly PickedAdapter[]): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(adapters), vscode.ViewColumn.Active);
