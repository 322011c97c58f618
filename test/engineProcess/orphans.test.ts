/** Whoever forked it may die any way: no process of ours is left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { processStart } from '../../src/engine/files/processIdentity';
import { bundle } from '../durability/bundle';

const parent = bundle('test/engineProcess/processes/forkingParent.ts');
const children = {
  'that waits': bundle('src/engineProcess/main.ts'),
  'whose thread is busy': bundle('test/engineProcess/processes/busyChild.ts'),
};

describe.each(Object.entries(children))('an engine process %s', (_, path) => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('ends after the %s of its parent', async signal => {
    const process = spawn(globalThis.process.execPath, [parent, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = (await once(process.stdout, 'data')) as [Buffer];
    const pid = Number(text);
    expect(processStart(pid)).toBeDefined();
    process.kill(signal);
    while (processStart(pid) !== undefined) await sleep(50);
  });
});
