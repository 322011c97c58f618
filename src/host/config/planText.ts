/** A config's plan as Markdown, or why there is none yet. Starts nothing and writes nothing. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { type Problem, ProblemError } from '../../engine/problem';
import { folderOf } from './configDocument';

export async function planText(document: vscode.TextDocument): Promise<string> {
  const { fsPath } = document.uri;
  const { readConfig } = await import('../../engine/config/readConfig');
  const { config, name, problems } = readConfig(document.getText(), fsPath);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (!config) return refusal(name, errors);
  const baseDir = folderOf(document);
  if (baseDir === undefined) return refusal(name, [notOnDisk()]);
  const { describePlan } = await import('../../engine/plan/describePlan');
  const folder = vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath ?? baseDir;
  try {
    return describePlan({ config, name, baseDir, runsDir: join(folder, 'runs') });
  } catch (error) {
    if (error instanceof ProblemError) return refusal(name, [error.problem]);
    throw error;
  }
}

const refusal = (name: string, problems: readonly Pick<Problem, 'message'>[]): string =>
  [
    `# ${l10n.t('No plan of {0} yet', name)}`,
    ...problems.map(({ message }) => `- ${message}`),
    '',
  ].join('\n\n');

const notOnDisk = (): Pick<Problem, 'message'> => ({
  message: l10n.t('Save it in a folder on a disk: the plan looks at the data it names.'),
});
