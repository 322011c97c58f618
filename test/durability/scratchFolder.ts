/** A folder for a test file, removed after it; in memory where there is such a place: fsync is free there. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function scratchFolder(): string {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const folder = mkdtempSync(join(parent, 'weightroom-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
