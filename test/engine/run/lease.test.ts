import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processStart } from '../../../src/engine/files/processIdentity';
import { readLease, requireFree, takeLease } from '../../../src/engine/run/lease';
import { bundle } from '../../durability/bundle';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
const newFolder = () => mkdtempSync(join(scratch, 'run-'));

/** Writes a lease as another process would have, `age` seconds ago. */
function writeLease(folder: string, owner: object | string, age = 0): void {
  const path = join(folder, 'lease.json');
  writeFileSync(path, typeof owner === 'string' ? owner : JSON.stringify(owner));
  const then = new Date(Date.now() - age * 1000);
  utimesSync(path, then, then);
}
const own = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'lease.json'), 'utf8')) as object;

describe('a lease', () => {
  it('is held by one and free for the next after its release', () => {
    const folder = newFolder();
    expect(readLease(folder).state).toBe('none');
    const lease = takeLease(folder);
    expect(readLease(folder)).toMatchObject({ state: 'live', pid: process.pid });
    expect(() => takeLease(folder)).toThrow(/being worked on by process/);
    expect(() => requireFree(folder)).toThrow(/being worked on by process/);
    lease.release();
    expect(readLease(folder).state).toBe('none');
    takeLease(folder);
    expect(readdirSync(folder)).toEqual(['lease.json']);
  });

  it('tells its age from the last heartbeat', () => {
    const folder = newFolder();
    const lease = takeLease(folder);
    writeLease(folder, own(folder), 60);
    expect(readLease(folder).ageSeconds).toBeGreaterThan(59);
    lease.renew();
    expect(readLease(folder).ageSeconds).toBeLessThan(30);
  });

  it('is lost when somebody else has it, and is then not released', () => {
    const folder = newFolder();
    const lease = takeLease(folder);
    writeLease(folder, { ...own(folder), pid: 1, start: processStart(1) });
    expect(() => lease.renew()).toThrow(/was taken/);
    lease.release();
    expect(readLease(folder)).toMatchObject({ state: 'live', pid: 1 });
  });
});

describe('a lease that was left behind', () => {
  const folder = newFolder();
  takeLease(folder);
  const mine = own(folder);
  it.each<[string, object | string, number, 'live' | 'stale']>([
    ['by a process that is gone', { ...mine, pid: 999_999_999 }, 0, 'stale'],
    ['by an earlier process of the same id', { ...mine, start: '1a2b3c4d-17' }, 0, 'stale'],
    ['by nobody knows whom, long ago', '', 60, 'stale'],
    ['with half a line, long ago', '{"pid":', 60, 'stale'],
    ['by one who is just writing it', '', 0, 'live'],
    ['by a living process that hangs', mine, 3600, 'live'],
    ['on another machine, just now', { ...mine, host: 'elsewhere' }, 60, 'live'],
    ['on another machine, long silent', { ...mine, host: 'elsewhere' }, 600, 'stale'],
  ])('%s: %o, %i s old, is %s', (_, owner, age, state) => {
    writeLease(folder, owner, age);
    expect(readLease(folder).state).toBe(state);
    if (state === 'live') return expect(() => takeLease(folder)).toThrow(/being worked on/);
    takeLease(folder);
    expect(readLease(folder)).toMatchObject({ state: 'live', pid: process.pid });
    expect(readdirSync(folder)).toEqual(['lease.json']);
  });
});

it('is never held by two of many processes that come, go and die holding it', async () => {
  const program = bundle('test/durability/processes/leaseTaker.ts');
  const folder = newFolder();
  const takers = 8;
  const rounds = 6;
  const outputs = await Promise.all(
    Array.from({ length: takers }, async () => {
      const child = spawn(process.execPath, [program, folder, String(rounds)]);
      let output = '';
      child.stdout.on('data', chunk => (output += String(chunk)));
      child.stderr.on('data', chunk => (output += String(chunk)));
      await once(child, 'close');
      return output;
    }),
  );
  expect(outputs).toEqual(outputs.map(() => 'held\n'.repeat(rounds)));
  expect(readLease(folder).state).toBe('stale');
  rmSync(folder, { recursive: true });
});
