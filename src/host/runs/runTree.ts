/**
 * The Runs view as a tree: which row stands below which, and which rows have changed. Rows keep
 * their identity, so that expansion, selection and focus survive every step of a training.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import {
  type CheckpointNode,
  type EvaluationNode,
  type Node,
  type OlderNode,
  type RunNode,
  checkpointItem,
  checkpointsOf,
  evaluationItem,
  olderItem,
  runItem,
  runTooltip,
} from './runNodes';
import { descriptionOf } from './runText';
import type { EvaluationStore, KnownEvaluation } from '../evaluationStore';
import type { RunStore, RunView } from './runStore';

/** People read no faster than this. */
const REFRESH_MS = 400;

export class RunTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changes.event;
  private readonly nodes = new Map<string, RunNode>();
  /** What the rows looked like when last told, by run. */
  private looks = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly runs: RunStore,
    private readonly evaluations: Pick<EvaluationStore, 'evaluations' | 'onDidChange' | 'get'>,
  ) {
    this.subscription = vscode.Disposable.from(
      runs.onDidChange(() => this.refreshSoon()),
      evaluations.onDidChange(() => this.refreshSoon()),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
    this.changes.dispose();
  }

  nodeOf(runId: string): RunNode {
    const node = this.nodes.get(runId) ?? { kind: 'run', runId };
    this.nodes.set(runId, node);
    return node;
  }

  getParent(node: Node): Node | undefined {
    return node.kind === 'run' ? undefined : node.parent;
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) return this.runs.runs.map(run => this.nodeOf(run.id));
    const run = this.runs.get(node.runId);
    if (!run) return [];
    switch (node.kind) {
      case 'run':
        return [...childrenOf(run, node), ...this.evaluationsOf(run, node)];
      case 'older':
        return checkpointsOf(run.state).older.map(c => checkpointNode(run, c.path, node));
      case 'checkpoint':
      case 'evaluation':
        return [];
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const run = this.runs.get(node.runId);
    if (!run) return new vscode.TreeItem(l10n.t('deleted'));
    switch (node.kind) {
      case 'run':
        return runItem(run, this.evaluationsOf(run, node).length > 0);
      case 'older':
        return olderItem(run);
      case 'checkpoint':
        return checkpointItem(run, node.path);
      case 'evaluation': {
        const evaluation = this.evaluations.get(node.evaluationId);
        return evaluation ? evaluationItem(evaluation) : new vscode.TreeItem(l10n.t('deleted'));
      }
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    const run = this.runs.get(node.runId);
    if (run && node.kind === 'run') item.tooltip = runTooltip(run);
    return item;
  }

  private evaluationsOf({ id, dir }: RunView, parent: RunNode): EvaluationNode[] {
    return this.evaluations.evaluations
      .filter(({ runDir }) => runDir === dir)
      .map(evaluation => ({
        kind: 'evaluation',
        runId: id,
        evaluationId: evaluation.id,
        parent,
      }));
  }

  private refreshSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.refresh();
    }, REFRESH_MS);
  }

  private refresh(): void {
    const looks = new Map(
      this.runs.runs.map(run => [run.id, lookOf(run, this.evaluations.evaluations)]),
    );
    const isSameList = [...looks.keys()].join('\n') === [...this.looks.keys()].join('\n');
    const changed = [...looks].filter(([id, look]) => this.looks.get(id) !== look);
    this.looks = looks;
    if (!isSameList) {
      for (const id of this.nodes.keys()) if (!looks.has(id)) this.nodes.delete(id);
      this.changes.fire(undefined);
    } else for (const [id] of changed) this.changes.fire(this.nodeOf(id));
  }
}

function childrenOf(run: RunView, parent: RunNode): Node[] {
  const { best, last, older } = checkpointsOf(run.state);
  const named = [...new Set([best, last])].filter(c => c !== undefined);
  const rows: Node[] = named.map(c => checkpointNode(run, c.path, parent));
  return older.length === 0 ? rows : [...rows, { kind: 'older', runId: run.id, parent }];
}

const checkpointNode = (
  run: RunView,
  path: string,
  parent: RunNode | OlderNode,
): CheckpointNode => ({ kind: 'checkpoint', runId: run.id, path, parent });

/** Everything a row and its children show. */
const lookOf = (run: RunView, evaluations: readonly KnownEvaluation[]): string =>
  [
    ...evaluations
      .filter(({ runDir }) => runDir === run.dir)
      .map(({ id, state, description }) => [id, state, description].join()),
    run.name,
    run.status,
    run.lease,
    descriptionOf(run),
    run.state.checkpoints.map(c => (c.deleted ? '' : c.path)).join(),
    run.damage,
  ].join('\n');
