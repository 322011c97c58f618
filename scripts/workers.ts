/** The files that run in threads of their own, by the name of their bundles. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './project';

/** `tokenizerWorker` → `src/engine/…/tokenizerWorker.ts` */
export function workerEntries(): Record<string, string> {
  const workers = ['src/engine', 'src/engineProcess'].flatMap(folder => {
    const sources = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    return sources.filter(path => path.endsWith('Worker.ts')).map(path => join(folder, path));
  });
  return Object.fromEntries(workers.map(path => [basename(path, '.ts'), path]));
}
