/**
 * What the detached process of a run does: it owns the folder, hands the work to `execute` and
 * writes down every event, the last of which is always one `end`. Knows nothing of training.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { EndEvent, NoticeEvent, RunEvent, RunEventBody } from '../../protocol/runEvent';
import type { RunConfig } from '../config/schema';
import type { FileSystem } from '../files/fileSystem';
import { disk } from '../files/fileSystem';
import { ProblemError } from '../problem';
import type { Checkpoint } from './checkpoint';
import { loadCheckpoint } from './checkpoint';
import { sweepTemporary } from './checkpointList';
import { checkResume, readRunConfig } from './checkResume';
import type { Request } from './control';
import type { Lease } from './lease';
import { HEARTBEAT_MS, takeLease } from './lease';
import type { RunLog } from './runLog';
import { openRunLog } from './runLog';
import type { RequestInbox } from './requestInbox';
import { openRequestInbox } from './requestInbox';

export interface ExecuteInput {
  runDir: string;
  /** Of the run, for people. */
  name: string;
  config: RunConfig;
  /** Paths in the config are relative to the folder of this file. */
  configPath: string;
  fs: FileSystem;
  /** What has been asked of the run since the last call. */
  requests: () => Request[];
  resumeFrom?: Checkpoint;
  /** Aborted when there is no time for an orderly stop, or nothing to save yet. */
  signal: AbortSignal;
}

export type Execute = (input: ExecuteInput) => AsyncGenerator<RunEventBody>;

export interface RunProcess {
  execute: Execute;
  /** Go on from the newest sound checkpoint. */
  resume?: boolean;
  fs?: FileSystem;
}

/** @throws `run.owned` and what opening the log throws; all later failures are in the `end` event */
export async function runProcess(
  runDir: string,
  { execute, resume = false, fs = disk }: RunProcess,
): Promise<EndEvent> {
  const lease = takeLease(runDir, fs);
  const heartbeat = startHeartbeat(lease);
  const inbox = openRequestInbox(runDir, fs);
  try {
    sweepTemporary(runDir, fs);
    const log = openRunLog(fs, runDir);
    try {
      return await work(log, inbox.signal, () => {
        const { input, notices } = prepare(runDir, resume, fs);
        const requests = () => inbox.take();
        const events = execute({ ...input, fs, requests, signal: inbox.signal });
        return supervised(afterStart(events, [...logNotices(log), ...notices]), heartbeat, inbox);
      });
    } finally {
      log.close();
    }
  } finally {
    inbox.close();
    heartbeat.stop();
    lease.release();
  }
}

/** Appends every event; whatever is thrown becomes the `end`. */
async function work(
  log: RunLog,
  signal: AbortSignal,
  begin: () => AsyncIterable<RunEventBody>,
): Promise<EndEvent> {
  const began = Date.now();
  const end = (ending: Pick<EndEvent, 'step' | 'outcome' | 'problem'>) => {
    const seconds = (Date.now() - began) / 1000;
    return log.appendLast({ type: 'end', ...ending, seconds }) as EndEvent & RunEvent;
  };
  let step = 0;
  try {
    for await (const body of begin()) {
      if (body.type === 'end') return log.appendLast(body) as EndEvent & RunEvent;
      log.append(body);
      if (body.type === 'checkpoint') log.sync();
      step = body.type === 'phase' ? step : body.step;
      await letOthersRun(); // the heartbeat and signals, between two steps
    }
    throw new Error('the run ended without saying how');
  } catch (error) {
    if (isLeaseLost(error)) throw error; // the log is another's now
    if (signal.aborted && isCancelled(error)) return end({ step, outcome: 'stopped' });
    return end({ step, outcome: 'failed', problem: describeFailure(error) });
  }
}

const isCancelled = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code.endsWith('.cancelled');

const isLeaseLost = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code === 'run.lease-lost';

/** A problem says enough itself; anything else is a fault of ours, whose stack goes to `run.log`. */
function describeFailure(error: unknown): { code: string; message: string } {
  if (error instanceof ProblemError) {
    const { code, message } = error.problem;
    return { code, message };
  }
  console.error(error);
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'run.internal', message: `Weightroom failed: ${message}. See run.log.` };
}

interface Prepared {
  input: Omit<ExecuteInput, 'fs' | 'requests' | 'signal'>;
  notices: Notice[];
}

function prepare(runDir: string, resume: boolean, fs: FileSystem): Prepared {
  const input = { runDir, ...readRunConfig(runDir, fs) };
  if (!resume) return { input, notices: [] };
  const { checkpoint, skipped } = checkResume(runDir, fs);
  const resumeFrom = loadCheckpoint(checkpoint.dir, fs);
  const notices = skipped.map(({ path, why }) =>
    notice('checkpoint.damaged', `${path} was passed over: ${why}.`),
  );
  return { input: { ...input, resumeFrom }, notices };
}

function logNotices(log: RunLog): Notice[] {
  if (log.cut === 0) return [];
  const message = `The last ${log.cut} bytes of events.jsonl were half a line and were cut off.`;
  return [notice('log.cut', message)];
}

type Notice = Pick<NoticeEvent, 'code' | 'message'>;

const notice = (code: string, message: string): Notice => ({ code, message });

/** Puts the notices behind `start`, as of its step: before, a reader knows of no run. */
async function* afterStart(
  events: AsyncIterable<RunEventBody>,
  notices: readonly Notice[],
): AsyncGenerator<RunEventBody> {
  for await (const event of events) {
    yield event;
    if (event.type !== 'start') continue;
    for (const words of notices) yield { type: 'notice', step: event.step, ...words };
  }
}

interface Heartbeat {
  /** @throws `run.lease-lost` when the lease could not be renewed and still cannot */
  check(): void;
  stop(): void;
}

function startHeartbeat(lease: Lease): Heartbeat {
  let missed = false;
  const beat = () => {
    try {
      lease.renew();
      missed = false;
    } catch {
      missed = true;
    }
  };
  const timer = setInterval(beat, HEARTBEAT_MS);
  return {
    check: () => missed && lease.renew(),
    stop: () => clearInterval(timer),
  };
}

/**
 * Between two events: ends when the lease was lost, for another process may be writing, and hears
 * of a request to stop while the run is still preparing.
 */
async function* supervised(
  events: AsyncGenerator<RunEventBody>,
  heartbeat: Heartbeat,
  inbox: RequestInbox,
): AsyncGenerator<RunEventBody> {
  for await (const event of events) {
    heartbeat.check();
    if (event.type === 'phase') inbox.abortIfStopped();
    yield event;
  }
}
