/** From a command to a question: which model, which agent, what is asked. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { AgentName } from '../../../protocol/evaluation';

/** Whom, what and how. */
export interface Question {
  /** Folder of a model or a checkpoint. */
  readonly model: string;
  /** Folder of what is put on it. */
  readonly adapter: string | null;
  readonly agent: AgentName;
  readonly text: string;
  readonly seed: number;
  /** Answers that are voted on. */
  readonly votes: number;
  /** Where the process starts. */
  readonly cwd: string;
}

export type ChooseModel = () => Promise<{ dir: string; adapterDir: string | null } | null>;

const VOTES = 5;

/** Undefined when the user left it. */
export async function askAgent(
  asked: string | undefined,
  chooseModel: ChooseModel,
): Promise<Question | undefined> {
  const model = await chooseModel();
  if (!model) return undefined;
  const how = await vscode.window.showQuickPick(kinds(), {
    title: l10n.t('Ask a math agent'),
    placeHolder: l10n.t('How it works'),
    matchOnDetail: true,
  });
  if (!how) return undefined;
  const text =
    asked ??
    (await vscode.window.showInputBox({
      title: l10n.t('Ask a math agent'),
      prompt: l10n.t('A word problem'),
      placeHolder: l10n.t('A baker fills 14 trays with 12 rolls each. How many rolls are there?'),
      ignoreFocusOut: true,
      validateInput: value => (value.trim() === '' ? l10n.t('Ask something.') : undefined),
    }));
  if (text === undefined) return undefined;
  const cwd = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? model.dir;
  const { agent, votes } = how;
  const { dir, adapterDir: adapter } = model;
  return { model: dir, adapter, agent, votes, text: text.trim(), seed: 0, cwd };
}

interface Kind extends vscode.QuickPickItem {
  readonly agent: AgentName;
  readonly votes: number;
}

const kinds = (): Kind[] => [
  {
    label: l10n.t('Math'),
    detail: l10n.t('Answers until there is an equation and the answer ends with its number'),
    agent: 'math',
    votes: 1,
  },
  {
    label: l10n.t('Calculator'),
    detail: l10n.t('Each “<<48/2=” is computed for it while it writes'),
    agent: 'calculator',
    votes: 1,
  },
  {
    label: l10n.t('Step by step'),
    detail: l10n.t('Answers until there is a number and “therefore”'),
    agent: 'slm',
    votes: 1,
  },
  {
    label: l10n.t('Math, {0} votes', VOTES),
    detail: l10n.t('Several answers; the number that most of them come to counts'),
    agent: 'math',
    votes: VOTES,
  },
];
