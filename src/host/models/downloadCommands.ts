/** Downloads as the user has them: search, choice of files, progress that can be cancelled. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText, durationText } from '../../curves/numberText';
import type { DownloadProgress } from '../../engine/hub/downloadModel';
import type { HubClient } from '../../engine/hub/hubClient';
import { execute, type ModelTarget, register } from '../commands';
import { reportFailure } from '../failure';
import { requireTrust } from '../trust';
import { chooseFound } from './chooseFound';
import { chooseHubFiles } from './chooseHubFiles';
import type { Downloads } from './downloads';
import type { HubAccount } from './hubAccount';
import type { ModelRow } from './modelRows';
import type { ModelTree } from './modelTree';

interface Parts {
  account: HubAccount;
  downloads: Downloads;
  tree: ModelTree;
  /** Remembers which files were chosen, for a download that is to go on. */
  memory: vscode.Memento;
  /** Shows what has come. */
  reveal(id: string): Promise<void>;
}

export function registerDownloads(parts: Parts): vscode.Disposable {
  const { account } = parts;
  return vscode.Disposable.from(
    register('weightroom.hub.download', id =>
      chooseAndDownload(parts, typeof id === 'string' ? id : undefined),
    ),
    register('weightroom.hub.resume', async target => {
      requireTrust();
      const id = idIn(target);
      return id === undefined ? undefined : download(parts, id, parts.memory.get(keyOf(id)));
    }),
    register('weightroom.hub.signIn', () => account.signIn()),
    register('weightroom.hub.signOut', () => account.signOut()),
  );
}

const keyOf = (id: string): string => `hub.files:${id}`;

function idIn(target: ModelTarget | undefined): string | undefined {
  if (!target || target instanceof vscode.Uri || !('place' in target)) return undefined;
  const { place } = target as ModelRow;
  return place.in === 'cache' ? place.id : undefined;
}

async function chooseAndDownload(
  parts: Parts,
  given: string | undefined,
): Promise<vscode.Uri | undefined> {
  requireTrust();
  const client = await openClient(parts.account);
  const id = given ?? (await chooseFound(client));
  if (id === undefined) return undefined;
  const chosen = await chooseHubFiles(client, id);
  return chosen && download(parts, id, chosen.files);
}

async function openClient(account: HubAccount): Promise<HubClient> {
  const { HubClient } = await import('./hubAccess');
  return new HubClient(await account.settings());
}

/** @returns the folder of the model */
async function download(
  { account, downloads, tree, memory, reveal }: Parts,
  id: string,
  files: readonly string[] | undefined,
): Promise<vscode.Uri> {
  const settings = await account.settings();
  await memory.update(keyOf(id), files);
  const where = {
    location: vscode.ProgressLocation.Notification,
    title: l10n.t('Downloading {0}', id),
    cancellable: true,
  };
  try {
    const { dir } = await vscode.window.withProgress(where, (progress, token) => {
      let shown = 0;
      const onProgress = (now: DownloadProgress) => {
        const share = now.bytes === 0 ? 100 : (100 * now.bytesDone) / now.bytes;
        progress.report({ message: wordsOf(now), increment: Math.max(0, share - shown) });
        shown = Math.max(shown, share);
      };
      const wanted = { id, revision: 'main', ...(files && { files }) };
      return downloads.run(wanted, { settings, onProgress, token });
    });
    await memory.update(keyOf(id), undefined);
    void offer(id, vscode.Uri.file(dir)).then(undefined, reportFailure);
    return vscode.Uri.file(dir);
  } finally {
    tree.refresh();
    void reveal(id).then(undefined, reportFailure);
  }
}

/** "38 % · 200 MB of 523 MB · 12 MB/s · 25 s left" */
export function wordsOf(progress: DownloadProgress): string {
  const { bytes, bytesDone, bytesPerSecond, secondsLeft } = progress;
  const share = bytes === 0 ? 100 : Math.floor((100 * bytesDone) / bytes);
  return [
    `${share}\u2009%`,
    l10n.t('{0} of {1}', bytesText(bytesDone), bytesText(bytes)),
    bytesPerSecond > 0 ? `${bytesText(bytesPerSecond)}/s` : '',
    secondsLeft === undefined ? '' : l10n.t('{0} left', durationText(secondsLeft)),
  ]
    .filter(Boolean)
    .join(' · ');
}

async function offer(id: string, folder: vscode.Uri): Promise<void> {
  const [open, show] = [l10n.t('Open Sandbox'), l10n.t('Show Load Report')];
  const words = l10n.t('{0} is in the cache.', id);
  const chosen = await vscode.window.showInformationMessage(words, open, show);
  if (chosen === open) await execute('weightroom.sandbox.open', folder);
  else if (chosen === show) await execute('weightroom.model.showReport', folder);
}
