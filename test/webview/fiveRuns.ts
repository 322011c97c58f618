/** Five runs in five states, as somebody has them who tries out learning rates. */
import type { RunView } from '../../src/host/runs/runStore';
import { writeRun } from './runsOnDisk';

export const ids = {
  base: '20261120-090000-slm-base',
  fast: '20261120-080000-slm-lr3e-4',
  decayed: '20261120-070000-slm-wd0.1',
  broken: '20261120-060000-slm-bf16',
  dropped: '20261120-050000-slm-dropout0.2',
};

/** The newest still trains; one had a spike, one was stopped, one failed. */
export function writeFiveRuns(runsDir: string): void {
  writeRun(runsDir, ids.dropped, {
    name: 'slm-dropout0.2',
    steps: 10_000,
    to: 2.45,
    seed: 5,
    outcome: 'done',
  });
  writeRun(runsDir, ids.broken, {
    name: 'slm-bf16',
    steps: 3418,
    maxSteps: 10_000,
    to: 2.95,
    pace: 2600,
    seed: 4,
    outcome: 'failed',
    endsNotFinite: true,
    tokensPerSecond: 14_300,
  });
  writeRun(runsDir, ids.decayed, {
    name: 'slm-wd0.1',
    steps: 4500,
    maxSteps: 10_000,
    to: 2.9,
    pace: 2500,
    seed: 3,
    outcome: 'stopped',
  });
  writeRun(runsDir, ids.fast, {
    name: 'slm-lr3e-4',
    steps: 10_000,
    to: 2.2,
    pace: 1200,
    learningRate: 3e-4,
    spike: { step: 2875, loss: 6 },
    seed: 2,
    outcome: 'done',
  });
  writeRun(runsDir, ids.base, {
    name: 'slm-base',
    steps: 6240,
    maxSteps: 10_000,
    to: 2.5,
    seed: 1,
    startedAt: Date.now() - 83 * 60 * 1000,
  });
}

/** A store that sees the process of a run without an end. */
export function withProcess(run: RunView): Partial<RunView> {
  const { status } = run.state;
  const isOpen = status === 'preparing' || status === 'training';
  return isOpen ? { live: true, lease: 'live', status } : {};
}
