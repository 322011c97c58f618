/** What the key under the pointer means. */
import * as vscode from 'vscode';
import { isConfig, languageServices, rangeIn } from './configDocument';

export const hoverProvider: vscode.HoverProvider = {
  async provideHover(document, position) {
    if (!isConfig(document)) return undefined;
    const { hoverAt } = await languageServices();
    const hover = hoverAt(document.getText(), document.offsetAt(position));
    if (!hover) return undefined;
    return new vscode.Hover(
      new vscode.MarkdownString(hover.markdown),
      rangeIn(document, hover.range),
    );
  },
};
