/** Every file call of every durable action fails once, in every way: nothing is lost, nothing is silent. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../src/engine/files/fileSystem';
import { disk } from '../../src/engine/files/fileSystem';
import { readText } from '../../src/engine/files/readFile';
import { writeTextDurably } from '../../src/engine/files/writeDurably';
import { ProblemError } from '../../src/engine/problem';
import { loadCheckpoint, saveCheckpoint } from '../../src/engine/run/checkpoint';
import {
  listCheckpoints,
  newestCheckpoint,
  pruneCheckpoints,
} from '../../src/engine/run/checkpointList';
import { request, takeRequests } from '../../src/engine/run/control';
import { readLease, takeLease } from '../../src/engine/run/lease';
import { createRunFolder, listRuns } from '../../src/engine/run/runFolder';
import { openRunLog, readRunLog } from '../../src/engine/run/runLog';
import type { Fault } from './faultyFileSystem';
import { faultKinds, faultyFileSystem } from './faultyFileSystem';
import { filesUnder, sampleCheckpoint } from './sampleCheckpoint';
import { scratchFolder } from './scratchFolder';

const scratch = scratchFolder();
let folders = 0;
const newFolder = () => {
  const path = join(scratch, String(folders++));
  disk.mkdir(path);
  return path;
};

interface Action<T> {
  /** Builds what is there before, with the real disk, in a fresh folder. */
  before?: (folder: string) => void;
  act: (fs: FileSystem, folder: string) => T;
  /** Holds whenever `act` returned. */
  succeeded: (folder: string, result: T) => void;
  /** Holds whenever `act` threw. */
  failed: (folder: string, before: Map<string, Buffer>) => void;
}

/** A disk that is full or read-only stays so. */
const lastingKinds = new Set(['ENOSPC', 'EROFS', 'short']);

/** Runs the action once per file call, fault and duration. @returns how many cases were run */
function withEveryFault<T>({ before, act, succeeded, failed }: Action<T>): number {
  const template = newFolder();
  before?.(template);
  const counting = faultyFileSystem();
  const trial = newFolder();
  cpSync(template, trial, { recursive: true });
  succeeded(trial, act(counting, trial));

  let cases = 0;
  for (let call = 0; call < counting.calls.length; call++)
    for (const kind of faultKinds)
      for (const lasting of lastingKinds.has(kind) ? [false, true] : [false]) {
        const folder = newFolder();
        cpSync(template, folder, { recursive: true, preserveTimestamps: true });
        judge({ call, kind, lasting }, folder, { act, succeeded, failed });
        rmSync(folder, { recursive: true });
        cases++;
      }
  return cases;
}

function judge<T>(fault: Fault, folder: string, { act, succeeded, failed }: Action<T>): void {
  const before = filesUnder(folder);
  const fs = faultyFileSystem(fault);
  const told = `${fault.kind} at call ${fault.call} (${fault.lasting ? 'lasting' : 'once'})`;
  let result: T;
  try {
    result = act(fs, folder);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw new Error(`${told}: untyped ${String(error)}`);
    expect(error.problem.code, told).toMatch(/^disk\./);
    expect(error.problem.where.file, told).toContain(folder);
    if (fault.kind === 'short') expect(fault.lasting, told).toBe(true);
    failed(folder, before);
    return;
  }
  succeeded(folder, result);
}

const unchanged = (folder: string, before: Map<string, Buffer>) => {
  const now = filesUnder(folder);
  for (const [name, bytes] of before) expect(now.get(name), name).toEqual(bytes);
};

const wholeAndNewestKept = (folder: string) => {
  const left = listCheckpoints(folder, 'bits');
  expect(left.filter(c => c.why !== undefined)).toEqual([]);
  expect(left.map(c => c.step)).toEqual(expect.arrayContaining([3, 4]));
};

describe('with every file call failing in every way', () => {
  it('a checkpoint is saved whole or the earlier ones are untouched', () => {
    const cases = withEveryFault({
      before: folder => [1, 2].forEach(s => saveCheckpoint(disk, folder, sampleCheckpoint(s))),
      act: (fs, folder) => saveCheckpoint(fs, folder, sampleCheckpoint(3)),
      succeeded: (_, entry) => expect(loadCheckpoint(entry.dir)).toEqual(sampleCheckpoint(3)),
      failed: (folder, before) => {
        unchanged(folder, before);
        const { checkpoint, skipped } = newestCheckpoint(folder);
        expect(skipped).toEqual([]);
        expect([2, 3]).toContain(checkpoint?.step); // 3 when only the last sync failed
        saveCheckpoint(disk, folder, sampleCheckpoint(3));
        expect(loadCheckpoint(join(folder, 'checkpoints/step-000003')).step).toBe(3);
      },
    });
    expect(cases).toBeGreaterThan(300);
  });

  it('a checkpoint that is saved again is never lost', () => {
    withEveryFault({
      before: folder => saveCheckpoint(disk, folder, sampleCheckpoint(1)),
      act: (fs, folder) => saveCheckpoint(fs, folder, sampleCheckpoint(1, 32)),
      succeeded: (_, entry) => expect(loadCheckpoint(entry.dir)).toEqual(sampleCheckpoint(1, 32)),
      failed: (folder, before) => {
        const { checkpoint } = newestCheckpoint(folder);
        const isNew =
          checkpoint && loadCheckpoint(checkpoint.dir).weights.get('ln_f.weight')?.shape[0] === 32;
        if (isNew) return; // only the last sync failed
        const kept = [...filesUnder(folder).values()].map(bytes => bytes.toString('latin1'));
        for (const bytes of before.values()) expect(kept).toContain(bytes.toString('latin1'));
      },
    });
  });

  it('deleting surplus checkpoints leaves no half of one under its name', () => {
    withEveryFault({
      before: folder =>
        [1, 2, 3, 4].forEach(s => saveCheckpoint(disk, folder, sampleCheckpoint(s))),
      act: (fs, folder) => pruneCheckpoints(fs, folder, 2),
      // one that cannot be read for a moment is not deleted, which is no failure
      succeeded: wholeAndNewestKept,
      failed: wholeAndNewestKept,
    });
  });

  it('a text file is the new one or the old one', () => {
    withEveryFault({
      before: folder => writeTextDurably(disk, join(folder, 'a.txt'), 'old'),
      act: (fs, folder) => writeTextDurably(fs, join(folder, 'a.txt'), 'new text'),
      succeeded: folder => expect(readText(disk, join(folder, 'a.txt'))).toBe('new text'),
      failed: folder => expect(readText(disk, join(folder, 'a.txt'))).toMatch(/^(old|new text)$/),
    });
  });

  const event = (step: number) =>
    ({ type: 'notice', step, code: 'test', message: 'x'.repeat(40) }) as const;
  it('the log holds whole lines only and goes on after a failure', () => {
    withEveryFault({
      before: folder => {
        const log = openRunLog(disk, folder);
        log.append(event(0));
        log.close();
      },
      act: (fs, folder) => {
        const log = openRunLog(fs, folder);
        try {
          log.append(event(1));
        } finally {
          log.close();
        }
      },
      succeeded: folder => expect(readRunLog(folder).events.map(e => e.seq)).toEqual([0, 1]),
      failed: folder => {
        const log = openRunLog(disk, folder);
        log.append(event(2));
        log.close();
        const { events, damage } = readRunLog(folder);
        expect(damage).toBeUndefined();
        expect(events.map(e => e.seq)).toEqual(events.map((_, i) => i));
        expect(events.at(-1)).toMatchObject({ step: 2 });
      },
    });
  });

  it('a lease is held or it is free', () => {
    withEveryFault({
      act: (fs, folder) => takeLease(folder, fs),
      succeeded: folder => {
        expect(readLease(folder)).toMatchObject({ state: 'live', pid: process.pid });
      },
      failed: folder => expect(['none', 'live']).toContain(readLease(folder).state),
    });
  });

  it('a run folder is whole or not a run', () => {
    const run = { configText: 'weightroom: 1\n', configPath: 'a.yaml', name: 'a', resolved: {} };
    withEveryFault({
      act: (fs, folder) => createRunFolder(join(folder, 'runs'), run, fs),
      succeeded: (folder, dir) => {
        expect(listRuns(join(folder, 'runs')).map(r => r.dir)).toEqual([dir]);
        expect(readText(disk, join(dir, 'config.yaml'))).toBe(run.configText);
      },
      failed: folder => {
        for (const { dir } of listRuns(join(folder, 'runs')))
          expect(readdirSync(dir)).toEqual(
            expect.arrayContaining(['config.yaml', 'resolved.json']),
          );
      },
    });
  });

  it('a request is made or refused', () => {
    withEveryFault({
      act: (fs, folder) => request(folder, 'stop', fs),
      succeeded: folder => expect(takeRequests(folder)).toEqual(['stop']),
      failed: folder => expect(takeRequests(folder).length).toBeLessThanOrEqual(1),
    });
  });
});
