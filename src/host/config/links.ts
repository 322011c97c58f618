/** Paths in a config as links: data opens as text, token bins too, a model's folder as its config. */
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import type { PathLink } from '../../engine/config/language';
import { isConfig, languageServices, rangeIn } from './configDocument';

export const linkProvider: vscode.DocumentLinkProvider = {
  async provideDocumentLinks(document) {
    if (document.isUntitled || !isConfig(document)) return [];
    const { documentLinks } = await languageServices();
    return documentLinks(document.getText()).map(
      link => new vscode.DocumentLink(rangeIn(document, link.range), targetOf(document, link)),
    );
  },
};

function targetOf({ uri }: vscode.TextDocument, { path, kind }: PathLink): vscode.Uri {
  const target = isAbsolute(path) ? uri.with({ path }) : vscode.Uri.joinPath(uri, '..', path);
  if (kind === 'folder') return vscode.Uri.joinPath(target, 'config.json');
  if (!path.endsWith('.bin')) return target;
  const args = encodeURIComponent(JSON.stringify([target]));
  return vscode.Uri.parse(`command:weightroom.data.openAsText?${args}`);
}
