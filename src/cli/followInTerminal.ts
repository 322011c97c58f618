/**
 * Follows a run until it ends, in words or as the very lines of its log, and turns Ctrl+C into a
 * request to stop. Knows nothing of how the run was started.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunEvent } from '../protocol/runEvent';
import { request } from '../engine/run/control';
import { followRun } from '../engine/run/followRun';
import { encodeRunEvent } from '../engine/run/runLog';
import { runPaths } from '../engine/run/runPaths';
import { describeProblem, exitCode, exitCodeOf } from './failure';
import { createRunReport } from './runReport';
import type { Terminal } from './terminal';

export interface FollowInTerminal {
  out: Terminal;
  err: Terminal;
  /** Process that was just started for the run. */
  pid?: number;
  /** Number of the first event to tell of; earlier ones are known. */
  since?: number;
  json?: boolean;
  /** What Ctrl+C does: stop the run, or only the following. */
  onInterrupt: 'stop' | 'leave';
}

/** @returns the exit code */
export async function followInTerminal(runDir: string, follow: FollowInTerminal): Promise<number> {
  const { out, err, pid, since = 0, json = false } = follow;
  const report = createRunReport(out, since);
  const tell = json
    ? (event: RunEvent) => event.seq >= since && out.print(encodeRunEvent(event))
    : report.tell;
  const interrupt = listenToInterrupt(runDir, follow);
  let last: RunEvent | undefined;
  try {
    const onDamage = (line: number) =>
      err.print(
        `warning run.damaged-line: line ${line} of ${runPaths(runDir).events} is damaged and left out.`,
      );
    const options = { signal: interrupt.signal, onDamage, ...(pid === undefined ? {} : { pid }) };
    for await (const event of followRun(runDir, options)) {
      if (event.seq >= since) last = event;
      tell(event);
    }
  } finally {
    interrupt.close();
    out.status('');
  }
  if (interrupt.signal.aborted) return exitCode.stopped;
  return tellOutcome(runDir, last, err);
}

function tellOutcome(runDir: string, last: RunEvent | undefined, err: Terminal): number {
  const run = basename(runDir);
  if (last?.type !== 'end') {
    err.print(
      `error run.interrupted: The process of ${run} is gone without a word. Go on from its last checkpoint: weightroom resume ${run}`,
    );
    const words = lastWords(runDir);
    if (words !== '') err.print(words);
    return exitCode.failed;
  }
  const { outcome, problem } = last;
  if (problem === undefined) return exitCode[outcome];
  err.print(describeProblem({ ...problem, severity: 'error', where: { file: runDir } }));
  return exitCodeOf(problem.code);
}

/** The end of what the run process printed. */
function lastWords(runDir: string): string {
  try {
    return readFileSync(runPaths(runDir).log, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  } catch {
    return '';
  }
}

/** The first Ctrl+C asks the run to stop in order, the second leaves it to itself. */
function listenToInterrupt(runDir: string, { err, onInterrupt }: FollowInTerminal) {
  const leaving = new AbortController();
  let asked = onInterrupt === 'leave';
  const onSignal = () => {
    if (asked) {
      err.print(
        `${basename(runDir)} goes on by itself; see it with: weightroom follow ${basename(runDir)}`,
      );
      leaving.abort();
      return;
    }
    asked = true;
    request(runDir, 'stop');
    err.print('Stopping after this step, with a checkpoint. Ctrl+C again leaves at once.');
  };
  process.on('SIGINT', onSignal);
  return { signal: leaving.signal, close: () => process.off('SIGINT', onSignal) };
}
