/** What a view of an evaluation can have done, by VS Code: dialogs, the clipboard, other views. */
import * as vscode from 'vscode';
import type { ExportKind } from '../../protocol/evaluationView';
import { execute } from '../commands';
import { saveFile } from '../saveFile';
import { requireTrust } from '../trust';
import type { EvaluationPorts } from './evaluationSession';
import { again, type Order } from './evaluationRunner';
import type { KnownEvaluations } from './knownEvaluations';

export const evaluationPorts = (
  store: KnownEvaluations,
  start: (order: Order, baseline?: string) => Promise<unknown>,
): EvaluationPorts => ({
  get isTrusted() {
    return vscode.workspace.isTrusted;
  },
  labelOf: path => vscode.workspace.asRelativePath(path),
  runAgain: async (dir, plan, indices) => {
    requireTrust();
    const known = store.evaluations.find(each => each.dir === dir);
    await start(again(dir, plan, indices), known?.id);
  },
  resume: async dir => void (await start({ kind: 'resume', dir })),
  stop: dir => {
    requireTrust();
    store.runner.at(dir)?.stop();
    return Promise.resolve();
  },
  openInSandbox: async ({ model: { dir, adapterDir, name } }, prompt) => {
    await execute('weightroom.sandbox.open', {
      dir: adapterDir ?? dir,
      prompt,
      ...(adapterDir === null ? { name } : {}),
    });
  },
  openText: async (_title, content) => {
    const document = await vscode.workspace.openTextDocument({ content, language: 'plaintext' });
    await vscode.window.showTextDocument(document, { preview: true });
  },
  openTrace: async (dir, index) => {
    await execute('weightroom.agent.openTrace', { dir, index });
  },
  openConfig: async path => {
    await vscode.window.showTextDocument(vscode.Uri.file(path));
  },
  save: (name, kind, text) => saveFile(`${name}.${kind}`, filters[kind], () => text),
  copy: async text => vscode.env.clipboard.writeText(text),
  manageTrust: async () => void (await execute('weightroom.trust.manage')),
});

const filters: Readonly<Record<ExportKind, Record<string, string[]>>> = {
  csv: { CSV: ['csv'] },
  json: { JSON: ['json'] },
  html: { HTML: ['html'] },
};
