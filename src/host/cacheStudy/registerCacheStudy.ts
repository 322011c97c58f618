/**
 * The cache-study feature: lenses on its configs, studies as tasks, and one panel that shows what they
 * found, restored after a reload.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { StudyActivity } from '../../protocol/cacheStudyView';
import { chooseConfig } from '../chooseConfig';
import { execute, register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import type { Launcher } from '../launcher';
import { wakeRestored } from '../restoredTab';
import { saveFile } from '../saveFile';
import { requireTrust } from '../trust';
import { ViewPanel } from '../viewPanel';
import type { CacheStudySession, StudyPorts, StudySessionOptions } from './cacheStudySession';
import { findStudies, foundStudy } from './findStudies';
import { StudyLenses } from './studyLenses';
import { runStudyTask } from './studyTask';

const VIEW_TYPE = 'weightroom.cacheStudy';

type Panel = ViewPanel<CacheStudySession, Parameters<StudySessionOptions['post']>[0]>;

/** With the schema of its requests, which a window without studies need not load. */
const loadSession = () => import('./cacheStudySession');

export function registerCacheStudy(
  context: vscode.ExtensionContext,
  configs: ConfigFiles,
  launcher: Launcher,
): vscode.Disposable {
  const panels = new StudyPanels(context.extensionUri);
  const lenses = new StudyLenses();
  const run = async (config: vscode.Uri): Promise<void> => {
    panels.become({ kind: 'running', config: basename(config.fsPath) });
    try {
      const dir = await runStudyTask(config, launcher);
      panels.become({ kind: 'idle' });
      await panels.show(dir);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      panels.become({ kind: 'failed', message });
      throw error;
    } finally {
      lenses.refresh();
    }
  };
  return vscode.Disposable.from(
    panels,
    lenses,
    vscode.languages.registerCodeLensProvider({ language: 'yaml' }, lenses),
    register('weightroom.cacheStudy.run', async target => {
      requireTrust();
      const config = await chooseConfig(
        configs,
        target,
        l10n.t('Run the cache study of which config?'),
      );
      if (config) await run(config);
    }),
    register('weightroom.cacheStudy.open', target => panels.show(target?.fsPath)),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: panel => panels.adopt(panel),
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => panels.follow()),
  );
}

class StudyPanels implements vscode.Disposable {
  readonly #adoptions = new vscode.EventEmitter<void>();
  #current: Panel | undefined;
  #activity: StudyActivity = { kind: 'idle' };

  constructor(private readonly extensionUri: vscode.Uri) {}

  /** @param dir of the study; the newest, or the one that is shown, when none is named */
  async show(dir?: string): Promise<void> {
    const study = dir === undefined ? undefined : foundStudy(dir).id;
    if (!this.#current) await wakeRestored(VIEW_TYPE, this.#adoptions.event);
    if (this.#current) {
      if (study !== undefined) this.#current.session.show(study);
      this.#current.panel.reveal();
      return;
    }
    const title = l10n.t('Cache study');
    const column = vscode.ViewColumn.Active;
    await this.adopt(vscode.window.createWebviewPanel(VIEW_TYPE, title, column), study);
  }

  async adopt(panel: vscode.WebviewPanel, study?: string): Promise<void> {
    const { CacheStudySession } = await loadSession();
    const former = this.#current;
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri: this.extensionUri, name: 'cacheStudy', icon: 'layers' },
      (post: StudySessionOptions['post']) =>
        new CacheStudySession({ post, ports: this.#ports, study }),
    );
    adopted.session.become(this.#activity);
    this.#current = adopted;
    panel.onDidDispose(() => {
      if (this.#current === adopted) this.#current = undefined;
    });
    former?.panel.dispose();
    this.#adoptions.fire();
  }

  become(activity: StudyActivity): void {
    this.#activity = activity;
    this.#current?.session.become(activity);
  }

  follow(): void {
    this.#current?.session.resume();
  }

  /** The panel stays: a reload restores it. */
  dispose(): void {
    this.#current?.dispose();
    this.#adoptions.dispose();
  }

  get #ports(): StudyPorts {
    return {
      get isTrusted() {
        return vscode.workspace.isTrusted;
      },
      list: findStudies,
      runAgain: async configPath => {
        await execute('weightroom.cacheStudy.run', vscode.Uri.file(configPath));
      },
      openConfig: async configPath => {
        await vscode.window.showTextDocument(vscode.Uri.file(configPath));
      },
      manageTrust: async () => void (await execute('weightroom.trust.manage')),
      save: (name, kind, text) => saveFile(name, { [kind.toUpperCase()]: [kind] }, () => text),
      copy: async text => vscode.env.clipboard.writeText(text),
    };
  }
}
