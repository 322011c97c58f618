/** The light bulb on a problem of a config. */
import * as vscode from 'vscode';
import { isConfig, languageServices, problemsOf, rangeIn } from './configDocument';

export const quickFixProvider: vscode.CodeActionProvider = {
  async provideCodeActions(document, _range, { diagnostics }) {
    const own = diagnostics.filter(({ source }) => source === 'weightroom');
    if (own.length === 0 || !isConfig(document)) return [];
    const problems = await problemsOf(document);
    const { quickFixes } = await languageServices();
    const text = document.getText();
    return problems.flatMap(problem => {
      const { range } = problem.where;
      const marked = own.filter(
        ({ code, range: shown }) =>
          code === problem.code && range && shown.isEqual(rangeIn(document, range)),
      );
      if (marked.length === 0) return [];
      return quickFixes(text, problem).map(({ title, edits, preferred }) => {
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.diagnostics = marked;
        action.isPreferred = preferred;
        action.edit = new vscode.WorkspaceEdit();
        for (const { range, newText } of edits) {
          action.edit.replace(document.uri, rangeIn(document, range), newText);
        }
        return action;
      });
    });
  },
};
