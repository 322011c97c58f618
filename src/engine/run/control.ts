/** Requests to a run process, each an empty file in `control/`. Knows nothing of who carries them out. */
import { join } from 'node:path';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { listFolder } from '../files/readFile';
import { ensureFolder } from '../files/writeDurably';
import { runPaths } from './runPaths';

const requests = ['stop', 'stop-best', 'checkpoint', 'pause'] as const;

export type Request = (typeof requests)[number];

/** Asking again before the request was taken changes nothing. */
export function request(runDir: string, what: Request, fs: FileSystem = disk): void {
  const folder = runPaths(runDir).control;
  const path = join(folder, what);
  onDisk('write', path, () => {
    ensureFolder(fs, folder);
    fs.close(fs.open(path, 'w'));
  });
}

/** What has been asked since the last call; a request is taken by removing its file. */
export function takeRequests(runDir: string, fs: FileSystem = disk): Request[] {
  const folder = runPaths(runDir).control;
  return onDisk('read', folder, () => {
    const names = new Set(listFolder(fs, folder));
    const taken = requests.filter(name => names.has(name));
    for (const name of taken) fs.rm(join(folder, name));
    return taken;
  });
}
