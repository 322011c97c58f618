/** From a model to a config that fine-tunes it. Starts nothing and overwrites nothing. */
import { isAbsolute, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { ModelTarget } from '../commands';
import { requireDisk } from '../trust';
import { fineTuneConfig, type TaughtWith } from './fineTuneConfig';
import { chooseFolder, exists, saveConfig } from './newConfig';

export async function fineTune(target: ModelTarget | undefined): Promise<vscode.Uri | undefined> {
  const model = target ? uriOf(target) : await chooseModelFolder();
  if (!model) return undefined;
  const dir = requireDisk(model);
  const { readModelShape } = await import('../../engine/model/modelConfig');
  const shape = readModelShape(dir);
  const folder = await chooseFolder();
  if (!folder) return undefined;
  const data = await taughtWith(model);
  return saveConfig(folder, {
    title: l10n.t('Fine-tune {0}: file name of the config', nameOf(dir)),
    stem: `${nameOf(dir)}-lora`,
    text: fineTuneConfig({ from: pathFrom(folder.fsPath, dir), shape, data }),
  });
}

const uriOf = (target: ModelTarget): vscode.Uri =>
  target instanceof vscode.Uri ? target : target.uri;

async function chooseModelFolder(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: l10n.t('Fine-Tune'),
    title: l10n.t('Choose a model: a folder with config.json and weights'),
  });
  return chosen?.[0];
}

/** Relative where it lies in the folder, so that both can move together. */
function pathFrom(folder: string, dir: string): string {
  const way = relative(folder, dir);
  const isInside = way !== '' && !way.startsWith('..') && !isAbsolute(way);
  return isInside ? way.split(sep).join('/') : dir;
}

/** `org--name` of the hub's cache, the run of a checkpoint, else the folder itself. */
function nameOf(dir: string): string {
  const parts = dir.split(sep);
  const cached = parts.findLast(part => part.startsWith('models--'));
  const isCheckpoint = parts.at(-2) === 'checkpoints';
  const name = cached?.split('--').at(-1) ?? (isCheckpoint ? parts.at(-3) : parts.at(-1)) ?? '';
  return name.replace(/[^\w.-]+/g, '-') || 'model';
}

/** A model with a template for chats is taught with chats. */
async function taughtWith(model: vscode.Uri): Promise<TaughtWith> {
  const file = (name: string) => vscode.Uri.joinPath(model, name);
  const checkpoint = await readJson(file('weightroom.json'));
  const hasTokenizer = checkpoint
    ? checkpoint['tokenizer'] !== undefined
    : await exists(file('tokenizer.json'));
  if (!hasTokenizer) return 'bins';
  const settings = await readJson(file('tokenizer_config.json'));
  const hasChat =
    settings?.['chat_template'] !== undefined || (await exists(file('chat_template.jinja')));
  return hasChat ? 'chat' : 'completion';
}

async function readJson(uri: vscode.Uri): Promise<Record<string, unknown> | undefined> {
  try {
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // it is not there, or says nothing
  }
}
