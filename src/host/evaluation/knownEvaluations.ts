/**
 * The evaluations of this window: in the folders of its runs, and elsewhere in its workspace. Looks
 * when asked, when files change, and while one is running.
 */
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { countText, durationText } from '../../curves/numberText';
import { scoreText } from '../../curves/scoreText';
import { disk } from '../../engine/files/fileSystem';
import { exists, listFolder, readText } from '../../engine/files/readFile';
import {
  evaluationFiles,
  EVALUATIONS_FOLDER,
  type EvaluationPlan,
  type EvaluationReport,
} from '../../protocol/evaluation';
import type { EvaluationStore, KnownEvaluation } from '../evaluationStore';
import type { Launcher } from '../launcher';
import type { RunStore } from '../runs/runStore';
import { EvaluationRunner } from './evaluationRunner';

/** With the schema of their files, which a window without evaluations need not load. */
const loadSchemas = () => import('./fileSchemas');
type Schemas = Awaited<ReturnType<typeof loadSchemas>>;

const PLANS = `**/${EVALUATIONS_FOLDER}/*/${evaluationFiles.plan}`;
const WATCHED = `**/${EVALUATIONS_FOLDER}/*/{${evaluationFiles.plan},${evaluationFiles.report}}`;
const ELSEWHERE = '**/{node_modules,.git}/**';
const MOST = 1000;
/** People read no faster than this. */
const COALESCE_MS = 300;

interface Found {
  plan: EvaluationPlan;
  report: EvaluationReport | undefined;
}

export class KnownEvaluations implements EvaluationStore, vscode.Disposable {
  readonly runner: EvaluationRunner;
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changes.event;
  readonly #found = new Map<string, Found>();
  readonly #subscriptions: vscode.Disposable;
  #evaluations: KnownEvaluation[] = [];
  #looking: Promise<void> | undefined;
  #knownRuns = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly runs: RunStore,
    launcher: Launcher,
  ) {
    this.runner = new EvaluationRunner(launcher, dir => this.#changed(dir));
    const watcher = vscode.workspace.createFileSystemWatcher(WATCHED);
    const look = () => void this.#look(false);
    this.#subscriptions = vscode.Disposable.from(
      this.#changes,
      watcher,
      watcher.onDidCreate(({ fsPath }) => void this.#note(dirname(fsPath))),
      watcher.onDidChange(({ fsPath }) => void this.#note(dirname(fsPath))),
      watcher.onDidDelete(({ fsPath }) => {
        this.#found.delete(dirname(fsPath));
        this.#changedSoon();
      }),
      runs.onDidChange(() => {
        const known = runs.runs.map(({ dir }) => dir).join('\n');
        if (known === this.#knownRuns) return;
        this.#knownRuns = known;
        look();
      }),
    );
    look();
  }

  get evaluations(): readonly KnownEvaluation[] {
    return this.#evaluations;
  }

  get(id: string): KnownEvaluation | undefined {
    return this.#evaluations.find(each => each.id === id);
  }

  async refresh(): Promise<void> {
    await this.#looking;
    await this.#look(true);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.runner.dispose();
    this.#subscriptions.dispose();
  }

  #changed(dir: string): void {
    if (this.#found.get(dir)?.report) this.#changedSoon();
    else void this.#note(dir);
  }

  /** Something about those that are known is another way; told soon. */
  #changedSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#list();
      this.#changes.fire();
    }, COALESCE_MS);
  }

  #look(everywhere: boolean): Promise<void> {
    const looked = this.#find(everywhere).finally(() => {
      if (this.#looking === looked) this.#looking = undefined;
    });
    this.#looking = looked;
    return looked;
  }

  async #find(everywhere: boolean): Promise<void> {
    const ofRuns = this.runs.runs.flatMap(({ dir }) => foldersIn(join(dir, EVALUATIONS_FOLDER)));
    const others = everywhere
      ? (await vscode.workspace.findFiles(PLANS, ELSEWHERE, MOST)).map(({ fsPath }) =>
          dirname(fsPath),
        )
      : [...this.#found.keys()];
    const dirs = new Set([...ofRuns, ...others]);
    for (const dir of this.#found.keys())
      if (!exists(disk, join(dir, evaluationFiles.plan))) this.#found.delete(dir);
    if (dirs.size > 0) {
      const schemas = await loadSchemas();
      for (const dir of dirs) this.#read(dir, schemas);
    }
    this.#list();
    this.#changes.fire();
  }

  async #note(dir: string): Promise<void> {
    this.#read(dir, await loadSchemas());
    this.#changedSoon();
  }

  #read(dir: string, { planFrom, reportFrom }: Schemas): void {
    const known = this.#found.get(dir);
    const plan = known?.plan ?? planFrom(jsonAt(join(dir, evaluationFiles.plan)));
    if (!plan) return;
    const report = known?.report ?? reportFrom(jsonAt(join(dir, evaluationFiles.report)));
    this.#found.set(dir, { plan, report });
  }

  #list(): void {
    const sorted = [...this.#found].sort(([a], [b]) => (basename(a) < basename(b) ? 1 : -1));
    const taken = new Set<string>();
    this.#evaluations = sorted.map(([dir, found]) => this.#viewOf(dir, found, taken));
  }

  #viewOf(dir: string, { plan, report }: Found, taken: Set<string>): KnownEvaluation {
    let id = basename(dir);
    for (let n = 2; taken.has(id); n++) id = `${basename(dir)}~${n}`;
    taken.add(id);
    const running = this.runner.at(dir);
    const problem = this.runner.problemAt(dir);
    const owner = dirname(dirname(dir));
    const view = {
      id,
      dir,
      runDir: this.runs.runs.some(run => run.dir === owner) ? owner : undefined,
      plan,
      state: running ? ('running' as const) : report ? ('done' as const) : ('stopped' as const),
      progress: running?.progress ?? null,
      problem: problem && !running ? { code: problem.code, message: problem.message } : null,
      report,
    };
    return { ...view, description: descriptionOf(view) };
  }
}

/** Folders below one; none when it is not there. */
const foldersIn = (folder: string): string[] => {
  try {
    return listFolder(disk, folder).map(name => join(folder, name));
  } catch {
    return [];
  }
};

function jsonAt(path: string): unknown {
  try {
    return JSON.parse(readText(disk, path));
  } catch {
    return undefined;
  }
}

function descriptionOf({
  plan,
  state,
  progress,
  problem,
  report,
}: Omit<KnownEvaluation, 'description' | 'id'>): string {
  const total = countText(plan.indices.length);
  if (state === 'running') {
    if (!progress) return l10n.t('starting');
    const left =
      progress.secondsLeft === null
        ? ''
        : ` · ${l10n.t('{0} left', durationText(progress.secondsLeft))}`;
    return `${countText(progress.done)}/${total}${left}`;
  }
  if (problem) return problem.message;
  if (!report) return l10n.t('stopped, of {0} samples', total);
  const first = report.results[0];
  const score = first ? `${scoreText(first.unit, first.value)} · ` : '';
  return score + (report.samples === 1 ? l10n.t('1 sample') : l10n.t('{0} samples', total));
}
