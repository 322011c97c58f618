/**
 * Out-of-memory messages explained: of a text that was pasted or selected, and as links in terminals.
 * A terminal hands over a line at a time, so the message must stand on one.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { commandWith, register } from '../commands';
import { oomLinkIn } from './oomLink';
import type { TextDocuments } from './textDocuments';

const HINT = 'Not enough space';

interface OomLink extends vscode.TerminalLink {
  readonly line: string;
}

export function registerOom(documents: TextDocuments): vscode.Disposable {
  const explain = async (text: string): Promise<void> => {
    const { findOomMessages } = await import('../../engine/plan/oomMessage');
    const { explainOom } = await import('../../engine/plan/oomExplain');
    const { formatOom } = await import('../../engine/plan/formatBankPlan');
    const found = findOomMessages(text);
    if (found.length === 0) {
      void vscode.window.showInformationMessage(
        l10n.t(
          'This text holds no out-of-memory message of a device with banks (“Not enough space to allocate … buffer across … banks”).',
        ),
      );
      return;
    }
    const explained = found.map(message => formatOom(explainOom(message)));
    await documents.show(l10n.t('Out of memory, explained'), `${explained.join('\n\n')}\n`);
  };
  const links: vscode.TerminalLinkProvider<OomLink> = {
    provideTerminalLinks({ line }) {
      const place = oomLinkIn(line);
      if (!place) return [];
      return [{ ...place, tooltip: l10n.t('Explain this out-of-memory message'), line }];
    },
    handleTerminalLink: ({ line }) => explain(line),
  };
  return vscode.Disposable.from(
    register('weightroom.memory.explain', async given => {
      const text = typeof given === 'string' ? given : await askForText();
      if (text !== undefined) await explain(text);
    }),
    vscode.window.registerTerminalLinkProvider(links),
    vscode.languages.registerCodeActionsProvider({ scheme: 'file' }, explainActions, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

/** On a message that a task has put into Problems. */
const explainActions: vscode.CodeActionProvider = {
  provideCodeActions: (_document, _range, { diagnostics }) =>
    diagnostics
      .filter(({ source, message }) => source?.startsWith('weightroom') && oomLinkIn(message))
      .map(diagnostic => {
        const title = l10n.t('Explain this out-of-memory message');
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.diagnostics = [diagnostic];
        action.isPreferred = true;
        action.command = commandWith(title, 'weightroom.memory.explain', diagnostic.message);
        return action;
      }),
};

/** What is selected when it is such a message, else what the user pastes. */
async function askForText(): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  const selected = editor && editor.document.getText(editor.selection);
  if (selected?.includes(HINT)) return selected;
  return vscode.window.showInputBox({
    title: l10n.t('Explain an out-of-memory message'),
    prompt: l10n.t('Paste what the device said'),
    ignoreFocusOut: true,
  });
}
