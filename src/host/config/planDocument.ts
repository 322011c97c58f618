/**
 * What training a config would do, as a rendered page that follows the config while it is edited.
 * Starts nothing and writes nothing.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseConfig } from '../chooseConfig';
import { register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import { planText } from './planText';

const SCHEME = 'weightroom-plan';
const PAUSE_MS = 400;

export function registerPlan(configs: ConfigFiles): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  let timer: NodeJS.Timeout | undefined;
  return vscode.Disposable.from(
    changes,
    { dispose: () => clearTimeout(timer) },
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: async uri =>
        planText(await vscode.workspace.openTextDocument(configOf(uri))),
    }),
    vscode.workspace.onDidChangeTextDocument(({ document: { uri, languageId } }) => {
      if (languageId !== 'yaml') return;
      clearTimeout(timer);
      timer = setTimeout(() => changes.fire(planUri(uri)), PAUSE_MS);
    }),
    register('weightroom.config.plan', async target => {
      const config = await chooseConfig(configs, target, l10n.t('Plan which config?'));
      if (config) await showPlan(planUri(config));
    }),
  );
}

const planUri = (config: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({
    scheme: SCHEME,
    path: config.path.replace(/\.ya?ml$/i, '') + ' plan.md',
    query: config.toString(),
  });

const configOf = ({ query }: vscode.Uri): vscode.Uri => vscode.Uri.parse(query, true);

/** Rendered where the built-in Markdown preview is there, else as text. */
async function showPlan(uri: vscode.Uri): Promise<void> {
  if (vscode.extensions.getExtension('vscode.markdown-language-features')) {
    await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
    return;
  }
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside });
}
