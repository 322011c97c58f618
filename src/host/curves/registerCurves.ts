/**
 * The loss curves: `weightroom.curves.open`, and the panel restored after a reload. One panel shows
 * any number of runs; asking for another run adds it there.
 */
import * as vscode from 'vscode';
import { type Slots, assignSlots } from '../../curves/seriesStyle';
import { type RunTarget, register } from '../commands';
import { wakeRestored } from '../restoredTab';
import { ViewPanel } from '../viewPanel';
import type { RunStore } from '../runs/runStore';
import { curvesPorts } from './curvesPorts';
import type { RunSource } from './openedRuns';
import type { CurvesSession, SessionOptions } from './curvesSession';

const VIEW_TYPE = 'weightroom.curves';

type Panel = ViewPanel<CurvesSession, Parameters<SessionOptions['post']>[0]>;

/** With the schema of its requests, which a window without curves need not load. */
const loadSession = () => import('./curvesSession');
type SessionModule = Awaited<ReturnType<typeof loadSession>>;

const SLOTS_KEY = 'weightroom.runSlots';

export function registerCurves(
  context: vscode.ExtensionContext,
  runs: RunStore,
): vscode.Disposable {
  const source = runSource(context.workspaceState, runs);
  const ports = curvesPorts(runs);
  const adoptions = new vscode.EventEmitter<void>();
  let current: Panel | undefined;
  let opening: Promise<unknown> = Promise.resolve();

  const adopt = (
    { CurvesSession }: SessionModule,
    panel: vscode.WebviewPanel,
    shown: readonly string[],
  ): void => {
    const former = current;
    const adopted = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'curves', icon: 'graph-line' },
      (post: SessionOptions['post']) => new CurvesSession({ source, ports, post, runs: shown }),
    );
    current = adopted;
    panel.onDidDispose(() => {
      if (current === adopted) current = undefined;
    });
    former?.panel.dispose();
    adoptions.fire();
  };

  const open = async (target?: RunTarget): Promise<void> => {
    const shown = target === undefined ? [] : [idOf(target)];
    if (shown.some(id => !runs.get(id))) await runs.refresh();
    const loaded = await loadSession();
    if (!current) await wakeRestored(VIEW_TYPE, adoptions.event);
    if (current) {
      current.session.show(shown);
      current.panel.reveal();
    } else adopt(loaded, createPanel(), shown);
  };

  return vscode.Disposable.from(
    adoptions,
    // One after another: two that come at once are to end in one panel.
    register('weightroom.curves.open', target => {
      const opened = opening.then(() => open(target));
      opening = opened.catch(() => undefined);
      return opened;
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        await runs.refresh();
        adopt(await loadSession(), panel, []);
      },
    }),
    runs.onDidChange(() => current?.session.follow()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => current?.session.follow()),
    // The panel stays: a reload restores it.
    { dispose: () => current?.dispose() },
  );
}

const createPanel = (): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(
    VIEW_TYPE,
    vscode.l10n.t('Loss curves'),
    vscode.ViewColumn.Active,
  );

function runSource(memory: vscode.Memento, store: RunStore): RunSource {
  return {
    store,
    slotOf(id) {
      const known = memory.get<Slots>(SLOTS_KEY, {});
      const slot = known[id];
      if (slot !== undefined) return slot;
      const others = store.runs.map(run => run.id).filter(other => other in known);
      const slots = assignSlots(known, [...others, id]);
      void memory.update(SLOTS_KEY, slots);
      return slots[id] ?? 0;
    },
    labelOf: path => vscode.workspace.asRelativePath(path),
  };
}

const idOf = (target: RunTarget): string => (typeof target === 'string' ? target : target.runId);
