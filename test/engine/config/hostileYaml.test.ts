import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWeightroomConfig, readConfig } from '../../../src/engine/config/readConfig';

const MB = 2 ** 20;
const repeat = (part: string, length: number) => part.repeat(Math.ceil(length / part.length));

/** Each file must be refused with a problem of this code. */
const refused: [claim: string, text: string, code: string][] = [
  ['more than a megabyte', repeat('a', MB + 1), 'too-large'],
  ['a megabyte of two-byte letters', repeat('é', MB - 1), 'too-large'],
  ['a flow list 101 deep', '['.repeat(101) + ']'.repeat(101), 'too-deep'],
  ['a flow list 100,000 deep', '['.repeat(100_000), 'too-deep'],
  ['a block list 101 deep', '- '.repeat(101) + 'x', 'too-deep'],
  ['explicit keys 101 deep', '? '.repeat(101) + 'x', 'too-deep'],
  [
    'a block map 101 deep',
    Array.from({ length: 101 }, (_, i) => ' '.repeat(i) + 'a:').join('\n'),
    'too-deep',
  ],
  ['half a million items', `a: [${repeat('1,', MB - 10)}]`, 'too-large'],
  [
    'a hundred thousand keys',
    Array.from({ length: 1e5 }, (_, i) => `k${i}: 1`).join('\n'),
    'too-large',
  ],
  [
    'an alias bomb',
    [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((name, i) => {
        const below = 'abcdefgh'.charAt(i);
        return `${name}: &${name} [${Array(9).fill(`*${below}`).join(',')}]`;
      }),
    ].join('\n'),
    'alias',
  ],
  ['an alias of what contains it', 'a: &a [*a]', 'alias'],
  ['an anchor redefined inside itself', 'a: &a { b: &a [*a], c: *a }', 'alias'],
  ['a merge key', '<<: { weightroom: 1 }', 'unknown-key'],
  ['half a million bad escapes', `a: "${repeat('\\x', MB - 10)}"`, 'too-large'],
  ['a bracket before a megabyte of blanks', `a: [${' '.repeat(MB - 10)}`, 'syntax'],
  ['an unfinished escape', 'a: "\\u12', 'syntax'],
  ['a NUL', 'a: \0', 'unknown-key'],
  ['an unknown directive', '%FOO\n---\nweightroom: 1', 'syntax'],
  ['a lone surrogate as key', '"\\uD800": 1', 'unknown-key'],
];

describe('readConfig on hostile text', () => {
  it.each(refused)('refuses %s', (_, text, code) => {
    const { config, problems } = readConfig(text);
    expect(config).toBeUndefined();
    expect(problems.map(problem => problem.code)).toContain(`config.${code}`);
  });

  it.each([
    ['99 levels', `a: ${'['.repeat(99)}${']'.repeat(99)}`],
    ['brackets in text and comments', `a: "${'['.repeat(500)}" # ${'{'.repeat(500)}`],
    ['deep indentation without nesting', `a:\n${' '.repeat(300)}b`],
    ['a thousand siblings', Array.from({ length: 1000 }, () => '- a').join('\n')],
  ])('parses %s', (_, text) => {
    const codes = readConfig(text).problems.map(problem => problem.code);
    expect(codes).not.toContain('config.too-deep');
    expect(codes).not.toContain('config.too-large');
  });

  it('reports no more problems than a person can read', () => {
    const text = Array.from({ length: 900 }, (_, i) => `key${i}: 1`).join('\n');
    expect(readConfig(text).problems).toHaveLength(100);
  });

  it('answers any text with typed problems whose ranges lie in it', () => {
    const fragments = fc.constantFrom(
      ...[
        'weightroom: 1\n',
        'model:',
        'data:',
        'train:',
        ' ',
        '  ',
        '\n',
        '\t',
        '{',
        '}',
        '[',
        ']',
      ],
      ...[
        ',',
        ':',
        '- ',
        '? ',
        '"',
        "'",
        '&a ',
        '*a',
        '!t ',
        '|\n',
        '>-\n',
        '#',
        '%',
        '---\n',
        '\r\n',
      ],
      ...[
        'family: slm',
        'n_head: 5',
        'from',
        '__proto__',
        '1e999',
        '\uFEFF',
        '\u2028',
        '𝒲',
        '\0',
        '\x1f',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fragments, { maxLength: 60 }).map(parts => parts.join('')),
    );
    fc.assert(
      fc.property(text, source => {
        isWeightroomConfig(source);
        const { config, problems } = readConfig(source, 'x.yaml');
        expect(config !== undefined || problems.length > 0).toBe(true);
        for (const { code, message, where } of problems) {
          const [start, end] = where.range ?? [-1, -1];
          expect(code).toMatch(/^config\.[a-z-]+$/);
          expect(message).toMatch(/\S/);
          expect(start >= 0 && start <= end && end <= source.length).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
