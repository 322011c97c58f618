/** What a curves view can have done, by VS Code: commands, dialogs, editors, the clipboard. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { runPaths } from '../../engine/run/runPaths';
import type { RunAction, StartAction } from '../../protocol/curves';
import { execute } from '../commands';
import type { RunStore } from '../runs/runStore';
import type { CurvesPorts } from './curvesSession';

const runCommands = {
  stop: 'weightroom.run.stop',
  resume: 'weightroom.run.resume',
  checkpoint: 'weightroom.run.checkpoint',
  openConfig: 'weightroom.run.openConfig',
  openLog: 'weightroom.run.openLog',
  duplicateConfig: 'weightroom.run.duplicateConfig',
  reveal: 'weightroom.run.reveal',
  delete: 'weightroom.run.delete',
} as const satisfies Record<RunAction, string>;

const startCommands = {
  demo: 'weightroom.demo.train',
  newConfig: 'weightroom.config.new',
  openRuns: 'weightroom.runs.open',
  trust: 'weightroom.trust.manage',
} as const satisfies Record<StartAction, string>;

type FileKind = 'png' | 'svg' | 'csv';

const fileKinds = (): Record<FileKind, string> => ({
  png: l10n.t('PNG picture'),
  svg: l10n.t('SVG picture'),
  csv: l10n.t('Comma-separated values'),
});

export function curvesPorts(runs: RunStore): CurvesPorts {
  return {
    get isTrusted() {
      return vscode.workspace.isTrusted;
    },
    chooseRuns: opened => chooseRuns(runs, opened),
    act: async (action, run) => void (await execute(runCommands[action], run)),
    start: async action => void (await execute(startCommands[action])),
    compareConfigs: async ([left, right]) =>
      void (await execute('weightroom.run.compareConfigs', left, [left, right])),
    showEvent: (run, seq) => showLine(runPaths(runs.dirOf(run)).events, seq),
    save: saveFile,
    copy: async text => vscode.env.clipboard.writeText(text),
  };
}

async function chooseRuns(runs: RunStore, opened: readonly string[]): Promise<string[]> {
  await runs.refresh();
  const others = runs.runs.filter(run => !opened.includes(run.id));
  if (others.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('All runs of this window are open here.'));
    return [];
  }
  const items = others.map(run => ({ label: run.name, description: run.id, id: run.id }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: l10n.t('Add runs to the loss curves'),
    canPickMany: true,
    matchOnDescription: true,
  });
  return (chosen ?? []).map(item => item.id);
}

async function showLine(file: string, line: number): Promise<void> {
  const at = new vscode.Position(line, 0);
  await vscode.window.showTextDocument(vscode.Uri.file(file), {
    selection: new vscode.Range(at, at),
    viewColumn: vscode.ViewColumn.Beside,
    preview: true,
  });
}

async function saveFile(kind: FileKind, content: Uint8Array): Promise<string | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `loss.${kind}`;
  const target = await vscode.window.showSaveDialog({
    defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(join('/', name)),
    filters: { [fileKinds()[kind]]: [kind] },
  });
  if (!target) return null;
  await vscode.workspace.fs.writeFile(target, content);
  return target.fsPath;
}
