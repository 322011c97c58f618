/**
 * The events of a run as they come, read from its folder, so that any number of readers may follow
 * it from any process. Knows nothing of what they do with them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent } from '../../protocol/runEvent';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { processStart } from '../files/processIdentity';
import { readLease } from './lease';
import { readRunLog } from './runLog';

export interface Follow {
  /** Byte of the log to begin at: 0, or a `nextByte` of `readRunLog`. */
  fromByte?: number;
  /** Process that was just started for the run and may not hold its lease yet. */
  pid?: number;
  /** Ends the following, not the run. */
  signal?: AbortSignal;
  /** Told once, with the 1-based line that is damaged; its event is left out. */
  onDamage?: (line: number) => void;
}

const POLL_MS = 100;

/**
 * Ends when no process works on the run any more. The last event is then its `end`; if it is
 * another, the run was interrupted.
 */
export async function* followRun(
  runDir: string,
  { fromByte = 0, pid, signal, onDamage }: Follow = {},
  fs: FileSystem = disk,
): AsyncGenerator<RunEvent> {
  const start = pid === undefined ? undefined : processStart(pid);
  const isWorked = (): boolean =>
    readLease(runDir, fs).state === 'live' ||
    (pid !== undefined && start !== undefined && processStart(pid) === start);
  let next = fromByte;
  let damaged = false;
  while (signal?.aborted !== true) {
    const worked = isWorked(); // asked before reading: a process writes its last event, then goes
    const part = readRunLog(runDir, next, fs);
    next = part.nextByte;
    if (part.damage && !damaged) onDamage?.(part.damage.line);
    damaged ||= part.damage !== undefined;
    yield* part.events;
    if (!worked) return;
    await sleep(POLL_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}
