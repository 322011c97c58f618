/**
 * Starts the process of a run, detached: it outlives the window, the terminal and the extension
 * host that asked for it. Knows nothing of what it does; the run folder tells.
 */
import { spawn } from 'node:child_process';
import { disk } from '../files/fileSystem';
import { onDisk } from '../files/diskProblem';
import { processEnvironment } from '../processEnvironment';
import { takeRequests } from './control';
import { requireFree } from './lease';
import { runPaths } from './runPaths';

export interface StartRun {
  /** Node, or an editor's binary that can act as Node. */
  nodePath: string;
  /** The bundled command line, `dist/cli.cjs`. */
  cliPath: string;
  runDir: string;
  /** Go on from the newest sound checkpoint. */
  resume?: boolean;
}

/**
 * Requests of the past are dropped, so that a resumed run does not stop at once.
 * @returns the process id
 * @throws `run.owned` while another process works on the run
 */
export function startRun({ nodePath, cliPath, runDir, resume = false }: StartRun): number {
  requireFree(runDir);
  takeRequests(runDir);
  const path = runPaths(runDir).log;
  const log = onDisk('write', path, () => disk.open(path, 'a'));
  try {
    const child = spawn(nodePath, [cliPath, '__run', runDir, ...(resume ? ['--resume'] : [])], {
      cwd: runDir,
      detached: true,
      stdio: ['ignore', log, log],
      env: processEnvironment(process.env),
      windowsHide: true,
    });
    child.on('error', () => undefined); // `pid` is undefined then, which is told below
    child.unref();
    if (child.pid === undefined) throw new Error(`${nodePath} could not be started`);
    return child.pid;
  } finally {
    disk.close(log);
  }
}
