/** The real thing, killed: a small model in training loses nothing and ends with the same bits. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/engine/config/readConfig';
import { processStart } from '../../src/engine/files/processIdentity';
import { loadCheckpoint } from '../../src/engine/run/checkpoint';
import { listCheckpoints, newestCheckpoint } from '../../src/engine/run/checkpointList';
import { request } from '../../src/engine/run/control';
import { followRun } from '../../src/engine/run/followRun';
import { readLease } from '../../src/engine/run/lease';
import { createRunFolder, readRun } from '../../src/engine/run/runFolder';
import { readRunLog } from '../../src/engine/run/runLog';
import { startRun } from '../../src/engine/run/startRun';
import type { RunEvent } from '../../src/protocol/runEvent';
import { openCommandLine, writeTinyConfig } from '../cli/commandLine';
import { randomNumbers } from './randomNumbers';
import { filesUnder } from './sampleCheckpoint';

const cli = openCommandLine();
/** `WEIGHTROOM_KILLS=50` makes fifty. */
const KILLS = Number(process.env['WEIGHTROOM_KILLS'] ?? 20);
const MAX_STEPS = 12 * KILLS;

function createRun(runsDir = join(cli.folder, 'runs')): string {
  const configPath = writeTinyConfig(cli.folder, { name: 'tiny', maxSteps: MAX_STEPS });
  const configText = readFileSync(configPath, 'utf8');
  const { config } = readConfig(configText, configPath);
  return createRunFolder(runsDir, { configText, configPath, name: 'tiny', resolved: { config } });
}

const start = (runDir: string, resume = false) =>
  startRun({ nodePath: process.execPath, cliPath: cli.path, runDir, resume });

async function lastEvent(runDir: string, pid: number): Promise<RunEvent | undefined> {
  let last;
  for await (const event of followRun(runDir, { pid })) last = event;
  return last;
}

const hasCheckpoint = (runDir: string) => newestCheckpoint(runDir).checkpoint !== undefined;
const isAlive = (pid: number) => processStart(pid) !== undefined;

async function waitUntil(claim: () => boolean): Promise<void> {
  while (!claim()) await sleep(5);
}

/** Everything that training produced, but for times. */
function outcomeOf(runDir: string) {
  const losses: number[] = [];
  const evaluations = new Map<number, number>();
  for (const event of readRunLog(runDir).events) {
    if (event.type === 'step') losses[event.step] = event.loss;
    if (event.type === 'eval') evaluations.set(event.step, event.loss);
  }
  const { weights, optimizer, state } = loadCheckpoint(newestCheckpoint(runDir).checkpoint!.dir);
  return { losses, evaluations, weights, optimizer, state };
}

let straight: ReturnType<typeof outcomeOf>;
beforeAll(async () => {
  const runDir = createRun();
  expect(await lastEvent(runDir, start(runDir))).toMatchObject({
    outcome: 'done',
    step: MAX_STEPS,
  });
  straight = outcomeOf(runDir);
  expect(straight.losses).toHaveLength(MAX_STEPS);
});

describe(`a training killed at ${KILLS} random times`, () => {
  it('is always readable, loses no checkpoint, leaves no process, and ends with the same bits', async () => {
    const runDir = createRun();
    const random = randomNumbers(8);
    const pids: number[] = [];
    let newest = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const pid = start(runDir, hasCheckpoint(runDir));
      pids.push(pid);
      // some die while they prepare, most in their first steps, evaluations and checkpoints
      const events = readRunLog(runDir).events.length + Math.floor(random() * 28);
      await waitUntil(() => readRunLog(runDir).events.length >= events || !isAlive(pid));
      await sleep(random() * 10);
      process.kill(pid, 'SIGKILL');
      await waitUntil(() => !isAlive(pid));

      expect(readRun(runDir)).toMatchObject({
        status: expect.stringMatching(/interrupted|preparing/),
      });
      expect(readRunLog(runDir).damage).toBeUndefined();
      const checkpoints = listCheckpoints(runDir, 'bits');
      expect(checkpoints.filter(c => c.why !== undefined)).toEqual([]);
      const told = readRun(runDir).state.checkpoints.findLast(c => !c.deleted)?.step ?? 0;
      expect(checkpoints.at(-1)?.step ?? 0).toBeGreaterThanOrEqual(Math.max(told, newest));
      newest = checkpoints.at(-1)?.step ?? 0;
    }
    expect(newest).toBeGreaterThan(0);
    expect(newest).toBeLessThan(MAX_STEPS);

    const pid = start(runDir, true);
    expect(await lastEvent(runDir, pid)).toMatchObject({ outcome: 'done', step: MAX_STEPS });
    expect(outcomeOf(runDir)).toEqual(straight);
    await waitUntil(() => !isAlive(pid));
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readLease(runDir).state).toBe('none');
    const left = [...readdirSync(runDir), ...readdirSync(join(runDir, 'checkpoints'))];
    expect(left.filter(name => /\.(tmp|old|dead)-|reserve/.test(name))).toEqual([]);
  });
});

describe('a training that is asked to stop', () => {
  it('saves where it is and goes on to the same bits', async () => {
    const runDir = createRun();
    const pid = start(runDir);
    await waitUntil(() => readRun(runDir).state.step > 13);
    request(runDir, 'stop');
    const stopped = await lastEvent(runDir, pid);
    expect(stopped).toMatchObject({ type: 'end', outcome: 'stopped' });
    expect(newestCheckpoint(runDir).checkpoint?.step).toBe(readRun(runDir).state.step);
    expect(await lastEvent(runDir, start(runDir, true))).toMatchObject({ outcome: 'done' });
    expect(outcomeOf(runDir)).toEqual(straight);
  });
});

describe('a training whose newest checkpoint has a flipped bit', () => {
  it('says so, goes on from the one before, and ends with the same bits', async () => {
    const runDir = createRun();
    const pid = start(runDir);
    await waitUntil(() => readRun(runDir).state.step > 35);
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => !isAlive(pid));
    const { dir, step } = newestCheckpoint(runDir).checkpoint!;
    const path = join(dir, 'model.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 9]! ^= 4;
    writeFileSync(path, bytes);

    expect(await lastEvent(runDir, start(runDir, true))).toMatchObject({ outcome: 'done' });
    const { events } = readRunLog(runDir);
    const resumed = events.findLast(e => e.type === 'start');
    expect(resumed?.step).toBe(step - 10);
    const notices = events.flatMap(e => (e.type === 'notice' ? [e.code] : []));
    // a long series also comes to a plateau
    expect(notices.filter(code => code.startsWith('checkpoint.'))).toEqual(['checkpoint.damaged']);
    expect(outcomeOf(runDir)).toEqual(straight);
  });
});

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' });

/** A small disk of its own, and the same one where it cannot be written. */
function mountSmallDisk(): { disk: string; sealed: string } | undefined {
  const [disk, sealed] = [join(cli.folder, 'disk'), join(cli.folder, 'sealed')];
  mkdirSync(disk);
  mkdirSync(sealed);
  try {
    mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk);
  } catch {
    return undefined;
  }
  mount('--bind', disk, sealed);
  mount('-o', 'remount,bind,ro', sealed);
  afterAll(() => [sealed, disk].forEach(path => execFileSync('umount', ['-l', path])));
  return { disk, sealed };
}

const small = mountSmallDisk();
if (!small) console.warn('Full and read-only disks are not tested: mounting needs root.');
const { disk, sealed } = small ?? { disk: '', sealed: '' };

describe.runIf(small)('on a real disk of 4 MB', () => {
  it('that fills up, a training ends with its reason in the log and goes on to the same bits', async () => {
    const runDir = createRun(join(disk, 'full'));
    const pid = start(runDir);
    await waitUntil(() => hasCheckpoint(runDir));
    const filler = join(disk, 'filler');
    fill(filler);
    const end = await lastEvent(runDir, pid);
    expect(end).toMatchObject({ type: 'end', outcome: 'failed', problem: { code: 'disk.full' } });
    expect(statfsSync(disk).bavail * 4096).toBeLessThan(100_000);
    expect(readRunLog(runDir).damage).toBeUndefined();
    expect(newestCheckpoint(runDir).skipped).toEqual([]);

    const stillFull = await lastEvent(runDir, start(runDir, true));
    expect(stillFull).toMatchObject({ type: 'end', outcome: 'failed' });
    rmSync(filler);
    expect(await lastEvent(runDir, start(runDir, true))).toMatchObject({ outcome: 'done' });
    expect(outcomeOf(runDir)).toEqual(straight);
  });

  it('that cannot be written, train and resume say so and end with 1', async () => {
    const runDir = createRun(join(disk, 'runs'));
    const pid = start(runDir);
    await waitUntil(() => hasCheckpoint(runDir));
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => !isAlive(pid));
    const before = filesUnder(runDir);
    for (const args of [
      ['train', join(cli.folder, 'tiny.yaml')],
      ['resume', 'latest'],
    ]) {
      const { code, stdout, stderr } = await cli.run(...args, '--runs', join(sealed, 'runs'));
      expect(stderr).toMatch(
        /^error disk\.read-only: Cannot .* read-only; choose another folder\.\n {2}at /,
      );
      expect([code, stdout]).toEqual([1, '']);
    }
    expect(filesUnder(runDir)).toEqual(before);
  });
});

/** Takes all the space there is. */
function fill(path: string): void {
  for (let size = 1 << 20; size >= 1; size >>= 1)
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size, 1), { flag: 'a' });
      } catch {
        break;
      }
    }
  expect(existsSync(path)).toBe(true);
}
