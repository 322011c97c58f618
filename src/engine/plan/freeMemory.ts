/**
 * How much memory this process may still take: what the machine has left, or the control group
 * (container, systemd slice) it is in, whichever is less. Reads files only.
 */
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';

type ReadText = (path: string) => string | undefined;

/** Bytes. Page cache that the system gives back on demand counts as free. */
export function freeMemory(): number {
  return Math.min(freemem(), freeInControlGroup(readOrUndefined) ?? Infinity);
}

/** Where the two versions of control groups keep their numbers. */
const LAYOUTS = [
  {
    controller: '',
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    usage: 'memory.current',
    cache: 'inactive_file',
  },
  {
    controller: 'memory',
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    cache: 'total_inactive_file',
  },
] as const;

/** Undefined where no limit can be read. @param read the text of a file, if there is one */
export function freeInControlGroup(read: ReadText): number | undefined {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n').map(line => line.split(':'));
  const free = LAYOUTS.flatMap(layout => {
    const group = lines.find(([, controllers]) => isOf(layout.controller, controllers))?.[2];
    return group === undefined ? [] : foldersUpFrom(group).map(at => freeAt(layout, at, read));
  }).filter(bytes => bytes !== undefined);
  return free.length > 0 ? Math.min(...free) : undefined;
}

const isOf = (controller: string, controllers: string | undefined): boolean =>
  controllers?.split(',').includes(controller) ?? false;

/** A group is bound by the limits of those around it; in a container its path may not be visible. */
function foldersUpFrom(group: string): string[] {
  const names = group.split('/').filter(Boolean);
  return Array.from({ length: names.length + 1 }, (_, i) => names.slice(0, i).join('/'));
}

function freeAt(layout: (typeof LAYOUTS)[number], group: string, read: ReadText) {
  const file = (name: string) => read(join(layout.root, group, name));
  const limit = Number(file(layout.limit) ?? NaN); // "max" is not a number
  const usage = Number(file(layout.usage) ?? NaN);
  if (!Number.isFinite(limit) || !Number.isFinite(usage)) return undefined;
  const cache = new RegExp(`^${layout.cache} (\\d+)$`, 'm').exec(file('memory.stat') ?? '')?.[1];
  return Math.max(0, limit - usage + Number(cache ?? 0));
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not Linux, or not ours to see: then it does not bind us
  }
}
