/**
 * What every language feature here asks first: is this text a config of ours, what is wrong with it,
 * and where do its relative paths start. The schema behind the features is loaded with the first
 * config, not before.
 */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { isWeightroomConfig } from '../../engine/config/isWeightroomConfig';
import type { Problem } from '../../engine/problem';
import { readResolved } from '../../engine/run/runFolder';
import { runPaths } from '../../engine/run/runPaths';

/** On disk, untitled, or inside the editor. */
export const YAML: vscode.DocumentSelector = [{ language: 'yaml' }];

export const languageServices = () => import('../../engine/config/language');

const SHOWN_ELSEWHERE = new Set(['git', 'gitlens', 'review', 'output']);

export const isConfig = (document: vscode.TextDocument): boolean =>
  document.languageId === 'yaml' &&
  !SHOWN_ELSEWHERE.has(document.uri.scheme) &&
  isWeightroomConfig(document.getText());

/** In the text, and against the files it names where there is a disk. */
export async function problemsOf(document: vscode.TextDocument): Promise<readonly Problem[]> {
  const { readConfig } = await import('../../engine/config/readConfig');
  const { config, study, problems, placeOf } = readConfig(document.getText(), document.uri.fsPath);
  const folder = folderOf(document);
  if (study && folder !== undefined) {
    const { checkStudyFiles } = await import('../../engine/config/studyFiles');
    return [...problems, ...checkStudyFiles(study.cache_study, folder, placeOf)];
  }
  if (!config || folder === undefined) return problems;
  const { checkAgainstFiles } = await import('../../engine/config/checkAgainstFiles');
  return [...problems, ...checkAgainstFiles(config, folder, { placeOf })];
}

/** Folder on disk that relative paths start from; a run's copy keeps that of its origin. */
export function folderOf({ uri }: vscode.TextDocument): string | undefined {
  if (uri.scheme !== 'file') return undefined;
  const folder = dirname(uri.fsPath);
  return isCopyOfRun(uri) ? originOf(folder) : folder;
}

const isCopyOfRun = ({ fsPath }: vscode.Uri): boolean =>
  runPaths(dirname(fsPath)).config === fsPath && originOf(dirname(fsPath)) !== undefined;

function originOf(runDir: string): string | undefined {
  try {
    return dirname(readResolved(runDir).configPath);
  } catch {
    return undefined; // no run folder: a config may be called config.yaml, too
  }
}

export const rangeIn = (
  document: vscode.TextDocument,
  [start, end]: readonly [number, number],
): vscode.Range => new vscode.Range(document.positionAt(start), document.positionAt(end));
