import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunSeries,
  emptyRunSeries,
  foldIntoSeries,
  stepFields,
} from '../../../src/curves/runSeries';
import { disk } from '../../../src/engine/files/fileSystem';
import { sealJson } from '../../../src/engine/files/sealedJson';
import { SeriesReader, readSeries } from '../../../src/engine/run/seriesCache';
import type { RunEvent } from '../../../src/protocol/runEvent';
import { syntheticEvents } from '../../curves/syntheticRun';

/** Enough for a log of more than 8 MiB, from where on a cache is worth it. */
const events = [
  ...syntheticEvents({ name: 'long', steps: 50_000, evalEvery: 1000, outcome: 'done' }),
];
const linesOf = (some: readonly RunEvent[]) => some.map(event => `${sealJson(event)}\n`).join('');
const expected = folded(events);

let dir: string;
let log: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weightroom-series-'));
  log = join(dir, 'events.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true }));

function folded(some: readonly RunEvent[]): RunSeries {
  const series = emptyRunSeries();
  for (const event of some) foldIntoSeries(series, event);
  return series;
}

function expectSame(actual: RunSeries, wanted: RunSeries): void {
  for (const field of stepFields)
    expect(bytesOf(actual.steps.get(field)).equals(bytesOf(wanted.steps.get(field)))).toBe(true);
  expect(actual.evaluations.get('loss')).toEqual(wanted.evaluations.get('loss'));
  expect(actual.state).toEqual(wanted.state);
}

const bytesOf = (column: Float64Array) =>
  Buffer.from(column.buffer, column.byteOffset, column.byteLength);

/** A reader that has read the log and written its cache. */
async function cached(): Promise<SeriesReader> {
  const reader = new SeriesReader(dir);
  await reader.update();
  expect(await reader.writeCache()).toBe(true);
  return reader;
}

describe('the series of a run folder', () => {
  it('are those of its events', async () => {
    writeFileSync(log, linesOf(events));
    expectSame(await readSeries(dir), expected);
  });

  it('are empty before there is a log', async () => {
    expect((await readSeries(dir)).steps.length).toBe(0);
  });

  it('grow with the log, whatever the pieces', async () => {
    const text = linesOf(events.slice(0, 3000));
    const reader = new SeriesReader(dir);
    for (let from = 0; from < text.length; from += 77_777) {
      appendFileSync(log, text.slice(from, from + 77_777));
      expect(await reader.update()).toBe(true);
    }
    expect(await reader.update()).toBe(false);
    expectSame(reader.series, folded(events.slice(0, 3000)));
  });

  it('wait for the end of a torn last line', async () => {
    const text = linesOf(events.slice(0, 100));
    writeFileSync(log, text.slice(0, -30));
    const reader = new SeriesReader(dir);
    await reader.update();
    expectSame(reader.series, folded(events.slice(0, 99)));
    expect(reader.damagedLines).toBe(0);
    appendFileSync(log, text.slice(-30));
    await reader.update();
    expectSame(reader.series, folded(events.slice(0, 100)));
  });

  it('leave out a damaged line and count it', async () => {
    const lines = events.slice(0, 100).map(event => sealJson(event));
    lines[50] = lines[50]!.replace('"loss":', '"l0ss":');
    writeFileSync(log, `${lines.join('\n')}\n`);
    const reader = new SeriesReader(dir);
    await reader.update();
    expect(reader.damagedLines).toBe(1);
    expect(reader.series.steps.length).toBe(folded(events.slice(0, 100)).steps.length - 1);
  });

  it('start over when the log became another one', async () => {
    writeFileSync(log, linesOf(events.slice(0, 500)));
    const reader = new SeriesReader(dir);
    await reader.update();
    writeFileSync(log, linesOf(events.slice(0, 50)));
    await reader.update();
    expectSame(reader.series, folded(events.slice(0, 50)));
    expect(reader.series.revision).toBe(1);
  });

  it('are whole between two portions', async () => {
    writeFileSync(log, linesOf(events));
    const reader = new SeriesReader(dir);
    const lengths: number[] = [];
    await reader.update(() => lengths.push(reader.series.steps.length));
    expect(lengths.length).toBeGreaterThan(4);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });
});

describe('the cache', () => {
  it('gives the same series without reading the log, and reads on behind it', async () => {
    writeFileSync(log, linesOf(events.slice(0, 45_000)));
    await cached();
    appendFileSync(log, linesOf(events.slice(45_000)));
    let read = 0;
    const counting = {
      ...disk,
      read: (file: number, into: Uint8Array, at: number) => {
        const count = disk.read(file, into, at);
        if (into.byteLength === 1 << 20) read += count;
        return count;
      },
    };
    expectSame(await readSeries(dir, counting), expected);
    expect(read).toBeLessThan(statSync(log).size / 4);
  });

  it('is not written for a short log', async () => {
    writeFileSync(log, linesOf(events.slice(0, 1000)));
    await cached();
    expect(existsSync(join(dir, 'series.bin'))).toBe(false);
  });

  it.each<[string, (cache: string) => void]>([
    ['cut off', cache => truncateSync(cache, 1000)],
    ['empty', cache => writeFileSync(cache, '')],
    [
      'damaged by one bit',
      cache => {
        const bytes = readFileSync(cache);
        bytes[bytes.length - 5]! ^= 4;
        writeFileSync(cache, bytes);
      },
    ],
    [
      'of another log',
      () =>
        writeFileSync(log, linesOf(events).replace('"step":9,', '"step":9 ,') + 'x\n'.repeat(9)),
    ],
    ['of a longer log', () => truncateSync(log, 10_000)],
    ['missing', cache => rmSync(cache)],
  ])('is not trusted when it is %s', async (_, spoil) => {
    writeFileSync(log, linesOf(events));
    const { cachePath } = await cached();
    const before = statSync(log).size;
    spoil(cachePath);
    const unspoiled = statSync(log).size === before;
    const series = await readSeries(dir);
    if (unspoiled) expectSame(series, expected);
    else {
      rmSync(cachePath, { force: true });
      expectSame(series, await readSeries(dir));
    }
  });

  it('that cannot be written leaves nothing behind and does no harm', async () => {
    writeFileSync(log, linesOf(events));
    const full = {
      ...disk,
      write: () => {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    };
    const reader = new SeriesReader(dir, full);
    await reader.update();
    expect(await reader.writeCache()).toBe(false);
    expect(disk.readdir(dir)).toEqual(['events.jsonl']);
    expectSame(reader.series, expected);
  });
});
