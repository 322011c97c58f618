/** Public data sets beside the checkout: never part of it, so tests that need them may skip. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';

const folder = process.env.WEIGHTROOM_DATA ?? '../shared/data';

/** A test that needs one public file; without it, it is skipped and its name says why. */
export function itWithData(
  file: string,
  claim: string,
  test: (path: string) => void | Promise<void>,
): void {
  const path = join(folder, file);
  if (existsSync(path)) it(claim, () => test(path));
  else it.skip(`${claim} (no ${path}: set WEIGHTROOM_DATA)`, () => undefined);
}
