/**
 * Tells one process from every other there was or will be: a process id is used again, the pair of
 * id and start time is not. Knows nothing of leases or runs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf } from './diskProblem';

/**
 * When the process began, as text to be compared only; undefined when there is no such process.
 * Where the system does not tell, a process that exists has the empty start.
 */
export function processStart(pid: number): string | undefined {
  switch (process.platform) {
    case 'linux':
      return linuxStart(pid);
    case 'darwin':
      return psStart(pid);
    default:
      return exists(pid) ? '' : undefined;
  }
}

let own: string | undefined;

/** Start of this process. */
export const ownStart = (): string => (own ??= processStart(process.pid) ?? '');

/** Boot and clock ticks since boot. A zombie is dead: only its parent has not asked yet. */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the name in parentheses may hold anything; state is the first field after it, start the 20th
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    return `${boot}-${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psStart(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return text.trim().replace(/[^A-Za-z0-9]+/g, '-') || undefined;
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
