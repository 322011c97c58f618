/** VS Code reads problems of the command line by the patterns in package.json. */
import { describe, expect, it } from 'vitest';
import { describeProblem } from '../../src/cli/failure';
import { findOomMessages, oomText } from '../../src/engine/plan/oomMessage';
import type { Place } from '../../src/engine/problem';
import { readText } from '../rules/sourceTree';

interface Matcher {
  name: string;
  pattern: Pattern | Pattern[];
}

interface Pattern {
  regexp: string;
  severity?: number;
  code?: number;
  message?: number;
  file?: number;
  line?: number;
}

const manifest = JSON.parse(readText('package.json')) as {
  contributes: { problemMatchers: Matcher[] };
};

/** What VS Code makes of the printed lines. */
function readProblem(
  printed: string,
  name = 'weightroom',
): Record<string, string | undefined> | undefined {
  const matcher = manifest.contributes.problemMatchers.find(each => each.name === name)!;
  const patterns = [matcher.pattern].flat();
  const lines = printed.split('\n');
  const fields: Record<string, string | undefined> = {};
  for (const [index, { regexp, ...groups }] of patterns.entries()) {
    const match = new RegExp(regexp).exec(lines[index] ?? '');
    if (!match) return undefined;
    for (const [field, group] of Object.entries(groups)) fields[field] = match[group];
  }
  return fields;
}

const places: [claim: string, where: Place, file: string, line: string | undefined][] = [
  ['with a line', { file: '/a b/c.yaml', line: 7 }, '/a b/c.yaml', '7'],
  ['with a key', { file: 'c.yaml', line: 7, key: 'model.n_embed' }, 'c.yaml', '7'],
  ['without a line', { file: 'data/x.bin' }, 'data/x.bin', undefined],
  ['with a byte', { file: 'data/x.bin', byte: 12 }, 'data/x.bin', undefined],
];

describe('a problem on the command line', () => {
  it.each(places)('is found by VS Code %s', (_claim, where, file, line) => {
    const problem = { code: 'config.head-split', severity: 'error', message: 'No: 5 ≠ 4' } as const;
    expect(readProblem(describeProblem({ ...problem, where }))).toEqual({
      severity: 'error',
      code: problem.code,
      message: problem.message,
      file,
      line,
    });
  });

  it('is not seen in what a run prints', () => {
    expect(readProblem('step 5: saved checkpoints/step-000005\n  at work')).toBeUndefined();
  });
});

const NUMBERS =
  'Not enough space to allocate 117440512 B DRAM buffer across 12 banks, where each bank needs to store 9787392 B';

describe('an out-of-memory message of a device', () => {
  it.each([
    [
      'of the notebook',
      `TT_FATAL @ tt_metal/impl/allocator/bank_manager.cpp:431: address.has_value()\ninfo:\nOut of Memory: ${NUMBERS}, but bank size is only 1071181792 B`,
      ['tt_metal/impl/allocator/bank_manager.cpp', '431'],
      `${NUMBERS}, but bank size is only 1071181792 B`,
    ],
    [
      'as Python raises it',
      `RuntimeError: TT_THROW @ /opt/a b/bank_manager.cpp:439: tt::exception\ninfo:\n${NUMBERS}`,
      ['/opt/a b/bank_manager.cpp', '439'],
      NUMBERS,
    ],
  ])('is found by VS Code %s, where it was raised', (_, printed, [file, line], message) => {
    expect(readProblem(printed, 'weightroom-oom')).toEqual({ file, line, message });
    expect(findOomMessages(message)).toMatchObject([{ bytes: 117440512, banks: 12 }]);
  });

  it('is found in one line of a log', () => {
    const printed = `2025-10-23 04:15:50.252 | critical |          Always | Out of Memory: ${NUMBERS}, but bank size is only 1046181792 B (assert.hpp:103)`;
    const message = `${NUMBERS}, but bank size is only 1046181792 B`;
    const found = { file: 'assert.hpp', line: '103', message };
    expect(readProblem(printed, 'weightroom-oom-line')).toEqual(found);
  });

  it.each(['weightroom-oom', 'weightroom-oom-line'])('is not seen elsewhere by %s', name => {
    const printed = 'TT_FATAL @ a.cpp:3: x\ninfo:\nNot enough space on the disk (a.cpp:3)';
    expect(readProblem(printed, name)).toBeUndefined();
    expect(readProblem('Not enough space on the disk (a.cpp:3)', name)).toBeUndefined();
  });

  it('stands at the config, as the command line explains it', () => {
    const numbers = { memory: 'DRAM', bytes: 2048, banks: 12, perBankBytes: 2048 };
    const room = { allocatedBytes: 9, freeBytes: 7, largestFreeBlockBytes: 5 };
    const message = { ...numbers, bankBytes: 16, ...room, line: 1, times: 1 };
    expect(findOomMessages(oomText(message))).toEqual([message]);
  });
});
