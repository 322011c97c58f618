import { describe, expect, it } from 'vitest';
import { describeProblem, exitCodeOf, report } from '../../src/cli/failure';
import type { Place } from '../../src/engine/problem';
import { fail } from '../../src/engine/problem';

const problem = (where: Place) =>
  describeProblem({ code: 'a.b', severity: 'error', message: 'Bad. Mend it.', where });

describe('a problem in words', () => {
  it.each<[Place, string]>([
    [{}, ''],
    [{ file: 'a.yaml' }, '\n  at a.yaml'],
    [{ file: 'a.yaml', line: 3, key: 'model.n_head' }, '\n  at a.yaml:3 (model.n_head)'],
    [{ file: 'a.safetensors', byte: 17 }, '\n  at a.safetensors:byte 17'],
    [{ key: 'train.seed' }, '\n  at (train.seed)'],
  ])('names the place %o', (where, place) =>
    expect(problem(where)).toBe(`error a.b: Bad. Mend it.${place}`),
  );

  it.each([
    ['config.unknown-key', 2],
    ['data.empty', 2],
    ['disk.missing', 2],
    ['resume.config-changed', 2],
    ['run.unknown', 2],
    ['disk.full', 1],
    ['disk.read-only', 1],
    ['checkpoint.damaged', 1],
    ['train.non-finite', 1],
    ['run.owned', 1],
  ])('%s ends with %i', (code, exit) => expect(exitCodeOf(code)).toBe(exit));
});

it('tells a fault of the program with its stack', () => {
  const lines: string[] = [];
  expect(report(new TypeError('x is not y'), line => lines.push(line))).toBe(1);
  expect(lines.join('\n')).toMatch(/^error internal: TypeError: x is not y\n +at /);
});

it('tells a problem that was thrown', () => {
  const lines: string[] = [];
  try {
    fail('data.empty', 'Nothing there.', { file: 'x.txt' });
  } catch (error) {
    expect(report(error, line => lines.push(line))).toBe(2);
  }
  expect(lines).toEqual(['error data.empty: Nothing there.\n  at x.txt']);
});
