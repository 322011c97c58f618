import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { takeLease } from '../../../src/engine/run/lease';
import { openRunLog } from '../../../src/engine/run/runLog';
import { RunFollower } from '../../../src/host/runs/followRuns';
import type { RunEventBody } from '../../../src/protocol/runEvent';

let root: string;
let follower: RunFollower | undefined;
let changes: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weightroom-runs-'));
  changes = 0;
});

afterEach(() => {
  follower?.dispose();
  rmSync(root, { recursive: true });
});

const start = (name: string): RunEventBody => ({
  type: 'start',
  run: name,
  name,
  pid: process.pid,
  device: 'cpu',
  step: 0,
  max_steps: 10_000,
  parameters: 100,
  trainable: 100,
  tokens_per_step: 64,
  vocab_size: 50,
});
const step = (at: number): RunEventBody => ({
  type: 'step',
  step: at,
  loss: 5 - at / 10_000,
  lr: 1e-3,
  grad_norm: 1,
  tokens: 64,
  seconds: 0.01,
});
const end: RunEventBody = { type: 'end', step: 1, outcome: 'done', seconds: 1 };

function makeRun(id: string, events: RunEventBody[]): string {
  const dir = join(root, id);
  mkdirSync(dir);
  writeFileSync(join(dir, 'config.yaml'), 'weightroom: 1\n');
  append(dir, events);
  return dir;
}

function append(dir: string, events: RunEventBody[]): void {
  const runLog = openRunLog(disk, dir);
  for (const event of events) runLog.append(event);
  runLog.close();
}

async function follow(): Promise<RunFollower> {
  follower = new RunFollower(
    () => [root],
    () => changes++,
  );
  await follower.refresh();
  return follower;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(10);
}

describe('following runs', () => {
  it('lists them newest first, each with what its log says', async () => {
    makeRun('20260101-000000-old', [start('old'), step(0), end]);
    makeRun('20260102-000000-new', [start('new'), step(0), step(1)]);
    mkdirSync(join(root, 'not-a-run'));
    const { runs } = await follow();
    expect(runs.map(run => [run.id, run.state.step, run.status])).toEqual([
      ['20260102-000000-new', 2, 'interrupted'],
      ['20260101-000000-old', 1, 'done'],
    ]);
  });

  it('reads a log of many portions as if in one go', async () => {
    const steps = Array.from({ length: 5000 }, (_, i) => step(i));
    makeRun('a', [start('a'), ...steps]);
    const { runs } = await follow();
    expect(runs[0]?.state.step).toBe(5000);
    expect(runs[0]?.state.tokens).toBe(5000 * 64);
  });

  it('shows steps of a live run as they come, without being asked', async () => {
    const dir = makeRun('a', [start('a')]);
    const lease = takeLease(dir);
    const { runs } = await follow();
    expect(runs[0]?.live).toBe(true);
    append(dir, [step(0), step(1), step(2)]);
    await until(() => runs[0]?.state.step === 3);
    lease.release();
    await until(() => runs[0]?.status === 'interrupted');
  });

  it('tells of changes at most ten times a second', async () => {
    const dir = makeRun('a', [start('a')]);
    const lease = takeLease(dir);
    const { runs } = await follow();
    changes = 0;
    const began = performance.now();
    for (let i = 0; i < 300; i++) {
      append(dir, [step(i)]);
      await sleep(1);
    }
    await until(() => runs[0]?.state.step === 300);
    expect(changes).toBeGreaterThan(0);
    expect(changes).toBeLessThanOrEqual((performance.now() - began) / 100 + 1);
    lease.release();
  });

  it('waits for the end of a line that is being written', async () => {
    const dir = makeRun('a', [start('a'), step(0)]);
    appendFileSync(join(dir, 'events.jsonl'), '{"type":"step","ste');
    const followed = await follow();
    expect(followed.runs[0]?.state.step).toBe(1);
    expect(followed.runs[0]?.damage).toBeUndefined();
  });

  it('names the place of a damaged line and reads on', async () => {
    const path = join(makeRun('a', [start('a'), step(0), step(1)]), 'events.jsonl');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('"step":0,"loss":5', '"step":0,"loss":4'),
    );
    const { runs } = await follow();
    expect(runs[0]?.damage).toMatch(/damaged at byte \d+/);
    expect(runs[0]?.state.step).toBe(2);
  });

  it('knows a run before its first event by the name in its folder', async () => {
    const id = '20260101-000000-slm-base';
    mkdirSync(join(root, id));
    writeFileSync(join(root, id, 'config.yaml'), 'weightroom: 1\n');
    const { runs } = await follow();
    expect(runs[0]).toMatchObject({ id, name: 'slm-base', status: 'preparing' });
  });

  it('follows the others when a lease cannot be read', async () => {
    mkdirSync(join(makeRun('a', [start('a')]), 'lease.json'));
    const dir = makeRun('b', [start('b')]);
    const lease = takeLease(dir);
    const [b] = (await follow()).runs;
    for (const at of [0, 1]) {
      append(dir, [step(at)]);
      await until(() => b?.state.step === at + 1);
    }
    lease.release();
  });

  it('looks again after a look that failed', async () => {
    makeRun('a', [start('a')]);
    let fails = true;
    follower = new RunFollower(
      () => {
        if (fails) throw new Error('no folders yet');
        return [root];
      },
      () => changes++,
    );
    await expect(follower.refresh()).rejects.toThrow('no folders yet');
    fails = false;
    await follower.refresh();
    expect(follower.runs.map(run => run.id)).toEqual(['a']);
  });

  it('forgets a run whose folder is gone', async () => {
    const dir = makeRun('a', [start('a')]);
    const followed = await follow();
    rmSync(dir, { recursive: true });
    await followed.refresh();
    expect(followed.runs).toEqual([]);
  });

  it('keeps runs of the same name in two folders apart', async () => {
    const [one, two] = ['one', 'two'].map(name => join(root, name));
    for (const folder of ['one', 'two']) {
      mkdirSync(join(root, folder));
      makeRun(join(folder, 'a'), [start('a')]);
    }
    follower = new RunFollower(
      () => [one!, two!],
      () => changes++,
    );
    await follower.refresh();
    expect(follower.runs.map(run => run.id)).toEqual(['a', 'a~2']);
  });
});
