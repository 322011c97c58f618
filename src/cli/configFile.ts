/** Reads a config for a command: a sound one whose files are there, or all its problems at once. */
import { dirname } from 'node:path';
import { checkAgainstFiles } from '../engine/config/checkAgainstFiles';
import { readConfig } from '../engine/config/readConfig';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import type { RunConfig, StudyConfig } from '../engine/config/schema';
import { checkStudyFiles } from '../engine/config/studyFiles';
import { fail, type Place } from '../engine/problem';
import { describeProblem, ProblemsError } from './failure';
import type { Terminal } from './terminal';

export interface ConfigFile {
  text: string;
  /** Of the run. */
  name: string;
  config: RunConfig;
  /** Paths in the config are relative to it. */
  baseDir: string;
}

/**
 * Warnings go to `err`.
 * @throws ProblemsError, `disk.*`
 */
export function readConfigFile(path: string, err: Terminal): ConfigFile {
  const text = readText(disk, path);
  const baseDir = dirname(path);
  const { config, study, evaluation, name, problems, placeOf } = readConfig(text, path);
  if (study) refuseStudy(placeOf('cache_study', 'key'));
  if (evaluation) refuseEvaluation(placeOf('evaluate', 'key'));
  const all = [...problems, ...(config ? checkAgainstFiles(config, baseDir, { placeOf }) : [])];
  const isSound = all.every(({ severity }) => severity !== 'error');
  if (config === undefined || !isSound) throw new ProblemsError(all);
  for (const warning of all) err.print(describeProblem(warning));
  return { text, name, config, baseDir };
}

const refuseStudy = (where: Place): never =>
  fail(
    'config.kind',
    'This is the config of a cache study, which trains nothing. Run it with: weightroom cache-study',
    where,
  );

const refuseEvaluation = (where: Place): never =>
  fail(
    'config.kind',
    'This config evaluates and trains nothing: it has no `model` and `data`. Run it with: weightroom evaluate',
    where,
  );

export interface StudyFile extends Omit<ConfigFile, 'config'> {
  study: StudyConfig;
}

/** As `readConfigFile`, of a cache study. @throws ProblemsError, `config.kind`, `disk.*` */
export function readStudyFile(path: string, err: Terminal): StudyFile {
  const text = readText(disk, path);
  const baseDir = dirname(path);
  const { config, study, name, problems, placeOf } = readConfig(text, path);
  if (config)
    fail(
      'config.kind',
      'This config trains a model: it has no `cache_study`. Name a config of a cache study.',
      placeOf('', 'key'),
    );
  const ofFiles = study ? checkStudyFiles(study.cache_study, baseDir, placeOf) : [];
  const all = [...problems, ...ofFiles];
  if (!study || all.some(({ severity }) => severity === 'error')) throw new ProblemsError(all);
  for (const warning of all) err.print(describeProblem(warning));
  return { text, name, study, baseDir };
}
