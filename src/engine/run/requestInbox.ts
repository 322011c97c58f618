/**
 * Everything that is asked of a run process while it works: the files in `control/`, SIGTERM and
 * SIGINT. Knows nothing of what is done about it.
 */
import type { FileSystem } from '../files/fileSystem';
import type { Request } from './control';
import { takeRequests } from './control';

export interface RequestInbox {
  /** What has been asked since the last call. */
  take(): Request[];
  /** Aborted by a second signal, and by `abortIfStopped`. */
  readonly signal: AbortSignal;
  /** For work that has nothing to save yet: a request to stop ends it at once, and stays in the inbox. */
  abortIfStopped(): void;
  close(): void;
}

const signals = ['SIGTERM', 'SIGINT'] as const;

export function openRequestInbox(runDir: string, fs: FileSystem): RequestInbox {
  const aborter = new AbortController();
  const asked: Request[] = [];
  let signalled = false;
  const onSignal = () => {
    if (signalled) aborter.abort();
    signalled = true;
    asked.push('stop');
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: aborter.signal,
    take: () => [...takeRequests(runDir, fs), ...asked.splice(0)],
    abortIfStopped() {
      asked.push(...takeRequests(runDir, fs));
      if (asked.includes('stop') || asked.includes('stop-best')) aborter.abort();
    },
    close: () => signals.forEach(name => process.off(name, onSignal)),
  };
}
