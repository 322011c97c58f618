/** The cache studies of the window: folders with a report, found when somebody asks. */
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { listStudies } from '../../engine/cacheStudy/studyFiles';
import { STUDY_FILE } from '../../protocol/cacheStudy';
import type { FoundStudy } from './cacheStudySession';

const MOST = 500;

/** Newest first: ids begin with their time. */
export async function findStudies(): Promise<FoundStudy[]> {
  const files = await vscode.workspace.findFiles(`**/${STUDY_FILE}`, '**/node_modules/**', MOST);
  return files
    .filter(({ scheme }) => scheme === 'file')
    .map(({ fsPath }) => foundStudy(dirname(fsPath)))
    .sort((a, b) => (basename(a.dir) < basename(b.dir) ? 1 : -1));
}

export const foundStudy = (dir: string): FoundStudy => ({
  id: vscode.workspace.asRelativePath(dir),
  title: titleOf(basename(dir)),
  dir,
});

/** `20261122-113931-sums` → "sums, 2026-11-22 11:39" */
function titleOf(id: string): string {
  const [, y, mo, d, h, mi, name] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-(.+)$/.exec(id) ?? [];
  return name === undefined ? id : `${name}, ${y}-${mo}-${d} ${h}:${mi}`;
}

/** Where the command line saves the studies of a config; newest first. */
export const studiesBeside = (configPath: string): string[] =>
  listStudies(join(dirname(configPath), 'runs'));
