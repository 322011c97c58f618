/** Kills the process of a run at random times: nothing saved is lost, and it goes on to the bit. */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { processStart } from '../../src/engine/files/processIdentity';
import { loadCheckpoint } from '../../src/engine/run/checkpoint';
import { listCheckpoints, newestCheckpoint } from '../../src/engine/run/checkpointList';
import { request } from '../../src/engine/run/control';
import { followRun } from '../../src/engine/run/followRun';
import { readLease } from '../../src/engine/run/lease';
import { createRunFolder, readRun } from '../../src/engine/run/runFolder';
import { readRunLog } from '../../src/engine/run/runLog';
import { startRun } from '../../src/engine/run/startRun';
import { bundle } from './bundle';
import { randomNumbers } from './randomNumbers';
import { scratchFolder } from './scratchFolder';

const scratch = scratchFolder();
const cliPath = bundle('test/durability/processes/countingRun.ts');
const nodePath = process.execPath;

const createRun = (maxSteps: number) =>
  createRunFolder(join(scratch, 'runs'), {
    configText: [
      'weightroom: 1',
      'model: { family: slm, vocab_size: 64, block_size: 8, n_layer: 1, n_head: 1, n_embed: 8 }',
      'data: { train: none.bin, tokenizer: none }',
      `train: { max_steps: ${maxSteps}, save_every: 5, eval_every: 0 }`,
    ].join('\n'),
    configPath: join(scratch, 'counting.yaml'),
    name: 'counting',
    resolved: {},
  });

async function lastEvent(runDir: string, pid: number) {
  let last;
  for await (const event of followRun(runDir, { pid })) last = event;
  return last;
}

const isAlive = (pid: number) => processStart(pid) !== undefined;

async function waitUntil(claim: () => boolean): Promise<void> {
  while (!claim()) await sleep(5);
}

describe('a run whose process is killed at 10 random times', () => {
  it('is always readable, loses no saved step, leaves no process, and ends as one never killed', async () => {
    const maxSteps = 700;
    const straight = createRun(maxSteps);
    const whole = lastEvent(straight, startRun({ nodePath, cliPath, runDir: straight }));
    const runDir = createRun(maxSteps);
    const random = randomNumbers(20);
    let saved = 0;
    for (let kill = 0; kill < 10; kill++) {
      const resume = newestCheckpoint(runDir).checkpoint !== undefined;
      const pid = startRun({ nodePath, cliPath, runDir, resume });
      const events = readRunLog(runDir).events.length + random() * 25;
      await waitUntil(() => readRunLog(runDir).events.length > events || !isAlive(pid));
      await sleep(random() * 5);
      process.kill(pid, 'SIGKILL');
      await waitUntil(() => !isAlive(pid));

      const { state, status, damagedLine } = readRun(runDir);
      expect([status, damagedLine]).toEqual(['interrupted', undefined]);
      const told = state.checkpoints.filter(c => !c.deleted).at(-1)?.step ?? 0;
      const checkpoints = listCheckpoints(runDir, 'bits');
      expect(checkpoints.filter(c => c.why !== undefined)).toEqual([]);
      const newest = checkpoints.at(-1)?.step ?? 0;
      expect(newest).toBeGreaterThanOrEqual(Math.max(told, saved));
      saved = newest;
    }
    expect(saved).toBeGreaterThan(0);
    expect(saved).toBeLessThan(maxSteps);

    expect(
      await lastEvent(runDir, startRun({ nodePath, cliPath, runDir, resume: true })),
    ).toMatchObject({ outcome: 'done', step: maxSteps });
    expect(await whole).toMatchObject({ outcome: 'done', step: maxSteps });
    expect(finalWeights(runDir)).toEqual(finalWeights(straight));
    expect(lossesOf(runDir)).toEqual(lossesOf(straight));
    expect(readLease(runDir).state).toBe('none');
    expect(readdirSync(join(runDir, 'checkpoints')).filter(name => name.includes('.tmp'))).toEqual(
      [],
    );
  });
});

const finalWeights = (runDir: string) =>
  loadCheckpoint(newestCheckpoint(runDir).checkpoint!.dir).weights;

/** What the last process to do a step said of it. */
function lossesOf(runDir: string): number[] {
  const losses: number[] = [];
  for (const event of readRunLog(runDir).events)
    if (event.type === 'step') losses[event.step] = event.loss;
  return losses;
}

describe('a run', () => {
  it('that is asked to stop saves, ends, and goes on to the same bits', async () => {
    const maxSteps = 300;
    const straight = createRun(maxSteps);
    await lastEvent(straight, startRun({ nodePath, cliPath, runDir: straight }));
    const runDir = createRun(maxSteps);
    const pid = startRun({ nodePath, cliPath, runDir });
    await waitUntil(() => readRun(runDir).state.step > 2);
    request(runDir, 'stop');
    const end = await lastEvent(runDir, pid);
    expect(end).toMatchObject({ type: 'end', outcome: 'stopped' });
    expect(newestCheckpoint(runDir).checkpoint?.step).toBe((end as { step: number }).step);
    await lastEvent(runDir, startRun({ nodePath, cliPath, runDir, resume: true }));
    expect(finalWeights(runDir)).toEqual(finalWeights(straight));
    expect(lossesOf(runDir)).toEqual(lossesOf(straight));
  });

  it('stops in order on SIGTERM too', async () => {
    const runDir = createRun(100_000);
    const pid = startRun({ nodePath, cliPath, runDir });
    await waitUntil(() => readRun(runDir).state.step > 2);
    process.kill(pid, 'SIGTERM');
    expect(await lastEvent(runDir, pid)).toMatchObject({ type: 'end', outcome: 'stopped' });
  });

  it('cannot be started twice', async () => {
    const runDir = createRun(100_000);
    const pid = startRun({ nodePath, cliPath, runDir });
    await waitUntil(() => readLease(runDir).state === 'live');
    expect(() => startRun({ nodePath, cliPath, runDir })).toThrow(/being worked on/);
    request(runDir, 'stop');
    await lastEvent(runDir, pid);
  });

  it.runIf(process.platform === 'linux')('is given no token and no way into Node', async () => {
    Object.assign(process.env, { HF_TOKEN: 'hf_canary', NODE_OPTIONS: '--no-warnings', LANG: 'C' });
    const runDir = createRun(100_000);
    const pid = startRun({ nodePath, cliPath, runDir });
    await waitUntil(() => readLease(runDir).state === 'live');
    const given = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    expect(given).toContain('LANG=C');
    expect(given).toContain('ELECTRON_RUN_AS_NODE=1');
    expect(given.filter(entry => /canary|NODE_OPTIONS/.test(entry))).toEqual([]);
    request(runDir, 'stop');
    await lastEvent(runDir, pid);
  });

  it('says in its log why it failed', async () => {
    const runDir = createRun(10);
    copyFileSync(cliPath, join(runDir, 'config.yaml')); // anything but a config
    const end = await lastEvent(runDir, startRun({ nodePath, cliPath, runDir }));
    expect(end).toMatchObject({ type: 'end', outcome: 'failed' });
    expect((end as { problem: { code: string } }).problem.code).toMatch(/^config\./);
  });
});
