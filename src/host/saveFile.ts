/** Asks where a text is to be kept, and writes it. Knows nothing of what it says. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { disk } from '../engine/files/fileSystem';
import { exists, readText } from '../engine/files/readFile';
import { writeTextDurably } from '../engine/files/writeDurably';
import { requireDisk } from './trust';

/**
 * @param content from what the file holds; a dialog asks before a file is taken that is there
 * @returns the path as people name it; null when the user chose none
 */
export async function saveFile(
  name: string,
  filters: Record<string, string[]>,
  content: (before: string) => string,
): Promise<string | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(join('/', name)),
    filters,
  });
  return target ? writeOver(target, content) : null;
}

/** Without a question; the path as people name it. */
export function writeOver(target: vscode.Uri, content: (before: string) => string): string {
  const path = requireDisk(target);
  const before = exists(disk, path) ? readText(disk, path) : '';
  writeTextDurably(disk, path, content(before));
  return vscode.workspace.asRelativePath(target);
}
