/** What a weight diff can have done, by VS Code: quick picks, dialogs, the clipboard, the command line. */
import type { ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { LogitFacts } from '../../protocol/weightDiff';
import type { Launcher } from '../launcher';
import { saveFile } from '../saveFile';
import { chooseSide } from './chooseSide';
import type { DiffPorts, Sides } from './diffSession';

export const diffPorts = (launcher: Launcher, shows: (sides: Sides) => void): DiffPorts => ({
  copy: async words => vscode.env.clipboard.writeText(words),
  async save(name, content) {
    const ending = name.split('.').at(-1)!;
    const path = await saveFile(name, { [ending.toUpperCase()]: [ending] }, () => content);
    return path !== null;
  },
  choose: side =>
    chooseSide(
      side === 'left' ? l10n.t('Choose the left model') : l10n.t('Choose the right model'),
    ),
  logits: sides => logitsOf(launcher, sides),
  shows,
});

/** Both models run in a process of their own, which ends with its answer. */
async function logitsOf(launcher: Launcher, { left, right }: Sides): Promise<LogitFacts> {
  const args = ['diff', left.path, right.path, '--logits-only', '--json'];
  const child: ChildProcess = launcher.startCommand(args, process.cwd());
  const [said, failed] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  try {
    return (JSON.parse(said) as { logits: LogitFacts }).logits;
  } catch {
    throw new Error(wordsOf(failed));
  }
}

/** "error model.no-config: …" without what is for programs. */
const wordsOf = (failed: string): string =>
  /^error [\w.-]+: (.*)$/m.exec(failed)?.[1] ?? l10n.t('The models could not be run.');
