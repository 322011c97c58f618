/**
 * `preview-labels` as a process: its examples and totals as they come, and its last words. Knows
 * nothing of VS Code.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { LabelExample, LabelTotals } from '../../protocol/labelsView';
import type { ViewProblem } from '../../protocol/viewReply';

const LAST_WORDS = 4000;

const mark = z.enum(['trained', 'masked', 'cut']);
const count = z.number();
const line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('example'),
    index: count,
    tokens: z.array(z.object({ id: count, text: z.string(), mark })),
    parts: z.array(z.object({ mark, text: z.string() })),
  }),
  z.object({
    type: z.literal('totals'),
    examples: count,
    tokens: z.object({ trained: count, masked: count, cut: count }),
    unmarked: count,
    cutBefore: count,
    cut: count,
    rows: count,
    rowLength: count,
    padding: count,
  }),
]);

export interface ReadLabels {
  readonly examples: readonly LabelExample[];
  readonly totals: LabelTotals | null;
  readonly problem: ViewProblem | null;
}

/** Settles when the process ended; the problem is what it said last, where it has no totals. */
export function readLabels(child: ChildProcess): Promise<ReadLabels> {
  const examples: LabelExample[] = [];
  let totals: LabelTotals | null = null;
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  const lines = child.stdout && createInterface({ input: child.stdout });
  lines?.on('line', text => {
    const parsed = line.safeParse(jsonOf(text));
    if (!parsed.success) return;
    if (parsed.data.type === 'example') examples.push(parsed.data);
    else totals = parsed.data;
  });
  return new Promise(resolve => {
    const over = (problem: ViewProblem | null) => resolve({ examples, totals, problem });
    child.on('error', ({ message }) => over({ code: 'labels.not-started', message }));
    child.on('close', () => over(totals ? null : problemIn(lastWords)));
  });
}

/** The command line says its problems as "error <code>: <message>". */
function problemIn(words: string): ViewProblem {
  const found = /^error ([a-z-]+\.[a-z-]+): (.*)$/m.exec(words);
  if (found) return { code: found[1]!, message: found[2]! };
  const last = words.trim().split('\n').at(-1) ?? '';
  return {
    code: 'labels.ended',
    message: last === '' ? 'The process ended without a word.' : last,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
