import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackRunWindow } from '../../../src/curves/runWindow';
import { type CurvesPorts, CurvesSession } from '../../../src/host/curves/curvesSession';
import { RunReader } from '../../../src/host/runs/runReader';
import { fail } from '../../../src/engine/problem';
import type {
  Changed,
  HostMessage,
  RangeOfRun,
  RequestName,
  Requests,
  Snapshot,
} from '../../../src/protocol/curves';
import type { ViewReply } from '../../../src/protocol/viewReply';
import { syntheticEvents } from '../../curves/syntheticRun';
import { appendEvents, writeRun, writeRunOf } from '../../webview/runsOnDisk';

let runsDir: string;
let readers: RunReader[];
let posts: HostMessage[];
let calls: unknown[][];
let session: CurvesSession;

beforeEach(async () => {
  runsDir = mkdtempSync(join(tmpdir(), 'weightroom-session-'));
  posts = [];
  calls = [];
  readers = [];
  await addRun('1-first', { name: 'first', steps: 300, outcome: 'done' });
  await addRun('2-second', { name: 'second', steps: 200, maxSteps: 900 });
  session = newSession();
});

afterEach(() => {
  session.dispose();
  rmSync(runsDir, { recursive: true });
});

async function addRun(id: string, run: Parameters<typeof writeRun>[2]): Promise<void> {
  writeRun(runsDir, id, run);
  await follow(id);
}

async function follow(id: string): Promise<void> {
  const reader = new RunReader(id, join(runsDir, id));
  await reader.update();
  readers.unshift(reader);
}

const ports: CurvesPorts = {
  isTrusted: true,
  chooseRuns: () => Promise.resolve(['1-first']),
  act: (action, run) => {
    calls.push(['act', action, run]);
    if (action === 'delete') fail('run.owned', 'It is being worked on.');
    if (action === 'reveal') throw new Error('No file manager.');
    return Promise.resolve();
  },
  start: action => Promise.resolve(void calls.push(['start', action])),
  compareConfigs: runs => Promise.resolve(void calls.push(['compare', ...runs])),
  showEvent: (run, seq) => Promise.resolve(void calls.push(['event', run, seq])),
  save: (kind, content) => {
    calls.push(['save', kind, new TextDecoder().decode(content)]);
    return Promise.resolve(kind === 'csv' ? null : `loss.${kind}`);
  },
  copy: text => Promise.resolve(void calls.push(['copy', text])),
};

function newSession(runs?: readonly string[]): CurvesSession {
  const store = {
    get runs() {
      return readers;
    },
    get: (id: string) => readers.find(run => run.id === id),
  };
  return new CurvesSession({
    source: { store, slotOf: id => Number(id[0]), labelOf: path => path },
    ports,
    post: message => posts.push(message),
    ...(runs ? { runs } : {}),
  });
}

let nextId = 0;
/** Sends a request and returns its one reply. */
async function reply<Name extends RequestName>(
  request: Name,
  params: Requests[Name]['params'],
): Promise<ViewReply> {
  const id = nextId++;
  await session.receive({ id, request, params });
  const replies = posts.filter(post => post.type === 'reply' && post.id === id);
  expect(replies.length).toBe(1);
  return replies[0] as ViewReply;
}

async function ask<Name extends RequestName>(request: Name, params: Requests[Name]['params']) {
  const answer = await reply(request, params);
  if ('error' in answer) throw new Error(answer.error.message);
  return answer.value as Requests[Name]['result'];
}

const ready = (opened: string[] | null = null): Promise<Snapshot> => ask('ready', { opened });
const changes = () => posts.filter((post): post is Changed => post.type === 'changed');

const range = {
  axis: 'step',
  from: 0,
  to: 300,
  log: false,
  columns: 1000,
  smallColumns: 10,
  smoothing: 0,
  lineExtremes: false,
} as const;

/** Waits until the session has read its logs and told of it. */
async function settled(): Promise<void> {
  for (let calm = 0, seen = -1; calm < 4; calm++) {
    await wait(100);
    if (posts.length !== seen) calm = 0;
    seen = posts.length;
  }
}

describe('hydration', () => {
  it('gives the newest runs, in their order, with their slots', async () => {
    const { runs, knownRuns, isTrusted } = await ready();
    expect(runs.map(run => [run.id, run.slot])).toEqual([
      ['2-second', 2],
      ['1-first', 1],
    ]);
    expect([knownRuns, isTrusted]).toEqual([2, true]);
  });

  it('gives what the view showed before, as far as it is there', async () => {
    const { runs } = await ready(['1-first', 'gone']);
    expect(runs.map(run => run.id)).toEqual(['1-first']);
  });

  it('gives what was asked for when the view remembers nothing', async () => {
    session = newSession(['1-first']);
    expect((await ready()).runs.map(run => run.id)).toEqual(['1-first']);
  });

  it('names the run that was asked for, once', async () => {
    session = newSession(['1-first']);
    expect((await ready()).wanted).toBe('1-first');
    session.show(['2-second']);
    await settled();
    expect(changes().map(post => post.wanted)).toContain('2-second');
    expect((await ready()).wanted).toBeNull();
  });

  it('tells nothing before the view is ready', async () => {
    session.show(['1-first']);
    await settled();
    expect(posts).toEqual([]);
  });

  it('reads the config of the run', async () => {
    const [run] = (await ready(['1-first'])).runs;
    expect([run!.config, run!.clipNorm, run!.saveEvery]).toEqual([
      '/lab/configs/first.yaml',
      1,
      250,
    ]);
  });
});

describe('changes', () => {
  it('say only what is different', async () => {
    await ready(['2-second']);
    await settled();
    posts = [];
    const more = [...syntheticEvents({ name: 'second', steps: 210, maxSteps: 900 })].slice(-10);
    appendEvents(runsDir, '2-second', more);
    session.follow();
    await settled();
    const [change] = changes().flatMap(post => post.runs);
    expect(change?.step).toBe(210);
    expect(change).not.toHaveProperty('name');
    expect(change).not.toHaveProperty('phases');
  });

  it('come at most four times a second, however often the logs grow', async () => {
    await ready(['2-second']);
    await settled();
    posts = [];
    const began = Date.now();
    const more = [...syntheticEvents({ name: 'second', steps: 400, maxSteps: 900 })].slice(-200);
    for (const event of more) {
      appendEvents(runsDir, '2-second', [event]);
      session.follow();
      await wait(2);
    }
    await settled();
    const seconds = (Date.now() - began) / 1000;
    expect(changes().length).toBeLessThanOrEqual(Math.ceil(seconds * 4) + 1);
    expect(changes().at(-1)!.runs[0]!.step).toBe(400);
  });

  it('open a run that begins to train while the view is there', async () => {
    await ready();
    writeRunOf(runsDir, '3-new', [...syntheticEvents({ name: 'new', steps: 0 })]);
    await follow('3-new');
    readers[0]!.lease = 'live';
    session.follow();
    await settled();
    expect(changes().flatMap(post => post.runs.map(run => run.id))).toContain('3-new');
  });

  it('close a run that is gone', async () => {
    await ready();
    readers = readers.filter(run => run.id !== '1-first');
    session.follow();
    await settled();
    expect(changes().flatMap(post => post.closed)).toEqual(['1-first']);
  });

  it('stop while the view is hidden', async () => {
    await ready();
    await settled();
    session.pause();
    posts = [];
    session.show(['1-first']);
    session.follow();
    await settled();
    expect(posts).toEqual([]);
  });

  it('go on when a view that was hidden and stayed asks again, as it is told to', async () => {
    await ready(['2-second']);
    await settled();
    session.pause();
    const more = [...syntheticEvents({ name: 'second', steps: 210, maxSteps: 900 })].slice(-10);
    appendEvents(runsDir, '2-second', more);
    session.follow();
    posts = [];
    session.resume();
    expect(posts).toEqual([{ type: 'shown' }]);
    const { runs } = await ready(['2-second']);
    expect(runs[0]?.step).toBe(210);
    session.resume();
    session.show(['1-first']);
    await settled();
    expect(changes().flatMap(post => post.runs.map(run => run.id))).toContain('1-first');
    expect(posts.filter(post => post.type === 'shown').length).toBe(1);
  });

  it('open a run that began to train while the view was hidden', async () => {
    await ready(['1-first']);
    session.pause();
    writeRunOf(runsDir, '3-new', [...syntheticEvents({ name: 'new', steps: 0 })]);
    await follow('3-new');
    readers[0]!.lease = 'live';
    session.follow();
    expect((await ready(['1-first'])).runs.map(run => run.id)).toEqual(['1-first', '3-new']);
  });
});

describe('requests', () => {
  it('for a range get its numbers, packed', async () => {
    await ready();
    await settled();
    const windows: RangeOfRun[] = await ask('range', { ...range, runs: ['1-first', 'gone'] });
    expect(windows.map(window => window.id)).toEqual(['1-first']);
    const { windows: unpacked, readings, points } = unpackRunWindow(windows[0]!);
    expect(unpacked.loss.length).toBe(300);
    expect(unpacked.learningRate.length).toBeLessThanOrEqual(10);
    expect([...readings.step.slice(0, 3)]).toEqual([0, 1, 2]);
    expect(points).toBe(4 * 300 + 1);
  });

  it.each<[RequestName, unknown, unknown[]]>([
    ['act', { action: 'stop', run: '1-first' }, ['act', 'stop', '1-first']],
    ['start', { action: 'demo' }, ['start', 'demo']],
    ['compareConfigs', { runs: ['1-first', '2-second'] }, ['compare', '1-first', '2-second']],
    ['showEvent', { run: '2-second', seq: 7 }, ['event', '2-second', 7]],
    ['copy', { text: 'a\tb' }, ['copy', 'a\tb']],
  ])('%s reaches its port', async (name, params, call) => {
    await ready();
    expect(await ask(name, params as never)).toBeNull();
    expect(calls).toEqual([call]);
  });

  const picture = {
    runs: ['1-first'],
    highlighted: '1-first',
    axis: 'step',
    range: null,
    xLog: false,
    yLog: true,
    smoothing: 0.8,
    raw: true,
    validation: true,
    theme: 'light',
  } as const;

  it('for a picture get SVG', async () => {
    await ready();
    await settled();
    const { svg } = await ask('picture', { ...picture, runs: [...picture.runs], range: null });
    expect(svg).toContain('Loss of first');
  });

  it('to save are written and say where, or that nowhere was chosen', async () => {
    await ready();
    await settled();
    const params = { ...picture, runs: [...picture.runs], range: null };
    expect(await ask('saveSvg', params)).toEqual({ saved: 'loss.svg' });
    expect(await ask('saveCsv', params)).toEqual({ saved: null });
    expect(calls.map(call => call.slice(0, 2))).toEqual([
      ['save', 'svg'],
      ['save', 'csv'],
    ]);
    expect(String(calls[1]![2]).split('\n').length).toBe(302);
  });

  it.each([
    [
      'a problem, with its code',
      'delete',
      { code: 'run.owned', message: 'It is being worked on.' },
    ],
    ['any error, with its words', 'reveal', { code: 'curves.failed', message: 'No file manager.' }],
  ] as const)('that fail get one reply: %s', async (_, action, error) => {
    await ready();
    expect(await reply('act', { action, run: '1-first' })).toMatchObject({ error });
  });

  it.each<[RequestName, unknown]>([
    ['act', { action: 'delete', run: '2-second' }],
    ['showEvent', { run: '2-second', seq: 0 }],
    ['compareConfigs', { runs: ['1-first', '2-second'] }],
  ])('%s for a run that is not open here are refused', async (name, params) => {
    await ready(['1-first']);
    expect(await reply(name, params as never)).toHaveProperty('error');
    expect(calls).toEqual([]);
  });

  it('that are none are dropped without a word', async () => {
    await ready();
    await settled();
    posts = [];
    await session.receive({ id: 99, request: 'executeCommand', params: {} });
    await session.receive('ready');
    expect(posts).toEqual([]);
  });

  it('to close a run are told as a change', async () => {
    await ready();
    await ask('closeRun', { run: '2-second' });
    await settled();
    expect(changes().flatMap(post => post.closed)).toEqual(['2-second']);
    const { runs } = await ready(['1-first']);
    expect(runs.map(run => run.id)).toEqual(['1-first']);
  });

  it('to add runs open what the user chose', async () => {
    await ready(['2-second']);
    await ask('addRuns', null);
    await settled();
    expect(changes().flatMap(post => post.runs.map(run => run.id))).toContain('1-first');
  });
});
