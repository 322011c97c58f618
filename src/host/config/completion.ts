/** Keys, values and paths at the cursor of a config, and a whole config in an empty YAML file. */
import * as vscode from 'vscode';
import type { Completion, Completions } from '../../engine/config/language';
import { isConfig, languageServices, rangeIn } from './configDocument';

export const completionProvider: vscode.CompletionItemProvider = {
  async provideCompletionItems(document, position) {
    const isEmpty = document.getText().trim().length === 0 || isFirstWord(document, position);
    if (!isEmpty && !isConfig(document)) return [];
    const { completionsAt } = await languageServices();
    const { items, path } = completionsAt(document.getText(), document.offsetAt(position));
    const words = items.map((item, index) => itemOf(document, item, index));
    return path ? [...words, ...(await pathItems(document, path))] : words;
  },
};

/** The only word of a file yet: it may become a config. */
function isFirstWord(document: vscode.TextDocument, { line }: vscode.Position): boolean {
  return document.lineAt(line).text.trim() === document.getText().trim();
}

const KINDS = {
  key: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
  config: vscode.CompletionItemKind.Snippet,
} as const;

function itemOf(
  document: vscode.TextDocument,
  { label, kind, detail, documentation, snippet, range }: Completion,
  index: number,
): vscode.CompletionItem {
  const item = new vscode.CompletionItem(label, KINDS[kind]);
  item.detail = detail;
  item.documentation = new vscode.MarkdownString(documentation);
  item.insertText = new vscode.SnippetString(snippet);
  item.range = rangeIn(document, range);
  item.sortText = String(index).padStart(3, '0'); // the schema's order says what belongs together
  if (kind === 'key' && snippet.includes('|')) item.command = SUGGEST_AGAIN;
  return item;
}

const SUGGEST_AGAIN: vscode.Command = { title: '', command: 'editor.action.triggerSuggest' };

/** Files and folders below the part of the path that is already written. */
async function pathItems(
  document: vscode.TextDocument,
  { kind, extensions, range }: NonNullable<Completions['path']>,
): Promise<vscode.CompletionItem[]> {
  if (document.isUntitled) return [];
  const whole = rangeIn(document, range);
  const written = document.getText(whole);
  const folder = written.slice(0, written.lastIndexOf('/') + 1);
  const entries = await listFolder(vscode.Uri.joinPath(document.uri, '..', folder));
  return entries
    .filter(([name, isFolder]) =>
      isFolder
        ? !name.startsWith('.')
        : kind === 'file' && extensions.some(e => name.endsWith(`.${e}`)),
    )
    .map(([name, isFolder]) => {
      const path = `${folder}${name}${isFolder ? '/' : ''}`;
      const item = new vscode.CompletionItem(
        path,
        isFolder ? vscode.CompletionItemKind.Folder : vscode.CompletionItemKind.File,
      );
      item.range = whole;
      if (isFolder && kind === 'file') item.command = SUGGEST_AGAIN;
      return item;
    });
}

async function listFolder(uri: vscode.Uri): Promise<[name: string, isFolder: boolean][]> {
  try {
    const entries = await vscode.workspace.fs.readDirectory(uri);
    return entries.map(([name, type]) => [name, (type & vscode.FileType.Directory) !== 0]);
  } catch {
    return []; // what is written is no folder (yet)
  }
}
