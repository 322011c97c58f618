import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { encodeRunEvent, openRunLog, readRunLog } from '../../../src/engine/run/runLog';
import type { RunEventBody } from '../../../src/protocol/runEvent';
import { randomNumbers } from '../../durability/randomNumbers';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const path = join(folder, 'events.jsonl');

const event = (step: number): RunEventBody =>
  step % 3 === 0
    ? { type: 'sample', step, prompt: 'Frage: "é😀\\"\n', text: `line\nbreak ${step}` }
    : {
        type: 'step',
        step,
        loss: 3 - step / 7,
        lr: 1e-4,
        grad_norm: 0.1,
        tokens: 64,
        seconds: 0.01,
      };

/** A log of `count` events. @returns its bytes */
function writeLog(count: number): Buffer {
  writeFileSync(path, '');
  const log = openRunLog(disk, folder);
  for (let step = 0; step < count; step++) log.append(event(step));
  log.close();
  return readFileSync(path);
}

const seqs = (fromByte = 0) => readRunLog(folder, fromByte).events.map(e => e.seq);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a log', () => {
  it('gives back the events that were appended, with their numbers', () => {
    writeLog(10);
    const { events } = readRunLog(folder);
    expect(events.map(({ seq: _, time: __, ...body }) => body)).toEqual(upTo(10).map(event));
    expect(seqs()).toEqual(upTo(10));
  });

  it('can be printed again, line for line', () => {
    const bytes = writeLog(10);
    const lines = readRunLog(folder).events.map(e => `${encodeRunEvent(e)}\n`);
    expect(lines.join('')).toBe(bytes.toString());
  });

  it('is read on from where reading ended', () => {
    writeLog(4);
    const { nextByte } = readRunLog(folder);
    const log = openRunLog(disk, folder);
    log.append(event(4));
    expect(seqs(nextByte)).toEqual([4]);
    expect(readRunLog(folder, readRunLog(folder).nextByte).events).toEqual([]);
    log.close();
  });

  it('is empty before its first event', () => {
    expect(readRunLog(join(folder, 'none'))).toEqual({ events: [], nextByte: 0 });
  });
});

describe('a log that was cut', () => {
  const count = 6;
  let bytes: Buffer;
  beforeEach(() => (bytes = writeLog(count)));

  it('reads as all whole lines, at every byte of the last two', () => {
    const ends = [...bytes.keys()].filter(i => bytes[i] === 0x0a).map(i => i + 1);
    for (let length = ends.at(-3)!; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const whole = ends.filter(end => end <= length).length;
      const { events, nextByte, damage } = readRunLog(folder);
      expect(events.map(e => e.seq)).toEqual(upTo(whole));
      expect([nextByte, damage]).toEqual([ends[whole - 1], undefined]);
    }
  });

  it('goes on after its last whole line, and says how much was cut off', () => {
    const ends = [...bytes.keys()].filter(i => bytes[i] === 0x0a).map(i => i + 1);
    for (let length = ends.at(-2)! + 1; length < bytes.length; length += 7) {
      writeFileSync(path, bytes.subarray(0, length));
      const log = openRunLog(disk, folder);
      expect(log.cut).toBe(length - ends.at(-2)!);
      log.append(event(9));
      log.close();
      expect(seqs()).toEqual(upTo(count));
      expect(readRunLog(folder).damage).toBeUndefined();
    }
  });

  it('loses a last line that has an end but is not what was written', () => {
    appendFileSync(path, '{"type":"step","step":6}\n');
    expect(readRunLog(folder).damage).toEqual({ line: count + 1, byte: bytes.length });
    openRunLog(disk, folder).close();
    expect(readFileSync(path)).toEqual(bytes);
  });
});

it('names the line of every flipped bit inside, and reads the others', () => {
  const count = 40;
  const bytes = writeLog(count);
  const random = randomNumbers(11);
  const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  for (let trial = 0; trial < 1000; trial++) {
    const at = Math.floor(random() * (lastLine - 1));
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << Math.floor(random() * 8);
    writeFileSync(path, flipped);
    const line = 1 + bytes.subarray(0, at).filter(byte => byte === 0x0a).length;
    const { events, damage } = readRunLog(folder);
    expect(damage?.line).toBe(line);
    // a flipped line end takes the next line with it
    const lost = bytes[at] === 0x0a ? [line - 1, line] : [line - 1];
    expect(events.map(e => e.seq)).toEqual(upTo(count).filter(seq => !lost.includes(seq)));
  }
});

it('names the same line when reading begins in the middle', () => {
  const bytes = writeLog(10);
  const half = bytes.indexOf(0x0a, bytes.length / 2) + 1;
  bytes[bytes.lastIndexOf(0x0a, bytes.length - 2) - 5]! ^= 1;
  writeFileSync(path, bytes);
  expect(readRunLog(folder, half).damage).toEqual(readRunLog(folder).damage);
  expect(readRunLog(folder, half).damage?.line).toBe(9);
});
