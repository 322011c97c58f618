/**
 * Which folders a cache study's names mean, and whether they are there. Reads no weights and no
 * checkpoints.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Problem } from '../problem';
import type { PlaceOf } from './configPlaces';
import type { CacheStudyConfig } from './schema';

export interface NamedFolder {
  readonly kind: 'model' | 'run' | 'none';
  readonly dir: string;
  /** Where runs were looked for. */
  readonly runsDir: string;
}

/**
 * A folder of a model or an adapter, a run's folder, or the newest run in `runs` beside the config
 * whose name ends so.
 * @param written relative to the config's folder
 */
export function namedFolder(written: string, baseDir: string): NamedFolder {
  const dir = resolve(baseDir, written);
  const runsDir = join(baseDir, 'runs');
  if (['config.json', 'adapter_config.json'].some(name => existsSync(join(dir, name))))
    return { kind: 'model', dir, runsDir };
  if (isRun(dir)) return { kind: 'run', dir, runsDir };
  const run = newestRun(runsDir, written);
  return run === undefined ? { kind: 'none', dir, runsDir } : { kind: 'run', dir: run, runsDir };
}

const isRun = (dir: string): boolean => existsSync(join(dir, 'events.jsonl'));

/** Ids begin with their time, so the last is the newest. */
function newestRun(runsDir: string, wanted: string): string | undefined {
  if (!/^[\w.-]+$/.test(wanted) || !existsSync(runsDir)) return undefined;
  const found = readdirSync(runsDir)
    .filter(id => id === wanted || id.endsWith(`-${wanted}`))
    .filter(id => isRun(join(runsDir, id)))
    .sort()
    .at(-1);
  return found === undefined ? undefined : join(runsDir, found);
}

/** What the study names and is not there. */
export function checkStudyFiles(
  study: CacheStudyConfig,
  baseDir: string,
  placeOf: PlaceOf,
): Problem[] {
  const { model, adapters } = study;
  const folders = [
    { key: 'model', written: model },
    ...adapters.map((written, i) => ({ key: `adapters.${i}`, written })),
  ];
  const missing = folders.filter(({ written }) => namedFolder(written, baseDir).kind === 'none');
  const files = (['prefix_file', 'question_file', 'continuation_file'] as const).flatMap(key => {
    const file = study[key];
    return file !== undefined && !existsSync(resolve(baseDir, file)) ? [{ key, file }] : [];
  });
  return [
    ...missing.map(({ key, written }) =>
      problemAt(
        placeOf(`cache_study.${key}`),
        `There is no model, adapter or run in \`${written}\`, and no run beside this file is called so. Train it, or name another folder.`,
      ),
    ),
    ...files.map(({ key, file }) =>
      problemAt(placeOf(`cache_study.${key}`), `There is no file \`${file}\`. Check the path.`),
    ),
  ];
}

const problemAt = (where: Problem['where'], message: string): Problem => ({
  code: 'config.no-such-file',
  severity: 'error',
  message,
  where,
});
