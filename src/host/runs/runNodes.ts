/** The rows of the Runs view and how each one looks. Knows nothing of what is expanded or selected. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { CheckpointState, RunState } from '../../protocol/runState';
import { amountText, countText } from '../../curves/numberText';
import { commandWith } from '../commands';
import { checkpointRole, descriptionOf, factsOf, isSilent, spokenOf } from './runText';
import type { KnownEvaluation } from '../evaluationStore';
import type { RunView } from './runStore';

export interface RunNode {
  readonly kind: 'run';
  readonly runId: string;
}

export interface CheckpointNode {
  readonly kind: 'checkpoint';
  readonly runId: string;
  /** Relative to the run folder. */
  readonly path: string;
  readonly parent: RunNode | OlderNode;
}

/** All checkpoints but the best and the last. */
export interface OlderNode {
  readonly kind: 'older';
  readonly runId: string;
  readonly parent: RunNode;
}

export interface EvaluationNode {
  readonly kind: 'evaluation';
  readonly runId: string;
  readonly evaluationId: string;
  readonly parent: RunNode;
}

export type Node = RunNode | CheckpointNode | OlderNode | EvaluationNode;

/** Stands for a run where decorations are asked for by address. */
export const runUri = (runId: string): vscode.Uri =>
  vscode.Uri.from({ scheme: 'weightroom-run', path: `/${runId}` });

export interface Checkpoints {
  best?: CheckpointState;
  last?: CheckpointState;
  /** Newest first. */
  older: CheckpointState[];
}

export function checkpointsOf(state: RunState): Checkpoints {
  const kept = state.checkpoints.filter(c => !c.deleted).sort((a, b) => b.step - a.step);
  const last = kept[0];
  const best = kept.find(c => c.step === state.best?.step);
  const older = kept.filter(c => c !== last && c !== best);
  return { ...(best ? { best } : {}), ...(last ? { last } : {}), older };
}

export function runItem(run: RunView, hasEvaluations: boolean): vscode.TreeItem {
  const item = new vscode.TreeItem(
    run.name,
    hasEvaluations || run.state.checkpoints.some(c => !c.deleted)
      ? vscode.TreeItemCollapsibleState.Collapsed
      : vscode.TreeItemCollapsibleState.None,
  );
  item.id = run.id;
  item.description = descriptionOf(run);
  item.iconPath = iconOf(run);
  item.resourceUri = runUri(run.id);
  const canGenerate = run.state.checkpoints.some(c => !c.deleted);
  item.contextValue = [
    'run',
    run.live ? 'live' : 'ended',
    ...(run.canResume ? ['resumable'] : []),
    ...(canGenerate ? ['generates'] : []),
  ].join(' ');
  item.accessibilityInformation = { label: spokenOf(run), role: 'treeitem' };
  return item;
}

function iconOf(run: RunView): vscode.ThemeIcon {
  if (isSilent(run)) return icon('warning', 'weightroom.warn');
  switch (run.status) {
    case 'preparing':
    case 'training':
      return icon('sync~spin');
    case 'done':
      return icon('pass', 'weightroom.ok');
    case 'stopped':
      return icon('circle-slash');
    case 'interrupted':
      return icon('debug-disconnect', 'weightroom.warn');
    case 'failed':
      return icon('error', 'weightroom.bad');
  }
}

const icon = (id: string, color?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));

/** Costs more than the row itself, so it is made only for the row under the pointer. */
export function runTooltip(run: RunView): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(run.name).appendMarkdown('**\n\n| | |\n|---|---|\n');
  for (const [name, value] of factsOf(run)) {
    text.appendMarkdown(`| ${name} | `).appendText(oneLine(value)).appendMarkdown(' |\n');
  }
  text.appendMarkdown('\n').appendCodeblock(run.dir, 'text');
  return text;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

export function checkpointItem(run: RunView, path: string): vscode.TreeItem {
  const { state } = run;
  const checkpoint = state.checkpoints.find(c => c.path === path);
  const item = new vscode.TreeItem(
    l10n.t('step {0}', countText(checkpoint?.step ?? 0)),
    vscode.TreeItemCollapsibleState.None,
  );
  item.id = `${run.id}/${path}`;
  if (!checkpoint) return item;
  const { best, last } = checkpointsOf(state);
  const size = `${amountText(checkpoint.bytes)}B`;
  item.description = checkpointRole(state, checkpoint, checkpoint === last) || size;
  item.iconPath = icon(checkpoint === best ? 'star-full' : 'save');
  item.accessibilityInformation = {
    label: `${l10n.t('step {0}', countText(checkpoint.step))}, ${item.description}`,
    role: 'treeitem',
  };
  const isAdapter = existsSync(join(run.dir, path, 'adapter_config.json'));
  item.contextValue = isAdapter ? 'checkpoint adapter' : 'checkpoint';
  item.tooltip = `${join(run.dir, path)}\n${size}`;
  return item;
}

export function olderItem(run: RunView): vscode.TreeItem {
  const { older } = checkpointsOf(run.state);
  const item = new vscode.TreeItem(
    older.length === 1
      ? l10n.t('1 older checkpoint')
      : l10n.t('{0} older checkpoints', older.length),
    vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = `${run.id}/older`;
  item.description = `${amountText(older.reduce((sum, c) => sum + c.bytes, 0))}B`;
  item.iconPath = icon('history');
  item.contextValue = 'older';
  return item;
}

export function evaluationItem(evaluation: KnownEvaluation): vscode.TreeItem {
  const { id, dir, plan, state, description, problem } = evaluation;
  const item = new vscode.TreeItem(plan.name, vscode.TreeItemCollapsibleState.None);
  item.id = dir;
  item.description = description;
  item.iconPath =
    state === 'running'
      ? icon('sync~spin')
      : problem
        ? icon('error', 'weightroom.bad')
        : icon(state === 'done' ? 'checklist' : 'circle-slash');
  item.contextValue = `evaluation ${state === 'running' ? 'live' : state === 'stopped' ? 'resumable' : 'ended'}`;
  item.tooltip = `${plan.name}, ${plan.model.name}\n${description}\n${dir}`;
  item.accessibilityInformation = {
    label: l10n.t('evaluation {0}, {1}', plan.name, description),
    role: 'treeitem',
  };
  item.command = commandWith('', 'weightroom.evaluation.open', id);
  return item;
}
