/**
 * Takes the lease of a folder again and again, and while it holds it creates a file that must not
 * be there: prints `violated` when it is. Dies in the end while it holds the lease.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../../src/engine/problem';
import { takeLease } from '../../../src/engine/run/lease';

async function main([folder, rounds]: string[]): Promise<void> {
  const marker = join(folder!, 'inside');
  for (let round = Number(rounds); round > 0;) {
    const lease = tryToTake(folder!);
    if (lease === undefined) {
      await sleep(1);
      continue;
    }
    try {
      closeSync(openSync(marker, 'wx'));
    } catch {
      console.log('violated');
    }
    await sleep(1);
    rmSync(marker, { force: true });
    console.log('held');
    if (--round === 0) process.kill(process.pid, 'SIGKILL');
    lease.release();
  }
}

function tryToTake(folder: string) {
  try {
    return takeLease(folder);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'run.owned') return undefined;
    throw error;
  }
}

void main(process.argv.slice(2));
