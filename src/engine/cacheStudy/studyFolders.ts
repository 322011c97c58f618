/** Where the models of a study are, and what they are called in it. */
import { basename, dirname } from 'node:path';
import { namedFolder } from '../config/studyFiles';
import { fail } from '../problem';
import { chooseCheckpoint } from '../run/chooseCheckpoint';

export interface StudyFolder {
  readonly dir: string;
  /** Of the folder, or of the run whose checkpoint it is. */
  readonly name: string;
}

/**
 * As `namedFolder`; of a run the best checkpoint is taken.
 * @throws `cache.no-model`, `checkpoint.none`
 */
export function studyFolder(written: string, baseDir: string, key: string): StudyFolder {
  const { kind, dir, runsDir } = namedFolder(written, baseDir);
  if (kind === 'model') return { dir, name: nameOf(dir) };
  if (kind === 'run')
    return { dir: chooseCheckpoint(dir, 'best').dir, name: runName(basename(dir)) };
  return fail(
    'cache.no-model',
    `${dir} is no folder of a model, of an adapter or of a run, and no run in ${runsDir} ends in "${written}".`,
    { file: dir, key },
  );
}

/** `…/runs/20261122-103000-sums/checkpoints/step-000100` is that of `sums`. */
function nameOf(dir: string): string {
  const above = dirname(dir);
  return basename(above) === 'checkpoints' ? runName(basename(dirname(above))) : basename(dir);
}

const runName = (id: string): string => id.replace(/^\d{8}-\d{6}-/, '');

/** Names that are taken get a number. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map(name => {
    let own = name;
    for (let n = 2; taken.has(own); n++) own = `${name}-${n}`;
    taken.add(own);
    return own;
  });
}
