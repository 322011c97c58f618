/** The Data view: one row for each token bin and for each file that is not prepared yet. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { amountText, countText } from '../../curves/numberText';
import { commandWith } from '../commands';
import type { ConfigFiles } from '../configFiles';
import { type BinData, type Data, type SourceData, findData } from './findData';

/** Preparing writes several files; the view looks once. */
const PAUSE_MS = 300;

export class DataTree implements vscode.TreeDataProvider<Data>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changes.event;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable;

  constructor(private readonly configs: ConfigFiles) {
    const bins = vscode.workspace.createFileSystemWatcher('**/*.{bin,bin.json,jsonl}');
    const refresh = ({ path }: vscode.Uri) => {
      if (!path.includes('/runs/')) this.refreshSoon(); // where logs grow all the time
    };
    this.subscriptions = vscode.Disposable.from(
      bins,
      bins.onDidCreate(refresh),
      bins.onDidChange(refresh),
      bins.onDidDelete(refresh),
      configs.onDidChange(() => this.refreshSoon()),
      this.changes,
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscriptions.dispose();
  }

  refresh(): void {
    this.changes.fire();
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), PAUSE_MS);
  }

  getChildren(data?: Data): Promise<Data[]> {
    return data ? Promise.resolve([]) : findData(this.configs);
  }

  getTreeItem(data: Data): vscode.TreeItem {
    return data.kind === 'bin' ? binItem(data) : sourceItem(data);
  }
}

function binItem(bin: BinData): vscode.TreeItem {
  const { uri, bytes, sidecar, problem } = bin;
  const item = new vscode.TreeItem(nameOf(uri));
  item.id = uri.toString();
  item.resourceUri = uri;
  item.iconPath = new vscode.ThemeIcon('file-binary');
  item.description =
    problem !== undefined
      ? l10n.t('damaged')
      : sidecar
        ? `${sidecar.tokenizer} · ${l10n.t('{0} tokens', amountText(sidecar.tokens))}`
        : l10n.t('no sidecar · {0} tokens as uint16', amountText(bytes / 2));
  item.tooltip = tooltipOf(uri, problem === undefined ? factsOf(bin) : [['', problem]]);
  item.contextValue = 'bin';
  item.accessibilityInformation = { label: `${nameOf(uri)}, ${item.description}` };
  item.command = commandWith(l10n.t('Open Tokens as Text'), 'weightroom.data.openAsText', uri);
  return item;
}

function factsOf({ bytes, sidecar }: BinData): [string, string][] {
  const size: [string, string] = [l10n.t('Size'), `${amountText(bytes)}B`];
  if (!sidecar) return [size];
  return [
    [l10n.t('Tokenizer'), `${sidecar.tokenizer} (${countText(sidecar.vocabSize)})`],
    [l10n.t('Tokens'), `${countText(sidecar.tokens)} · ${sidecar.dtype}`],
    [l10n.t('Examples'), countText(sidecar.examples)],
    [l10n.t('Made of'), sidecar.source.file],
    size,
  ];
}

function sourceItem({ uri, bytes, examples }: SourceData): vscode.TreeItem {
  const item = new vscode.TreeItem(nameOf(uri));
  item.id = uri.toString();
  item.resourceUri = uri;
  const isMissing = bytes === undefined;
  item.iconPath = isMissing
    ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('weightroom.warn'))
    : new vscode.ThemeIcon(uri.path.endsWith('.jsonl') ? 'json' : 'file-text');
  item.description = isMissing
    ? l10n.t('not there')
    : `${
        examples === undefined
          ? `${amountText(bytes)}B`
          : l10n.t('{0} examples', countText(examples))
      } · ${l10n.t('not prepared')}`;
  item.contextValue = isMissing ? 'missing' : 'source';
  item.accessibilityInformation = { label: `${nameOf(uri)}, ${item.description}` };
  if (!isMissing) item.command = { title: '', command: 'vscode.open', arguments: [uri] };
  return item;
}

function tooltipOf(uri: vscode.Uri, facts: [string, string][]): vscode.MarkdownString {
  const text = new vscode.MarkdownString('| | |\n|---|---|\n');
  for (const [name, value] of facts) {
    text.appendMarkdown(`| ${name} | `).appendText(value).appendMarkdown(' |\n');
  }
  return text.appendMarkdown('\n').appendCodeblock(vscode.workspace.asRelativePath(uri), 'text');
}

const nameOf = ({ path }: vscode.Uri): string => path.slice(path.lastIndexOf('/') + 1);
