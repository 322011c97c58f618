/**
 * The sandbox: `weightroom.sandbox.open`, `weightroom.sandbox.compare`, and the panel restored after
 * a reload. One panel shows up to four models side by side.
 */
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseCheckpoint } from '../../engine/run/chooseCheckpoint';
import type { PickedModel } from '../../protocol/sandboxView';
import { register, type SandboxTarget } from '../commands';
import type { Engine } from '../engine';
import { log } from '../log';
import { wakeRestored } from '../restoredTab';
import type { RunStore } from '../runs/runStore';
import { requireDisk } from '../trust';
import { ViewPanel } from '../viewPanel';
import { tellModelFolders } from './modelFolders';
import { sandboxPorts } from './sandboxPorts';
import type { SandboxSession, SessionOptions } from './sandboxSession';

const VIEW_TYPE = 'weightroom.sandbox';

type Panel = ViewPanel<SandboxSession, Parameters<SessionOptions['post']>[0]>;

/** With the schema of its requests, which a window without a sandbox need not load. */
const loadSession = async () => ({
  ...(await import('./sandboxSession')),
  ...(await import('./sandboxFiles')),
});
const loadModels = () => import('./chooseModel');

export function registerSandbox(
  context: vscode.ExtensionContext,
  runs: RunStore,
  engine: Engine,
): vscode.Disposable {
  const ports = sandboxPorts(runs);
  let current: Panel | undefined;
  const adoptions = new vscode.EventEmitter<void>();
  let opening: Promise<unknown> = Promise.resolve();

  const adopt = async (panel: vscode.WebviewPanel): Promise<Panel> => {
    const { SandboxSession, SandboxFiles } = await loadSession();
    const files = new SandboxFiles(storageOf(context));
    const logged = (error: unknown) => log.error(error instanceof Error ? error : String(error));
    // What the former one knows is on the disk when the next one reads it.
    current?.panel.dispose();
    const adopted = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'sandbox', icon: 'beaker' },
      (post: SessionOptions['post']) =>
        new SandboxSession({ engine, files, ports, post, log: logged }),
    );
    current = adopted;
    panel.onDidDispose(() => {
      if (current === adopted) current = undefined;
    });
    adoptions.fire();
    return adopted;
  };

  const open = async (target: SandboxTarget | undefined, how: 'instead' | 'beside') => {
    const model = await modelOf(target, runs);
    const prompt = promptOf(target);
    if (!current) await wakeRestored(VIEW_TYPE, adoptions.event);
    if (current) current.panel.reveal();
    const shown = current ?? (await adopt(createPanel()));
    if (model) await shown.session.show(model, how);
    if (prompt !== undefined) await shown.session.write(prompt);
  };

  /** One after another: two that come at once are to end in one panel. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const opened = opening.then(work);
    opening = opened.catch(() => undefined);
    return opened;
  };

  return vscode.Disposable.from(
    adoptions,
    tellModelFolders(),
    register('weightroom.sandbox.open', target => inTurn(() => open(target, 'instead'))),
    register('weightroom.sandbox.compare', (target, selected) =>
      inTurn(async () => {
        const all = selected && selected.length > 1 ? selected : [target];
        for (const each of all) await open(each, 'beside');
      }),
    ),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        await adopt(panel);
      },
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => current?.session.follow()),
    vscode.workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration('weightroom.devices')) current?.session.follow();
    }),
    // The panel stays: a reload restores it.
    { dispose: () => current?.dispose() },
  );
}

const createPanel = (): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(VIEW_TYPE, l10n.t('Sandbox'), vscode.ViewColumn.Active);

const storageOf = ({ storageUri, globalStorageUri }: vscode.ExtensionContext): string =>
  join((storageUri ?? globalStorageUri).fsPath, 'sandbox');

const promptOf = (target: SandboxTarget | undefined): string | undefined =>
  typeof target === 'object' && 'prompt' in target ? target.prompt : undefined;

/** Of a run, its best checkpoint. @throws when there is no model where the target says */
async function modelOf(
  target: SandboxTarget | undefined,
  runs: RunStore,
): Promise<PickedModel | undefined> {
  if (target === undefined) return undefined;
  const { modelAt } = await loadModels();
  if (target instanceof vscode.Uri) return modelAt(requireDisk(target), runs);
  if (typeof target === 'object' && 'uri' in target) return modelAt(requireDisk(target.uri), runs);
  if (typeof target === 'object' && 'dir' in target) return modelAt(target.dir, runs, target.name);
  if (typeof target === 'string' && isAbsolute(target)) return modelAt(target, runs);
  const { runId, path } = typeof target === 'string' ? { runId: target, path: undefined } : target;
  if (!runs.get(runId)) await runs.refresh();
  const dir = runs.dirOf(runId);
  return modelAt(path === undefined ? chooseCheckpoint(dir, 'best').dir : join(dir, path), runs);
}

/** Lets the user choose a model of those that the sandbox knows, for another feature. */
export const modelChooser = (runs: RunStore) => async () => {
  const model = await (await loadModels()).chooseModel(runs, null, 'model');
  return model && { dir: model.dir, adapterDir: model.adapters[0]?.dir ?? null };
};
