/** The config feature: what the editor offers on a YAML file whose first key is `weightroom`. */
import * as vscode from 'vscode';
import type { ConfigFiles } from '../configFiles';
import type { RunStore } from '../runs/runStore';
import { completionProvider } from './completion';
import { YAML } from './configDocument';
import { ConfigDiagnostics } from './diagnostics';
import { hoverProvider } from './hover';
import { ConfigLenses } from './lenses';
import { linkProvider } from './links';
import { registerPlan } from './planDocument';
import { quickFixProvider } from './quickFixes';

export function registerConfig(runs: RunStore, configs: ConfigFiles): vscode.Disposable {
  const lenses = new ConfigLenses(runs);
  const { languages } = vscode;
  return vscode.Disposable.from(
    lenses,
    new ConfigDiagnostics(),
    languages.registerCodeLensProvider(YAML, lenses),
    languages.registerCompletionItemProvider(YAML, completionProvider, ' ', '/'),
    languages.registerHoverProvider(YAML, hoverProvider),
    languages.registerDocumentLinkProvider(YAML, linkProvider),
    languages.registerCodeActionsProvider(YAML, quickFixProvider, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    registerPlan(configs),
  );
}
