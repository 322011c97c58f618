/**
 * The one place where a failure becomes words on the screen, with what can be done about it. Knows
 * nothing of what was attempted.
 */
import * as vscode from 'vscode';
import { type Problem, ProblemError } from '../engine/problem';
import { log } from './log';

interface Remedy extends vscode.MessageItem {
  apply(): unknown;
}

/** Tells the user; never throws and never waits for an answer. */
export function reportFailure(error: unknown): void {
  if (error instanceof vscode.CancellationError) return;
  log.error(error instanceof Error ? error : String(error));
  const problem = error instanceof ProblemError ? error.problem : undefined;
  const message = problem?.message ?? (error instanceof Error ? error.message : String(error));
  void offer(message, problem ? remediesFor(problem) : [showLog()]);
}

async function offer(message: string, remedies: Remedy[]): Promise<void> {
  const chosen = await vscode.window.showErrorMessage(message, ...remedies);
  await chosen?.apply();
}

function remediesFor({ code, where }: Problem): Remedy[] {
  if (code === 'host.untrusted')
    return [
      {
        title: vscode.l10n.t('Manage Workspace Trust'),
        apply: () => vscode.commands.executeCommand('workbench.trust.manage'),
      },
    ];
  const { file, line } = where;
  if (file === undefined) return [];
  return [{ title: vscode.l10n.t('Open File'), apply: () => openAt(file, line) }];
}

const showLog = (): Remedy => ({ title: vscode.l10n.t('Show Log'), apply: () => log.show() });

async function openAt(file: string, line = 1): Promise<void> {
  const start = new vscode.Position(line - 1, 0);
  await vscode.window.showTextDocument(vscode.Uri.file(file), {
    selection: new vscode.Range(start, start),
  });
}
