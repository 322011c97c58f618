/**
 * The Models view as a tree. Lists folders at once; what each of them is, is read afterwards in a
 * thread, and again when it may have changed.
 */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../engine/catalog/modelSummary';
import { cacheDirOf } from '../../engine/hub/hubSettings';
import { log } from '../log';
import type { RunStore } from '../runs/runStore';
import type { CatalogThread } from './catalogThread';
import type { Downloads } from './downloads';
import { cacheRows, folderRows, runRows } from './findModels';
import { downloadItem, groupItem, modelItem, modelTooltip } from './modelItems';
import { type GroupRow, isUnfinished, type ModelRow, type Row } from './modelRows';

/** Copying a model writes several files; the view looks once. */
const PAUSE_MS = 400;

export class ModelTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<Row | undefined>();
  readonly onDidChangeTreeData = this.#changes.event;
  readonly #parents = new Map<Row, Row>();
  /** What was last read, by row. */
  readonly #summaries = new Map<string, ModelSummary>();
  /** Since the last look at everything. */
  readonly #reading = new Map<string, Promise<ModelSummary>>();
  #timer: NodeJS.Timeout | undefined;
  /** Of runs, as they were last shown. */
  #checkpoints = '';
  readonly #subscriptions: vscode.Disposable;

  constructor(
    private readonly runs: RunStore,
    private readonly catalog: CatalogThread,
    private readonly downloads: Downloads,
  ) {
    this.#subscriptions = vscode.Disposable.from(
      this.#changes,
      this.#watch('**/{config.json,adapter_config.json,*.safetensors,pytorch_model*.bin}'),
      this.#watch(new vscode.RelativePattern(vscode.Uri.file(cacheDirOf(process.env)), '*')),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.refreshSoon()),
      runs.onDidChange(() => {
        if (this.#checkpointsNow() !== this.#checkpoints) this.refreshSoon();
      }),
      downloads.onDidChange(() => this.#showDownloads()),
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
  }

  /** Looks at everything anew. */
  refresh(): void {
    this.#reading.clear();
    this.#changes.fire(undefined);
  }

  refreshSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), PAUSE_MS);
  }

  /** The groups that have models. */
  async groups(): Promise<GroupRow[]> {
    this.#checkpoints = this.#checkpointsNow();
    const [folders, cached] = await Promise.all([folderRows(), this.#cached()]);
    const groups: GroupRow[] = [
      { kind: 'group', group: 'runs', rows: runRows(this.runs) },
      { kind: 'group', group: 'folders', rows: folders },
      { kind: 'group', group: 'cache', rows: cached },
    ];
    this.#parents.clear();
    for (const group of groups)
      for (const row of group.rows) {
        this.#parents.set(row, group);
        for (const below of row.rows) this.#parents.set(below, row);
      }
    return groups.filter(({ rows }) => rows.length > 0);
  }

  /** The row of a model in the cache. */
  async cached(id: string): Promise<ModelRow | undefined> {
    const rows = (await this.groups()).flatMap(group => group.rows);
    return rows.find(({ place }) => place.in === 'cache' && place.id === id);
  }

  /** What a row's folder is, or why that cannot be said. */
  summaryOf(row: ModelRow): Promise<ModelSummary> {
    const found = this.#reading.get(row.id);
    if (found) return found;
    const reading = this.#read(row);
    this.#reading.set(row.id, reading);
    return reading;
  }

  getParent(row: Row): Row | undefined {
    return this.#parents.get(row);
  }

  async getChildren(row?: Row): Promise<Row[]> {
    return row ? [...row.rows] : this.groups();
  }

  getTreeItem(row: Row): vscode.TreeItem {
    if (row.kind === 'group') return groupItem(row);
    const { place } = row;
    const progress = place.in === 'cache' ? this.downloads.progressOf(place.id) : undefined;
    if (progress && isUnfinished(row)) return downloadItem(row, progress);
    if (!this.#reading.has(row.id) && !isUnfinished(row)) void this.#show(row);
    return modelItem(row, this.#summaries.get(row.id));
  }

  async resolveTreeItem(item: vscode.TreeItem, row: Row): Promise<vscode.TreeItem> {
    if (row.kind === 'model')
      item.tooltip = modelTooltip(row, isUnfinished(row) ? undefined : await this.summaryOf(row));
    return item;
  }

  /** Draws the row again once it is known what it is. */
  async #show(row: ModelRow): Promise<void> {
    const before = JSON.stringify(this.#summaries.get(row.id));
    const summary = await this.summaryOf(row);
    if (JSON.stringify(summary) !== before) this.#changes.fire(row);
  }

  #showDownloads(): void {
    const rows = [...this.#parents.keys()].filter(row => row.kind === 'model');
    const shown = new Map(
      rows.flatMap(row =>
        row.place.in === 'cache' && isUnfinished(row) ? [[row.place.id, row]] : [],
      ),
    );
    for (const id of this.downloads.active) {
      const row = shown.get(id);
      if (row) this.#changes.fire(row);
      else this.refreshSoon();
    }
  }

  async #read({ id, uri }: ModelRow): Promise<ModelSummary> {
    const folder = { dir: uri.fsPath, cacheDir: cacheDirOf(process.env) };
    const summary = await this.catalog.ask('summary', folder).catch(unreadable);
    this.#summaries.set(id, summary);
    return summary;
  }

  async #cached(): Promise<ModelRow[]> {
    try {
      return cacheRows(await this.catalog.ask('cached', { cacheDir: cacheDirOf(process.env) }));
    } catch (error) {
      log.error(error instanceof Error ? error : String(error)); // the other groups are shown
      return [];
    }
  }

  #watch(pattern: vscode.GlobPattern): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const changed = ({ path }: vscode.Uri) => {
      if (!path.includes('/runs/')) this.refreshSoon(); // those are told by the runs
    };
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(changed),
      watcher.onDidChange(changed),
      watcher.onDidDelete(changed),
    );
  }

  #checkpointsNow(): string {
    return this.runs.runs
      .map(({ id, state }) =>
        [id, state.best?.step, ...state.checkpoints.map(c => (c.deleted ? '' : c.path))].join(),
      )
      .join('\n');
  }
}

const unreadable = (error: unknown): ModelSummary => ({
  dtypes: [],
  tensors: 0,
  bytes: 0,
  problem: error instanceof Error ? error.message : String(error),
});
