/**
 * Ends this process when the one that forked it is gone. A thread looks as well: while the runtime
 * computes, this one cannot. Knows nothing of what is computed.
 */
import { Worker } from 'node:worker_threads';
import { threadBeside } from '../engine/isolate/isolatedThread';

export function watchParent(): void {
  process.on('disconnect', () => process.exit());
  const watchdog = new Worker(threadBeside(import.meta.url, './watchdogWorker'), {
    workerData: process.ppid,
    env: {},
    argv: [],
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  watchdog.unref();
}
