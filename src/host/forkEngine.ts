/** How the engine process is forked. Whoever calls it has asked for trust; only the launcher does. */
import { type ChildProcess, fork } from 'node:child_process';
import { processEnvironment } from '../engine/processEnvironment';

/** @param nodePath Node, or an editor's binary that can act as Node */
export const forkEngine = (enginePath: string, nodePath: string): ChildProcess =>
  fork(enginePath, [], {
    execPath: nodePath,
    execArgv: [],
    env: processEnvironment(process.env),
    // Text with any character, and numbers as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
