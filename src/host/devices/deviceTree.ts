/**
 * The Devices view: what can hold and run a model here, what each can do, and why one is missing.
 * Asked of the command line, in a process of its own; in Restricted Mode nothing is asked.
 */
import { text as readAll } from 'node:stream/consumers';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText } from '../../curves/numberText';
import type { DeviceFacts } from '../../engine/devices/device';
import type { Launcher } from '../launcher';
import { chosenPython } from '../python';

type Row =
  | { readonly kind: 'device'; readonly facts: DeviceFacts }
  | { readonly kind: 'fact'; readonly text: string; readonly icon: string };

export class DeviceTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changes.event;
  #devices: Promise<DeviceFacts[]> | undefined;

  constructor(private readonly launcher: Launcher) {}

  /** Asks again when somebody looks. */
  refresh(): void {
    this.#devices = undefined;
    this.#changes.fire();
  }

  dispose(): void {
    this.#changes.dispose();
  }

  /** Empty in Restricted Mode, where nothing is started. */
  devices(): Promise<DeviceFacts[]> {
    if (!vscode.workspace.isTrusted) return Promise.resolve([]);
    this.#devices ??= this.#ask();
    return this.#devices;
  }

  async #ask(): Promise<DeviceFacts[]> {
    const python = chosenPython();
    const args = ['devices', '--json', ...(python ? ['--python', python] : [])];
    const child = this.launcher.startCommand(args, process.cwd());
    const output = await readAll(child.stdout!);
    return output
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as DeviceFacts)
      .sort((a, b) => Number(b.available) - Number(a.available));
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (!row) return (await this.devices()).map(facts => ({ kind: 'device', facts }));
    if (row.kind === 'fact') return [];
    const { abilities, details, reason, dtypes, layout, available } = row.facts;
    const fact = (icon: string, text: string): Row => ({ kind: 'fact', icon, text });
    if (!available) return [fact('info', reason ?? l10n.t('missing'))];
    return [
      fact('check', abilities.join(', ')),
      fact('symbol-array', l10n.t('weights: {0}, {1} layout', dtypes.join(', '), layout)),
      ...details.map(text => fact('info', text)),
    ];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    if (row.kind === 'fact') {
      const item = new vscode.TreeItem(row.text);
      item.iconPath = new vscode.ThemeIcon(row.icon);
      item.tooltip = row.text;
      return item;
    }
    const { name, title, available, reason, memoryBytes } = row.facts;
    const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = name;
    item.contextValue = available ? 'device' : 'device.missing';
    item.description = available
      ? [name, memoryBytes && bytesText(memoryBytes)].filter(Boolean).join(' · ')
      : l10n.t('{0} · not here', name);
    item.tooltip = available ? title : reason;
    item.iconPath = available
      ? new vscode.ThemeIcon('circuit-board', new vscode.ThemeColor('testing.iconPassed'))
      : new vscode.ThemeIcon('circle-slash');
    item.accessibilityInformation = {
      label: available
        ? l10n.t('{0}, available', title)
        : l10n.t('{0}, missing: {1}', title, reason ?? ''),
    };
    return item;
  }
}
