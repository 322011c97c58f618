/** An interpreter that only says what it has. A script of the shell, which Windows would not run. */
import { chmodSync, writeFileSync } from 'node:fs';

export const canPretend = process.platform !== 'win32';

/**
 * @param facts beside its version and path
 * @param otherwise lines of the shell for when it is asked for anything but that
 */
export function pretendPython(
  path: string,
  facts: object,
  otherwise: readonly string[] = [],
): void {
  const said = JSON.stringify({ python: '3', executable: path, ...facts });
  const lines = [
    '#!/bin/sh',
    `case "$*" in *probe) echo >> '${path}.asked'; echo '${said}'; exit;; esac`,
    ...otherwise,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o755);
}
