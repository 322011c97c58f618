import { freemem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { freeInControlGroup, freeMemory } from '../../../src/engine/plan/freeMemory';

const reading = (files: Record<string, string>) => (path: string) => files[path];
const V2 = '/sys/fs/cgroup';
const V1 = '/sys/fs/cgroup/memory';

describe('freeInControlGroup', () => {
  it.each<[claim: string, files: Record<string, string>, free: number | undefined]>([
    ['nothing where there are no control groups', {}, undefined],
    [
      'limit minus usage, page cache being free (version 2)',
      {
        '/proc/self/cgroup': '0::/\n',
        [`${V2}/memory.max`]: '1000\n',
        [`${V2}/memory.current`]: '700\n',
        [`${V2}/memory.stat`]: 'anon 300\ninactive_file 250\n',
      },
      550,
    ],
    [
      'nothing when the limit is "max"',
      {
        '/proc/self/cgroup': '0::/\n',
        [`${V2}/memory.max`]: 'max\n',
        [`${V2}/memory.current`]: '700\n',
      },
      undefined,
    ],
    [
      'the tightest group on the way up',
      {
        '/proc/self/cgroup': '0::/user.slice/app\n',
        [`${V2}/user.slice/memory.max`]: '500\n',
        [`${V2}/user.slice/memory.current`]: '100\n',
        [`${V2}/user.slice/app/memory.max`]: '900\n',
        [`${V2}/user.slice/app/memory.current`]: '100\n',
      },
      400,
    ],
    [
      'the mounted group of a container whose own path is not visible (version 1)',
      {
        '/proc/self/cgroup': '5:cpu:/docker/x\n4:memory:/docker/x\n0::/\n',
        [`${V1}/memory.limit_in_bytes`]: '1000\n',
        [`${V1}/memory.usage_in_bytes`]: '900\n',
        [`${V1}/memory.stat`]: 'total_inactive_file 50\n',
      },
      150,
    ],
    [
      'nothing below zero',
      {
        '/proc/self/cgroup': '0::/\n',
        [`${V2}/memory.max`]: '100\n',
        [`${V2}/memory.current`]: '700\n',
      },
      0,
    ],
  ])('gives %s', (_, files, free) => {
    expect(freeInControlGroup(reading(files))).toBe(free);
  });
});

describe('freeMemory', () => {
  it('is never more than the machine has left', () => {
    expect(freeMemory()).toBeGreaterThan(0);
    expect(freeMemory()).toBeLessThanOrEqual(freemem() * 1.1);
  });
});
