/**
 * What this window may do. Everything that starts a process asks here first, whatever a menu's
 * `when` has let through.
 */
import * as vscode from 'vscode';
import { fail } from '../engine/problem';

/** @throws `host.untrusted` in Restricted Mode */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  fail(
    'host.untrusted',
    vscode.l10n.t(
      'This folder is in Restricted Mode: nothing is started in it until you trust it.',
    ),
  );
}

/**
 * The path of a file that a process can open.
 * @throws `host.virtual` for files that exist only inside the editor
 */
export function requireDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  return fail(
    'host.virtual',
    vscode.l10n.t(
      '{0} is not on a disk that a process can read. Open a local or remote folder to train.',
      uri.path,
    ),
  );
}
