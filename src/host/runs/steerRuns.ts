/** Stop, resume and save: what can be asked of a run's process. The run folder carries the requests. */
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { request } from '../../engine/run/control';
import { readLease } from '../../engine/run/lease';
import { type RunTarget, register } from '../commands';
import type { Launcher } from '../launcher';
import { requireTrust } from '../trust';
import { chooseRun } from './chooseRun';
import type { RunStore, RunView } from './runStore';

/** After a request to stop, a run finishes its step and saves; then it is worth asking. */
const PATIENCE_MS = 30_000;
/** Between asking a process to end and ending it. */
const GRACE_MS = 10_000;

export function registerSteering(runs: RunStore, launcher: Launcher): vscode.Disposable {
  return vscode.Disposable.from(
    register('weightroom.run.stop', target => stop(runs, target)),
    register('weightroom.run.stopKeepBest', target => stop(runs, target, 'stop-best')),
    register('weightroom.run.resume', target => resume(runs, launcher, target)),
    register('weightroom.run.checkpoint', target => save(runs, target)),
  );
}

async function stop(
  runs: RunStore,
  target?: RunTarget,
  how: 'stop' | 'stop-best' = 'stop',
): Promise<void> {
  const run = await chooseLive(runs, target, l10n.t('Stop which run?'));
  if (!run) return;
  requireTrust();
  request(run.dir, how);
  await showProgress(async () => {
    const deadline = Date.now() + PATIENCE_MS;
    while (run.live && Date.now() < deadline) await nextChange(runs);
  });
  if (run.live) void offerToEnd(runs, run);
}

async function resume(runs: RunStore, launcher: Launcher, target?: RunTarget): Promise<void> {
  requireTrust();
  const run = await chooseRun(runs, target, {
    title: l10n.t('Resume which run?'),
    accepts: run => run.canResume,
    none: l10n.t('There is no run to resume.'),
  });
  if (!run) return;
  if (run.live) throw new Error(l10n.t('{0} is running already.', run.name));
  if (!run.canResume)
    throw new Error(
      l10n.t('{0} has no checkpoint to go on from. Train its config again.', run.name),
    );
  if (!(await mayResume(run.dir))) return;
  launcher.startRun(run.dir, { resume: true });
  await showProgress(async () => {
    const deadline = Date.now() + GRACE_MS;
    while (!run.live && Date.now() < deadline) await nextChange(runs);
  });
}

/** Asks where a run needs more memory than there is, as before its start. */
async function mayResume(runDir: string): Promise<boolean> {
  const { readRunConfig } = await import('../../engine/run/checkResume');
  const { refusalToResume } = await import('../../engine/plan/refusals');
  const { config, configPath } = readRunConfig(runDir);
  const baseDir = dirname(configPath);
  const refusal = refusalToResume({ config, baseDir, runsDir: runDir });
  if (!refusal) return true;
  const anyway = l10n.t('Resume Anyway');
  return (await vscode.window.showErrorMessage(refusal.message, anyway)) === anyway;
}

async function save(runs: RunStore, target?: RunTarget): Promise<void> {
  const run = await chooseLive(runs, target, l10n.t('Save a checkpoint of which run?'));
  if (!run) return;
  requireTrust();
  request(run.dir, 'checkpoint');
}

async function chooseLive(runs: RunStore, target: RunTarget | undefined, title: string) {
  const live = runs.runs.filter(run => run.live);
  const [only] = live;
  const obvious = live.length === 1 && only ? only.id : undefined;
  const run = await chooseRun(runs, target ?? obvious, {
    title,
    accepts: one => one.live,
    none: l10n.t('Nothing is training.'),
  });
  if (run && !run.live) throw new Error(l10n.t('{0} is not running.', run.name));
  return run;
}

const showProgress = (task: () => Promise<void>): Thenable<void> =>
  vscode.window.withProgress({ location: { viewId: 'weightroom.runs' } }, task);

/** The next change of any run, or a second. */
function nextChange(runs: RunStore): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      subscription.dispose();
      resolve();
    };
    const timer = setTimeout(done, 1000);
    const subscription = runs.onDidChange(done);
  });
}

async function offerToEnd(runs: RunStore, run: RunView): Promise<void> {
  const end = l10n.t('End Process');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t(
      '{0} has not stopped yet: it finishes its step and saves a checkpoint first. Ending its process loses what came after its last checkpoint.',
      run.name,
    ),
    end,
  );
  if (chosen !== end) return;
  endProcess(run.dir, 'SIGTERM');
  await wait(GRACE_MS);
  endProcess(run.dir, 'SIGKILL');
  await runs.refresh();
}

/** Only the process that holds the lease now: a pid alone may have passed to another program. */
function endProcess(runDir: string, signal: NodeJS.Signals): void {
  requireTrust();
  const { state, pid } = readLease(runDir);
  if (state === 'live' && pid > 0) process.kill(pid, signal);
}
