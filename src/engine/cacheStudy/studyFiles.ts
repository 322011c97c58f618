/** A study on the disk: its report, its errors by token and its config in a folder of their own. */
import { join, resolve } from 'node:path';
import {
  STUDY_FILE,
  STUDY_TOKENS_FILE,
  type StudyReport,
  tokenErrorsName,
} from '../../protocol/cacheStudy';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, listFolder, readText } from '../files/readFile';
import { ensureFolders, writeTextDurably } from '../files/writeDurably';
import { openSafetensors, writeSafetensors } from '../formats/safetensors';
import { fail } from '../problem';
import { newFolder } from '../run/runFolder';
import type { RanStudy } from './runStudy';

/** The config as it was, beside the report. It is no run's, so its name is another. */
const CONFIG = 'study.yaml';

/**
 * Makes `<runs>/YYYYMMDD-HHMMSS-<name>`; the report is written last, so a folder without one is none.
 * @returns the report as saved, and its folder
 */
export function saveStudy(
  runsDir: string,
  { report, tokenErrors }: RanStudy,
  config: { path: string; text: string },
  fs: FileSystem = disk,
): { dir: string; report: StudyReport } {
  ensureFolders(fs, runsDir);
  const dir = onDisk('make a folder in', runsDir, () => newFolder(runsDir, report.name, fs));
  const config_path = resolve(config.path);
  const saved = { ...report, tokens_file: STUDY_TOKENS_FILE, config_path };
  writeSafetensors(fs, join(dir, STUDY_TOKENS_FILE), tokenErrors);
  writeTextDurably(fs, join(dir, CONFIG), config.text);
  writeTextDurably(fs, join(dir, STUDY_FILE), `${JSON.stringify(saved)}\n`);
  return { dir, report: saved };
}

/** @throws `cache.no-study`, `cache.damaged` */
export function readStudy(dir: string, fs: FileSystem = disk): StudyReport {
  const file = join(dir, STUDY_FILE);
  if (!exists(fs, file))
    fail('cache.no-study', `${dir} holds no cache study: there is no ${STUDY_FILE}.`, { file });
  let report: Partial<StudyReport> | null;
  try {
    report = JSON.parse(readText(fs, file)) as Partial<StudyReport> | null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail('cache.damaged', `${file} is not JSON: ${error.message}. Run the study again.`, {
      file,
    });
  }
  if (report?.type !== 'cache-study' || report.format !== 1 || !Array.isArray(report.results))
    fail('cache.damaged', `${file} is no report of a cache study. Run the study again.`, { file });
  return report as StudyReport;
}

/** Folders of studies below `runsDir`, newest first. */
export const listStudies = (runsDir: string, fs: FileSystem = disk): string[] =>
  listFolder(fs, runsDir)
    .filter(name => exists(fs, join(runsDir, name, STUDY_FILE)))
    .sort()
    .reverse()
    .map(name => join(runsDir, name));

/** Relative L2 errors [layers, tokens] of one adapter and variant. @throws `cache.damaged` */
export function readTokenErrors(
  dir: string,
  of: { adapter: string; variant: string; side: 'k' | 'v' },
): Float32Array {
  const path = join(dir, STUDY_TOKENS_FILE);
  const file = openSafetensors(path);
  try {
    const name = tokenErrorsName(of.adapter, of.variant, of.side);
    if (!file.entries.has(name))
      fail('cache.damaged', `${path} has no ${name}. Run the study again.`, { file: path });
    return file.read(name).data as Float32Array;
  } finally {
    file.close();
  }
}
