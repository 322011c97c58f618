/**
 * The weight diff: `weightroom.diff.open`, and the panel restored after a reload. One panel shows two
 * models; asking for others shows them there.
 */
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseCheckpoint } from '../../engine/run/chooseCheckpoint';
import { type DiffTarget, register } from '../commands';
import type { Launcher } from '../launcher';
import { wakeRestored } from '../restoredTab';
import type { RunStore } from '../runs/runStore';
import { requireDisk } from '../trust';
import { ViewPanel } from '../viewPanel';
import { chooseSide, pickedAt } from './chooseSide';
import type { DiffOptions, DiffSession, PickedSide, Sides } from './diffSession';

const VIEW_TYPE = 'weightroom.diff';
/** Of a workspace: what the panel showed last, for when it is restored. */
const SIDES_KEY = 'weightroom.diffSides';

type Panel = ViewPanel<DiffSession, Parameters<DiffOptions['post']>[0]>;

/** With the engine that compares, which a window without a diff need not load. */
const loadSession = async () => ({
  ...(await import('./diffSession')),
  ...(await import('./diffPorts')),
});

export function registerDiff(
  context: vscode.ExtensionContext,
  runs: RunStore,
  launcher: Launcher,
): vscode.Disposable {
  const adoptions = new vscode.EventEmitter<void>();
  let current: Panel | undefined;
  let opening: Promise<unknown> = Promise.resolve();

  const adopt = async (panel: vscode.WebviewPanel, sides: Sides): Promise<void> => {
    const { DiffSession, diffPorts } = await loadSession();
    const ports = diffPorts(launcher, shown => {
      panel.title = titleOf(shown);
      void context.workspaceState.update(SIDES_KEY, shown);
    });
    ports.shows(sides);
    const former = current;
    const adopted = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'diff', icon: 'git-compare' },
      (post: DiffOptions['post']) => new DiffSession({ sides, ports, post }),
    );
    current = adopted;
    panel.onDidDispose(() => {
      if (current === adopted) current = undefined;
    });
    former?.panel.dispose();
    adoptions.fire();
  };

  const open = async (target?: DiffTarget, selected?: readonly DiffTarget[]): Promise<void> => {
    const sides = await sidesOf(target, selected, runs);
    if (!sides) return;
    if (!current) await wakeRestored(VIEW_TYPE, adoptions.event);
    if (current) {
      current.session.show(sides);
      current.panel.reveal();
    } else await adopt(createPanel(sides), sides);
  };

  return vscode.Disposable.from(
    adoptions,
    // One after another: two that come at once are to end in one panel.
    register('weightroom.diff.open', (target, selected) => {
      const opened = opening.then(() => open(target, selected));
      opening = opened.catch(() => undefined);
      return opened;
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        const sides = context.workspaceState.get<Sides>(SIDES_KEY);
        if (sides) await adopt(panel, sides);
        else panel.dispose();
      },
    }),
    // The panel stays: a reload restores it.
    { dispose: () => current?.dispose() },
  );
}

const titleOf = ({ left, right }: Sides): string => `${left.label} ↔ ${right.label}`;

const createPanel = (sides: Sides): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(sides), vscode.ViewColumn.Active);

/** Two of a selection; else what was named, and what the user chooses beside it. */
async function sidesOf(
  target: DiffTarget | undefined,
  selected: readonly DiffTarget[] | undefined,
  runs: RunStore,
): Promise<Sides | undefined> {
  const named = selected && selected.length >= 2 ? selected.slice(0, 2) : target ? [target] : [];
  const known: PickedSide[] = [];
  for (const one of named) known.push(await sideOf(one, runs));
  const left = known[0] ?? (await chooseSide(l10n.t('Choose the left model')));
  if (!left) return undefined;
  const right =
    known[1] ?? (await chooseSide(l10n.t('Choose the model to compare with {0}', left.label)));
  return right && { left, right };
}

/** Of a run, its best checkpoint. @throws when there is no checkpoint yet */
async function sideOf(target: DiffTarget, runs: RunStore): Promise<PickedSide> {
  if (target instanceof vscode.Uri) return pickedAt(requireDisk(target));
  if (typeof target === 'object' && 'uri' in target) return pickedAt(requireDisk(target.uri));
  if (typeof target === 'string' && isAbsolute(target)) return pickedAt(target);
  const { runId, path } = typeof target === 'string' ? { runId: target, path: undefined } : target;
  if (!runs.get(runId)) await runs.refresh();
  const dir = runs.dirOf(runId);
  const checkpoint = path === undefined ? chooseCheckpoint(dir, 'best').dir : join(dir, path);
  return { path: checkpoint, label: `${runId}, ${checkpoint.split(/[\\/]/).at(-1) ?? ''}` };
}
