import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { takeLease } from '../../../src/engine/run/lease';
import {
  createRunFolder,
  deleteRun,
  findRun,
  listRuns,
  readResolved,
  readRun,
} from '../../../src/engine/run/runFolder';
import { openRunLog } from '../../../src/engine/run/runLog';
import type { EndEvent, RunEventBody, StartEvent } from '../../../src/protocol/runEvent';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
let count = 0;
const newRuns = () => join(scratch, String(count++), 'deep', 'runs');
const create = (runsDir: string, name = 'demo') =>
  createRunFolder(runsDir, {
    configText: '# mine\nweightroom: 1\n',
    configPath: join(scratch, 'demo.yaml'),
    name,
    resolved: { config: { weightroom: 1 } },
  });

const start: StartEvent = {
  type: 'start',
  run: 'r',
  name: 'demo',
  pid: 1,
  device: 'cpu',
  step: 0,
  max_steps: 9,
  parameters: 1,
  trainable: 1,
  tokens_per_step: 1,
  vocab_size: 1,
};
const end = (outcome: EndEvent['outcome']): EndEvent => ({
  type: 'end',
  step: 1,
  outcome,
  seconds: 1,
});

function write(dir: string, ...events: RunEventBody[]): void {
  const log = openRunLog(disk, dir);
  for (const event of events) log.append(event);
  log.close();
}

describe('a new run', () => {
  it('is named by time and config, also when the name is taken', () => {
    const runs = newRuns();
    const ids = [create(runs), create(runs), create(runs)].map(dir => basename(dir));
    expect(ids[0]).toMatch(/^\d{8}-\d{6}-demo$/);
    expect(new Set(ids).size).toBe(3);
  });

  it('keeps the config as it was written, and where it is from', () => {
    const dir = create(newRuns());
    expect(readFileSync(join(dir, 'config.yaml'), 'utf8')).toBe('# mine\nweightroom: 1\n');
    expect(readResolved(dir)).toMatchObject({
      name: 'demo',
      configPath: join(scratch, 'demo.yaml'),
      config: { weightroom: 1 },
      versions: { node: process.versions.node },
    });
  });
});

describe('the list of runs', () => {
  it('is empty where there is no folder', () =>
    expect(listRuns(join(scratch, 'none'))).toEqual([]));

  it('leaves out what is not a whole run', () => {
    const runs = newRuns();
    const dir = create(runs);
    mkdirSync(join(runs, '20260101-000000-half'));
    writeFileSync(join(runs, 'notes.txt'), '');
    expect(listRuns(runs).map(r => r.dir)).toEqual([dir]);
  });

  const statuses: [string, RunEventBody[], boolean, string][] = [
    ['was just made', [], false, 'preparing'],
    ['has started', [start], true, 'preparing'],
    [
      'has done a step',
      [start, { type: 'step', step: 0, loss: 2, lr: 0, grad_norm: 1, tokens: 1, seconds: 1 }],
      true,
      'training',
    ],
    ['lost its process', [start], false, 'interrupted'],
    ['is done', [start, end('done')], false, 'done'],
    ['was stopped', [start, end('stopped')], false, 'stopped'],
    ['failed', [start, end('failed')], false, 'failed'],
    ['was resumed', [start, end('stopped'), { ...start, step: 1 }], true, 'preparing'],
  ];
  it.each(statuses)('tells of a run that %s', (_, events, isLive, status) => {
    const dir = create(newRuns());
    if (events.length > 0) write(dir, ...events);
    if (isLive) takeLease(dir);
    expect(readRun(dir)).toMatchObject({ name: 'demo', status });
  });

  it('takes a run for interrupted whose process never came', () => {
    const dir = create(newRuns());
    utimesSync(join(dir, 'config.yaml'), new Date(0), new Date(0));
    expect(readRun(dir).status).toBe('interrupted');
  });

  it('names the damaged line of a log', () => {
    const dir = create(newRuns());
    write(dir, start, end('done'));
    const path = join(dir, 'events.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('demo', 'dome'));
    expect(readRun(dir)).toMatchObject({ damagedLine: 1, status: 'done' });
  });
});

describe('a run is found', () => {
  const runs = newRuns();
  const [a, b] = [create(runs, 'alpha'), create(runs, 'beta')];
  it.each([
    ['its id', basename(a), a],
    ['its name', 'beta', b],
    ['its folder', a, a],
    ['being the latest', 'latest', b],
  ])('by %s', (_, wanted, dir) => expect(findRun(runs, wanted)).toBe(dir));

  it.each([
    ['nothing like it', 'gamma', /no run "gamma"/],
    ['several like it', basename(a).slice(0, 8), /alpha or .*beta/],
    ['another folder', './src', /not a run folder/],
  ])('or not: %s', (_, wanted, why) => expect(() => findRun(runs, wanted)).toThrow(why));
});

describe('deleting', () => {
  it('leaves nothing', () => {
    const runs = newRuns();
    deleteRun(create(runs));
    expect(readdirSync(runs)).toEqual([]);
  });

  it('is refused while a process works on the run', () => {
    const dir = create(newRuns());
    takeLease(dir);
    expect(() => deleteRun(dir)).toThrow(new RegExp(`by process ${process.pid}`));
    expect(readRun(dir).id).toBe(basename(dir));
  });
});
