/** Finds the programs that npm cannot bring, and says in one sentence how to get those missing. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something outside the project is missing; the message says what to install. */
export class MissingPrerequisite extends Error {
  override readonly name = 'MissingPrerequisite';
}

/** Absolute path of the first of these programs on PATH. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '');
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  return names
    .flatMap(name => folders.flatMap(folder => endings.map(end => join(folder, name + end))))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What compiles the few native modules of a browser-hosted VS Code. */
export function requireCompiler(): void {
  const missing = ['g++', 'make', 'python3'].filter(name => findProgram(name) === undefined);
  if (missing.length === 0) return;
  throw new MissingPrerequisite(
    `Building a browser-hosted VS Code needs ${missing.join(', ')}. ` +
      `Install with: apt-get install -y --no-install-recommends ${missing.join(' ')}`,
  );
}

/** A Chromium for playwright: `WEIGHTROOM_CHROMIUM`, or what is installed. */
export function requireChromium(): string {
  const given = process.env['WEIGHTROOM_CHROMIUM'];
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  const found =
    given ??
    findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable') ??
    (existsSync(mac) ? mac : undefined);
  if (found !== undefined && isExecutable(found)) return found;
  throw new MissingPrerequisite(
    given === undefined
      ? 'Tests in a browser need Chromium. Install with: apt-get install -y --no-install-recommends chromium ' +
          '(or set WEIGHTROOM_CHROMIUM to the executable of one)'
      : `WEIGHTROOM_CHROMIUM names ${given}, which is not an executable file.`,
  );
}
