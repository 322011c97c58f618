/** The panels that show evaluations, one each; VS Code's side of them. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { ViewPanel } from '../viewPanel';
import type { EvaluationPorts, EvaluationSession, SessionOptions } from './evaluationSession';
import type { KnownEvaluations } from './knownEvaluations';

const VIEW_TYPE = 'weightroom.evaluation';

/** With the schema of its requests, which a window without a report need not load. */
const loadSession = async () => ({
  ...(await import('./evaluationSession')),
  ...(await import('./compareFolders')),
});
type Loaded = Awaited<ReturnType<typeof loadSession>>;

type Panel = ViewPanel<EvaluationSession, Parameters<SessionOptions['post']>[0]>;

export class EvaluationPanels implements vscode.Disposable {
  readonly #panels = new Set<Panel>();
  readonly #serializer: vscode.Disposable;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly store: KnownEvaluations,
    private readonly ports: EvaluationPorts,
  ) {
    this.#serializer = vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel, state: unknown) => {
        const { dir } = (state ?? {}) as { dir?: unknown };
        if (typeof dir === 'string') this.#adopt(await loadSession(), panel, dir);
        else panel.dispose();
      },
    });
  }

  /** Shows an evaluation, against another one when that is named. */
  async open(dir: string, baseline?: string): Promise<void> {
    const loaded = await loadSession(); // before the look: two that come at once get one panel
    const shown = [...this.#panels].find(({ session }) => session.dir === dir);
    if (shown) shown.panel.reveal();
    const panel = shown ?? this.#adopt(loaded, createPanel(this.#titleOf(dir)), dir);
    if (baseline !== undefined) await panel.session.show(dir, baseline);
  }

  /** What they show may be another way, as when the folder was trusted. */
  follow(): void {
    for (const { session } of this.#panels) void session.follow();
  }

  /** The panels stay: a reload restores them. */
  dispose(): void {
    this.#serializer.dispose();
    for (const panel of this.#panels) panel.dispose();
  }

  #adopt(
    { EvaluationSession, compareFolders }: Loaded,
    panel: vscode.WebviewPanel,
    dir: string,
  ): Panel {
    const { extensionUri, store, ports } = this;
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri, name: 'evaluation', icon: 'checklist' },
      (post: SessionOptions['post']) =>
        new EvaluationSession({ dir, store, ports, post, compare: compareFolders }),
    );
    this.#panels.add(adopted);
    panel.onDidDispose(() => this.#panels.delete(adopted));
    return adopted;
  }

  #titleOf(dir: string): string {
    const known = this.store.evaluations.find(each => each.dir === dir);
    return known?.plan.name ?? basename(dir);
  }
}

const createPanel = (name: string): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(
    VIEW_TYPE,
    l10n.t('{0} (evaluation)', name),
    vscode.ViewColumn.Active,
  );
