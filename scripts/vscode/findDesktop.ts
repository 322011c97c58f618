/** Finds desktop VS Code: the command that opens it, and the program behind that command. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './prerequisites';

export interface Desktop {
  /** `code`, which returns at once. */
  command: string;
  /** The application itself, which tests wait for. */
  executable: string;
}

/** `WEIGHTROOM_VSCODE` (the application), else `code` on PATH. */
export function findDesktop(): Desktop | undefined {
  const given = process.env['WEIGHTROOM_VSCODE'];
  if (given !== undefined && existsSync(given)) return { command: given, executable: given };
  const command = findProgram('code', 'code-insiders');
  const executable = command === undefined ? undefined : applicationOf(realpathSync(command));
  return command === undefined || executable === undefined ? undefined : { command, executable };
}

/** From `…/bin/code` to the application it starts, on Linux, macOS and Windows. */
function applicationOf(launcher: string): string | undefined {
  const home = dirname(dirname(launcher));
  const contents = dirname(dirname(home));
  return [
    join(home, 'code'),
    join(home, 'code-insiders'),
    join(home, 'Code.exe'),
    join(home, 'Code - Insiders.exe'),
    join(contents, 'MacOS', 'Electron'),
  ].find(path => existsSync(path));
}
