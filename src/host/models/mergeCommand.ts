/** An adapter merged into its base: the folder, progress, and whether the result is the same model. */
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { countText } from '../../curves/numberText';
import { disk } from '../../engine/files/fileSystem';
import { exists } from '../../engine/files/readFile';
import { cacheDirOf } from '../../engine/hub/hubSettings';
import { ProblemError } from '../../engine/problem';
import type {
  Equivalence,
  MergeDone,
  MergedOnto,
  MergeProgress,
  MergeSaid,
} from '../../protocol/merge';
import { type AdapterTarget, type Commands, execute } from '../commands';
import { reportFailure } from '../failure';
import type { RunStore } from '../runs/runStore';
import { requireTrust } from '../trust';
import type { CatalogThread } from './catalogThread';
import { chooseAdapter, chooseBase } from './chooseAdapter';
import { followToEnd } from './hubProcess';
import { reveal } from './modelCommands';
import type { ModelTree } from './modelTree';

interface Parts {
  runs: RunStore;
  tree: ModelTree;
  catalog: CatalogThread;
  /** Starts the command line. */
  start: (args: readonly string[], cwd: string) => ChildProcess;
}

export const mergeCommand =
  (parts: Parts): Commands['weightroom.model.merge'] =>
  async target => {
    requireTrust();
    const merge = await chooseMerge(parts, target);
    const done = merge && (await run(parts, merge));
    if (!done) return undefined;
    parts.tree.refreshSoon();
    void tell(done).then(undefined, reportFailure);
    return vscode.Uri.file(done.dir);
  };

interface Merge {
  adapter: string;
  base: string;
  /** Is made. */
  folder: string;
  onto: MergedOnto;
}

async function chooseMerge(
  parts: Parts,
  target: AdapterTarget | undefined,
): Promise<Merge | undefined> {
  const chosen = await chooseAdapter(parts, target, l10n.t('Merge which adapter?'));
  if (!chosen) return undefined;
  const { dir: adapter, name } = chosen;
  const cacheDir = cacheDirOf(process.env);
  const { adapter: facts } = await parts.catalog.ask('summary', { dir: adapter, cacheDir });
  if (!facts) throw new Error(l10n.t('{0} is no adapter: there is nothing to merge.', name));
  const base = facts.baseDir ?? (await chooseBase(facts.base, l10n.t('Merge')));
  const onto = base === undefined ? undefined : await askOnto(name);
  const folder = onto === undefined ? undefined : await askFolder(adapter, name);
  if (base === undefined || onto === undefined || folder === undefined) return undefined;
  return { adapter, base, folder, onto };
}

async function askOnto(name: string): Promise<MergedOnto | undefined> {
  const items = [
    {
      label: l10n.t('Onto the Original Weights'),
      detail: l10n.t('The base as its files hold it; what other tools do.'),
      onto: 'original' as const,
    },
    {
      label: l10n.t('Onto the NF4 Base'),
      detail: l10n.t(
        'The base as 4 bits hold it: for an adapter of QLoRA, this is the model that was trained.',
      ),
      onto: 'nf4' as const,
    },
  ];
  const title = l10n.t('Merge {0} onto which weights?', name);
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.onto;
}

async function askFolder(adapter: string, name: string): Promise<string | undefined> {
  const inside = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(adapter));
  const root = (inside ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath ?? dirname(adapter);
  const proposed = name.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'adapter';
  const answer = await vscode.window.showInputBox({
    title: l10n.t('Merge {0} into its base', name),
    prompt: l10n.t('A new folder for the merged model, in {0} or anywhere.', basename(root)),
    value: `models/${proposed}-merged`,
    ignoreFocusOut: true,
    validateInput: path => complaintAbout(path, root),
  });
  return answer === undefined ? undefined : inFolder(root, answer);
}

const inFolder = (root: string, path: string): string =>
  isAbsolute(path.trim()) ? path.trim() : resolve(root, path.trim());

function complaintAbout(path: string, root: string): string | undefined {
  if (path.trim() === '') return l10n.t('Name a folder.');
  const taken = exists(disk, inFolder(root, path));
  return taken ? l10n.t('{0} is there already. Name a new folder.', path.trim()) : undefined;
}

/** What a process that was stopped had written goes with it; undefined when it was cancelled. */
async function run(
  { start }: Parts,
  { adapter, base, folder, onto }: Merge,
): Promise<MergeDone | undefined> {
  const options = ['--base', base, '--onto', onto, '--json', '--progress'];
  const starting = () => start(['merge', adapter, folder, ...options], dirname(adapter));
  try {
    const title = l10n.t('Merging into {0}', basename(folder));
    return await followToEnd<MergeSaid>(title, starting, progressOf);
  } catch (error) {
    const isOthers = error instanceof ProblemError && error.problem.code === 'merge.occupied';
    if (!isOthers) disk.rm(folder);
    if (!(error instanceof vscode.CancellationError)) throw error;
    void vscode.window.showInformationMessage(
      l10n.t('The merge was cancelled. Nothing is left of {0}.', folder),
    );
    return undefined;
  }
}

const progressOf = ({ done, total }: MergeProgress) => ({
  message:
    done + 1 < total
      ? l10n.t('{0} of {1} weights', countText(done + 1), countText(total))
      : l10n.t('comparing both models'),
  increment: 100 / total,
});

async function tell(done: MergeDone): Promise<void> {
  const [tryIt, open] = [l10n.t('Try It'), l10n.t('Open Folder')];
  const { dir, equivalence, limit = 0 } = done;
  const name = basename(dir);
  const chosen =
    equivalence?.isEquivalent === false
      ? await vscode.window.showWarningMessage(differenceIn(name, equivalence, limit), tryIt, open)
      : await vscode.window.showInformationMessage(samenessIn(name, done), tryIt, open);
  const uri = vscode.Uri.file(dir);
  if (chosen === tryIt) await execute('weightroom.sandbox.open', uri);
  if (chosen === open) await reveal(uri);
}

function samenessIn(name: string, { equivalence, limit = 0, quantisation }: MergeDone): string {
  const same = samenessOf(name, equivalence, limit);
  if (!quantisation) return same;
  const other = l10n.t(
    'Its weights are those that NF4 holds: onto the original ones, logits would differ by up to {0} of the largest.',
    quantisation.largest.toExponential(1),
  );
  return `${same} ${other}`;
}

function samenessOf(name: string, found: Equivalence | undefined, limit: number): string {
  if (!found) return l10n.t('{0} is merged.', name);
  const { largest, agreement, positions } = found;
  return l10n.t(
    '{0} is the same model as the adapter over its base: logits differ by at most {1} of the largest ({2} allowed), the likeliest token is the same at {3} of {4} positions.',
    ...[name, largest.toExponential(1), limit.toExponential(0)],
    ...[Math.round(agreement * positions), positions].map(countText),
  );
}

function differenceIn(name: string, found: Equivalence, limit: number): string {
  const { largest, largestAt, agreement, positions } = found;
  return l10n.t(
    '{0} is not the same model as the adapter over its base: logits differ by {1} of the largest ({2} allowed) at position {3}, token {4}; the likeliest token is the same at {5} of {6} positions.',
    ...[name, largest.toExponential(1), limit.toExponential(0)],
    ...[largestAt.position, largestAt.token, Math.round(agreement * positions), positions].map(
      countText,
    ),
  );
}
