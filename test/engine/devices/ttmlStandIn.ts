/** An interpreter that has the stand-in for ttml, as one would have ttml itself. Needs PyTorch. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const PYTHON = '/usr/bin/python3';

export const hasTorch = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // the package python3-torch is not installed
  }
})();

const packages = new URL('../../fixtures/ttml', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'weightroom-ttml-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param switches of the stand-in */
export function ttmlPython(...switches: string[]): string {
  const path = join(folder, ['python', ...switches].join('-'));
  const started = [
    'import runpy, sys',
    `sys.path.insert(0, ${JSON.stringify(packages)})`,
    `sys.executable, sys.argv = ${JSON.stringify(path)}, sys.argv[1:]`,
    'runpy.run_path(sys.argv[0], run_name="__main__")',
  ].join('; ');
  const lines = [
    '#!/bin/sh',
    'shift 2 # -I -B',
    `TT_STANDIN=${switches.join(',')} exec ${PYTHON} -B -c '${started}' "$@"`,
  ];
  writeFileSync(path, lines.join('\n'));
  chmodSync(path, 0o755);
  return path;
}
