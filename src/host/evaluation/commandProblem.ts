/** What a process of the command line said last, as a problem. Pure. */
import type { Problem } from '../../engine/problem';

/** The command line says its problems as "error <code>: <message>". */
export function problemIn(words: string): Problem {
  const found = /^error ([a-z-]+\.[a-z-]+): (.*)$/m.exec(words);
  if (found) return { code: found[1]!, severity: 'error', message: found[2]!, where: {} };
  const last = words.trim().split('\n').at(-1) ?? '';
  return unsaid(last === '' ? 'The process ended without a word.' : last);
}

export const unsaid = (message: string): Problem => ({
  code: 'evaluation.ended',
  severity: 'error',
  message,
  where: {},
});
