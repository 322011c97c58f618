/** How the rows of the Models view look. Knows nothing of what is expanded or selected. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText } from '../../curves/numberText';
import type { ModelSummary } from '../../engine/catalog/modelSummary';
import type { DownloadProgress } from '../../engine/hub/downloadModel';
import { commandWith } from '../commands';
import { type GroupRow, isUnfinished, type ModelRow } from './modelRows';
import { descriptionOf, factsOf, groupName, nameOf, spokenOf } from './modelText';

export function groupItem({ group, rows }: GroupRow): vscode.TreeItem {
  const item = new vscode.TreeItem(groupName(group), vscode.TreeItemCollapsibleState.Expanded);
  item.id = group;
  item.contextValue = `group ${group}`;
  if (group !== 'cache') return item;
  const bytes = rows.reduce((sum, { place }) => sum + (place.in === 'cache' ? place.bytes : 0), 0);
  item.description = bytesText(bytes);
  return item;
}

/** @param summary undefined until it was read */
export function modelItem(row: ModelRow, summary: ModelSummary | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(
    nameOf(row),
    row.rows.length > 0
      ? vscode.TreeItemCollapsibleState.Collapsed
      : vscode.TreeItemCollapsibleState.None,
  );
  item.id = row.id;
  item.description = descriptionOf(row, summary);
  item.iconPath = iconOf(row, summary);
  item.contextValue = contextOf(row, summary);
  item.accessibilityInformation = { label: spokenOf(row, summary), role: 'treeitem' };
  if (row.rows.length === 0 && !isUnfinished(row))
    item.command = commandWith(l10n.t('Show Load Report'), 'weightroom.model.showReport', row);
  return item;
}

/** While its files come. */
export function downloadItem(
  row: ModelRow,
  { bytes, bytesDone }: DownloadProgress,
): vscode.TreeItem {
  const item = new vscode.TreeItem(nameOf(row), vscode.TreeItemCollapsibleState.None);
  item.id = row.id;
  item.description = l10n.t('{0} of {1}', bytesText(bytesDone), bytesText(bytes));
  item.iconPath = icon('sync~spin');
  item.contextValue = 'downloading';
  const label = `${nameOf(row)}, ${l10n.t('downloading')}, ${item.description}`;
  item.accessibilityInformation = { label, role: 'treeitem' };
  return item;
}

/** Words that menus ask for. */
function contextOf(row: ModelRow, summary: ModelSummary | undefined): string {
  if (isUnfinished(row)) return 'unfinished cached';
  return [
    summary?.adapter ? 'adapter' : 'model',
    row.place.in === 'cache' ? 'cached' : '',
    summary?.problem === undefined ? 'sound' : '',
  ]
    .filter(Boolean)
    .join(' ');
}

function iconOf(row: ModelRow, summary: ModelSummary | undefined): vscode.ThemeIcon {
  if (isUnfinished(row)) return icon('debug-pause', 'weightroom.warn');
  if (summary?.problem !== undefined) return icon('warning', 'weightroom.warn');
  const { place } = row;
  switch (place.in) {
    case 'run':
      return icon('history');
    case 'checkpoint':
      return icon(place.role === 'best' ? 'star-full' : 'save');
    case 'folder':
    case 'cache':
      return icon(summary?.adapter ? 'extensions' : 'package');
  }
}

const icon = (id: string, color?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));

/** Costs a look at the folder, so it is made only for the row under the pointer. */
export function modelTooltip(
  row: ModelRow,
  summary: ModelSummary | undefined,
): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.appendMarkdown('**').appendText(nameOf(row)).appendMarkdown('**\n\n| | |\n|---|---|\n');
  for (const [name, value] of factsOf(row, summary))
    text.appendMarkdown(`| ${name} | `).appendText(oneLine(value)).appendMarkdown(' |\n');
  if (summary?.problem !== undefined)
    text.appendMarkdown('\n$(warning) ').appendText(oneLine(summary.problem)).appendMarkdown('\n');
  return text.appendMarkdown('\n').appendCodeblock(row.uri.fsPath, 'text');
}

/** Names and texts come from files. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 500);
