/** The supervised engine process, forked for real: its calls, its crashes, its end. */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { processStart } from '../../src/engine/files/processIdentity';
import { ProblemError } from '../../src/engine/problem';
import { type EngineOptions, type EngineState, SupervisedEngine } from '../../src/host/engine';
import { forkEngine } from '../../src/host/forkEngine';
import { RestartPolicy } from '../../src/host/restartPolicy';
import type { GenerationRequest, ModelSpec } from '../../src/protocol/engineProcess';
import { deviceNames } from '../../src/protocol/devices';
import type { GenerationEvent } from '../../src/protocol/sandbox';
import { bundle } from '../durability/bundle';
import { hasTorch, PYTHON } from '../engine/devices/ttmlStandIn';

const enginePath = bundle('src/engineProcess/main.ts');
const model: ModelSpec = {
  dir: join(import.meta.dirname, '../fixtures/hf/llama32-tiny'),
  backend: 'kv',
  device: 'cpu',
};

let engine: SupervisedEngine;
const log: string[] = [];
function start(options: Partial<EngineOptions> = {}): SupervisedEngine {
  engine = new SupervisedEngine({
    fork: () => forkEngine(enginePath, process.execPath),
    log: text => log.push(text),
    ...options,
  });
  return engine;
}
afterEach(async () => {
  const { pid } = engine;
  await engine.rest();
  engine.dispose();
  if (pid !== undefined) expect(processStart(pid)).toBeUndefined();
});

let made = 0;
const requestOf = (maxTokens: number, on = model): GenerationRequest => ({
  id: `g${made++}`,
  model: on,
  ids: [5, 9, 11],
  continued: 0,
  settings: {
    ...{ maxTokens, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
    ...{ seed: 3, stop: [], alternatives: 2 },
  },
});

interface Running {
  request: GenerationRequest;
  events: GenerationEvent[];
  posts: number;
  over: Promise<void>;
}

function generate(maxTokens: number, on = model): Running {
  const request = requestOf(maxTokens, on);
  const running: Running = { request, events: [], posts: 0, over: Promise.resolve() };
  running.over = engine.generate(request, {
    began: () => undefined,
    events: events => {
      running.posts++;
      running.events.push(...events);
    },
  });
  running.over.catch(() => undefined);
  return running;
}

/** A process that has ended meanwhile is nobody's. */
function isChildOf(pid: string, parent: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${parent}\n`);
  } catch {
    return false;
  }
}

async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await sleep(5);
}

/** @returns the process that got it */
function signal(name: NodeJS.Signals): number {
  const { pid } = engine;
  if (pid === undefined) throw new Error('there is no process');
  process.kill(pid, name);
  return pid;
}

const codeOf = (error: unknown) => (error as ProblemError).problem.code;
const tokensIn = (events: readonly GenerationEvent[]) => events.filter(e => e.type === 'token');

describe('the engine process', () => {
  it('starts with the first call, and answers', async () => {
    start();
    expect([engine.state.kind, engine.pid]).toEqual(['off', undefined]);
    const facts = await engine.open(model);
    expect(facts).toMatchObject({ family: 'llama', backend: 'kv', isAdapter: false });
    expect(engine.state.kind).toBe('running');
    const prompt = await engine.prompt(model, { kind: 'ids', ids: [5, 9] });
    expect(prompt.tokens.map(t => t.id)).toEqual([5, 9]);
  });

  it('hands problems over as they are', async () => {
    start();
    const missing = engine.open({ ...model, dir: join(model.dir, 'missing') });
    await expect(missing).rejects.toThrow(ProblemError);
    await expect(missing).rejects.toMatchObject({ problem: { code: 'model.no-config' } });
  });

  it('asks devices beyond the runtime through the interpreter that was chosen', async () => {
    start({ python: () => '/none/python' });
    const there = engine.open({ ...model, backend: 'nocache', device: 'torch' });
    await expect(there).rejects.toMatchObject({ problem: { code: 'python.failed' } });
    const devices = await engine.devices();
    for (const { name, reason } of devices)
      if (name.startsWith('torch') || name === 'ttml') expect(reason).toContain('/none/python');
    expect(devices.map(({ name }) => name)).toEqual([...deviceNames]);
    expect(await engine.open(model)).toMatchObject({ backend: 'kv' });
  });

  it.skipIf(!hasTorch)('writes on PyTorch, with a process that ends with it', async () => {
    start({ python: () => PYTHON });
    const there: ModelSpec = { ...model, backend: 'nocache', device: 'torch' };
    const [here, found] = [generate(20), generate(20, there)];
    await Promise.all([here.over, found.over]);
    const ids = ({ events }: Running) => events.flatMap(e => (e.type === 'end' ? [e.ids] : []));
    expect(ids(found)).toEqual(ids(here));
    const children = () =>
      readdirSync('/proc')
        .filter(name => /^\d+$/.test(name))
        .filter(pid => isChildOf(pid, engine.pid!));
    expect(children()).toHaveLength(1);
    await engine.keep([]);
    await until(() => children().length === 0);
  });

  it('tells a continuation in few posts, in order, and its end', async () => {
    start();
    const { events, over, posts } = await new Promise<Running>(resolve => {
      const running = generate(60);
      void running.over.finally(() => resolve(running));
    });
    await over;
    expect(tokensIn(events)).toHaveLength(60);
    expect(events.slice(-2).map(e => e.type)).toEqual(['end', 'done']);
    expect(posts).toBeLessThan(60);
    expect(tokensIn(events)[0]).toMatchObject({ alternatives: [{}, {}], survivors: 97 });
  });

  it('does one generation after another, and the same again from the same seed', async () => {
    start();
    const [one, two] = [generate(20), generate(20)];
    await one.over;
    const doneBefore = tokensIn(two.events).length;
    await two.over;
    expect(doneBefore).toBeLessThan(20);
    const ids = (running: Running) =>
      running.events.flatMap(e => (e.type === 'token' ? [e.id] : []));
    expect(ids(two)).toEqual(ids(one));
  });

  it('ends a generation within a token of being asked to, also one that waits', async () => {
    start();
    const [one, two] = [generate(100_000), generate(100_000)];
    await until(() => tokensIn(one.events).length > 0);
    await engine.cancel(two.request.id);
    await engine.cancel(one.request.id);
    const told = tokensIn(one.events).length;
    await Promise.all([one.over, two.over]);
    expect(two.events).toEqual([]);
    expect(one.events.slice(-2).map(e => e.type === 'end' && e.reason)).toEqual([
      'cancelled',
      false,
    ]);
    // What was made before the cancel arrived is still told: not more than a post holds.
    expect(tokensIn(one.events).length - told).toBeLessThan(1000);
  });

  it('gets nothing of the environment but what it needs', async () => {
    const secrets = { HF_TOKEN: 'hf_canary', NODE_OPTIONS: '--no-warnings', LD_PRELOAD: '' };
    const places = {
      TT_METAL_HOME: '/opt/metal',
      VIRTUAL_ENV: '/opt/python',
      HIP_VISIBLE_DEVICES: '0',
    };
    Object.assign(process.env, secrets, places);
    try {
      const child = await new Promise<string>(resolve => {
        const forked: ChildProcess = forkEngine(
          bundle('test/engineProcess/processes/tellEnvironment.ts'),
          process.execPath,
        );
        forked.once('message', message => resolve(message as string));
      });
      const names = Object.keys(JSON.parse(child) as object);
      expect(names).toEqual(expect.arrayContaining(['PATH', ...Object.keys(places)]));
      expect(names).toContain('ELECTRON_RUN_AS_NODE');
      expect(names.filter(name => name in secrets)).toEqual([]);
      expect(child).not.toContain('hf_canary');
    } finally {
      for (const name of Object.keys({ ...secrets, ...places }))
        Reflect.deleteProperty(process.env, name);
    }
    start();
  });
});

describe('a crash of the engine process', () => {
  it.each(Array.from({ length: 20 }, (_, i) => i))(
    'costs one click and nothing else, time %d',
    async n => {
      start();
      const running = generate(100_000);
      const asked = engine.open(model);
      await until(() => tokensIn(running.events).length > n);
      await asked;
      const pid = signal(n % 2 === 0 ? 'SIGKILL' : 'SIGSEGV');
      const error = await running.over.catch((e: unknown) => e);
      expect(codeOf(error)).toBe('engine.crashed');
      expect((error as Error).message).toMatch(n % 2 === 0 ? /was killed/ : /crashed \(SIGSEGV\)/);
      await engine.restart();
      expect(engine.state.kind).toBe('running');
      expect(engine.pid).not.toBe(pid);
      const again = generate(3);
      await again.over;
      expect(tokensIn(again.events)).toHaveLength(3);
    },
  );

  it('answers every question that was open', async () => {
    start();
    await engine.open(model);
    const running = generate(100_000);
    const questions = Array.from({ length: 100 }, () =>
      engine.prompt(model, { kind: 'ids', ids: [5] }),
    );
    signal('SIGKILL');
    const ends = await Promise.allSettled([running.over, ...questions]);
    const failed = ends.flatMap(e => (e.status === 'rejected' ? [codeOf(e.reason)] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed)).toEqual(new Set(['engine.crashed']));
  });

  it('is followed by a new process, until there were too many', async () => {
    class Impatient extends RestartPolicy {
      override crashed(now: number) {
        return super.crashed(now) === undefined ? undefined : 0;
      }
    }
    const states: EngineState['kind'][] = [];
    start({ policy: new Impatient() });
    engine.onDidChange(() => states.push(engine.state.kind));
    await engine.open(model);
    for (let crash = 0; crash < 5; crash++) {
      await until(() => engine.state.kind === 'running');
      const pid = signal('SIGKILL');
      await until(() => engine.pid !== pid);
    }
    expect(engine.state).toMatchObject({ kind: 'down', cause: expect.stringContaining('killed') });
    expect(states.filter(kind => kind === 'restarting')).toHaveLength(4);
    await expect(engine.open(model)).rejects.toMatchObject({ problem: { code: 'engine.down' } });
    await engine.restart();
    expect(await engine.open(model)).toMatchObject({ family: 'llama' });
  });

  it('of a file that is no engine is told, too', async () => {
    start({ fork: () => fork(join(import.meta.dirname, 'missing.cjs'), { silent: true }) });
    const error = await engine.open(model).catch((e: unknown) => e);
    expect(codeOf(error)).toBe('engine.crashed');
    await until(() => log.some(text => text.includes('missing.cjs')));
  });
});

describe('an engine process that hangs', () => {
  it('is called silent, and ended when not even a cancel is answered', async () => {
    start({ pulseMs: 50, patienceMs: 600 });
    const running = generate(100_000);
    await until(() => tokensIn(running.events).length > 0);
    const pid = signal('SIGSTOP');
    await until(() => engine.state.kind === 'silent');
    await engine.cancel(running.request.id);
    await expect(running.over).rejects.toMatchObject({ problem: { code: 'engine.crashed' } });
    expect(processStart(pid)).toBeUndefined();
  });

  it('is called running again when it answers', async () => {
    start({ pulseMs: 50, patienceMs: 600 });
    const running = generate(100_000);
    await until(() => tokensIn(running.events).length > 0);
    signal('SIGSTOP');
    await until(() => engine.state.kind === 'silent');
    signal('SIGCONT');
    await until(() => engine.state.kind === 'running');
    await engine.cancel(running.request.id);
    await running.over;
  });
});

describe('what starts no process', () => {
  it('is told when nothing may be started, each time', async () => {
    const refuse = () => {
      throw new ProblemError({
        code: 'host.untrusted',
        severity: 'error',
        message: 'not trusted',
        where: {},
      });
    };
    start({ fork: refuse });
    for (const _ of [1, 2])
      await expect(engine.open(model)).rejects.toMatchObject({
        problem: { code: 'host.untrusted' },
      });
    expect(engine.state.kind).toBe('off');
    await engine.cancel('nothing');
    await engine.keep([]);
  });
});
