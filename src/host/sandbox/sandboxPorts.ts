/** What a sandbox view can have done, by VS Code: quick picks, dialogs, the clipboard. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { execute } from '../commands';
import type { RunStore } from '../runs/runStore';
import { saveFile } from '../saveFile';
import { requireTrust } from '../trust';
import { chosenPython } from '../python';
import { appended } from './exports';
import type { SandboxPorts } from './sandboxSession';

/** With the schemas of models, which a window without a sandbox need not load. */
const loadChooser = () => import('./chooseModel');

export function sandboxPorts(runs: RunStore): SandboxPorts {
  return {
    get isTrusted() {
      return vscode.workspace.isTrusted;
    },
    get terminal() {
      const shell = process.platform === 'win32' ? 'powershell' : 'posix';
      return { shell, python: chosenPython() ?? null } as const;
    },
    requireTrust,
    chooseModel: async (present, what) => (await loadChooser()).chooseModel(runs, present, what),
    copy: async text => vscode.env.clipboard.writeText(text),
    saveJson: text => saveFile('sandbox.json', { [l10n.t('JSON')]: ['json'] }, () => text),
    appendExample: line =>
      saveFile('sandbox_examples.jsonl', { [l10n.t('Examples, one a line')]: ['jsonl'] }, before =>
        appended(before, line),
      ),
    manageTrust: async () => void (await execute('weightroom.trust.manage')),
  };
}
