import { describe, expect, it } from 'vitest';
import { quickFixes } from '../../../src/engine/config/language';
import type { QuickFix, TextEdit } from '../../../src/engine/config/language';
import { readConfig } from '../../../src/engine/config/readConfig';
import { brokenConfigs, config, DATA, MODEL } from './brokenConfigs';

const apply = (text: string, edits: readonly TextEdit[]): string =>
  [...edits]
    .sort((a, b) => b.range[0] - a.range[0])
    .reduce((t, { range, newText }) => t.slice(0, range[0]) + newText + t.slice(range[1]), text);

const fixesOf = (text: string, code: string): QuickFix[] =>
  readConfig(text)
    .problems.filter(problem => problem.code === `config.${code}`)
    .flatMap(problem => quickFixes(text, problem));

/** `code`, the text, and what each fix makes of it: title, then the changed text. */
const cases: [code: string, text: string, fixes: [title: string, text: string][]][] = [
  ['empty', '', [['Put `weightroom: 1` first', 'weightroom: 1\n']]],
  ['empty', '# mine', [['Put `weightroom: 1` first', '# mine\nweightroom: 1\n']]],
  [
    'first-key',
    `# mine\n${MODEL}\nweightroom: 1 # last\n${DATA}\n`,
    [['Put `weightroom: 1` first', `# mine\nweightroom: 1\n${MODEL}\n${DATA}\n`]],
  ],
  [
    'first-key',
    '{ model: { from: a }, weightroom: 1, data: { train: a } }',
    [['Put `weightroom: 1` first', '{ weightroom: 1, model: { from: a }, data: { train: a } }']],
  ],
  ['version', config('').replace('1', '3'), [['Change to `1`', config('')]]],
  [
    'unknown-key',
    config('train:', '  max_step: 5', '  seed: 1'),
    [
      ['Rename to `max_steps`', config('train:', '  max_steps: 5', '  seed: 1')],
      ['Remove `max_step`', config('train:', '  seed: 1')],
    ],
  ],
  [
    'unknown-key',
    config('train: { seed: 1, colour: red }'),
    [['Remove `colour`', config('train: { seed: 1 }')]],
  ],
  [
    'unknown-key',
    config('train: { colour: red, seed: 1 }'),
    [['Remove `colour`', config('train: { seed: 1 }')]],
  ],
  [
    'duplicate-key',
    config('train:', '  seed: 1', '  seed: 2 # again', '  beta1: 0.5'),
    [['Remove `seed`', config('train:', '  seed: 1', '  beta1: 0.5')]],
  ],
  [
    'missing-key',
    config('data:', '  tokenizer: bytes'),
    [
      [
        'Add `train: data/train.jsonl`',
        config('data:', '  train: data/train.jsonl', '  tokenizer: bytes'),
      ],
    ],
  ],
  ['missing-key', config('model: {}'), [['Add `family: slm`', config(MODEL)]]],
  [
    'missing-key',
    `weightroom: 1\n${DATA}`,
    [['Add `model: { family: slm }`', `weightroom: 1\n${DATA}\nmodel: { family: slm }\n`]],
  ],
  [
    'wrong-type',
    config('data:'),
    [['Change to `{ train: data/train.jsonl }`', config('data: { train: data/train.jsonl }')]],
  ],
  [
    'wrong-type',
    config('train: { max_steps: "5" }'),
    [
      ['Change to `5`', config('train: { max_steps: 5 }')],
      ['Use the default `1000`', config('train: { max_steps: 1000 }')],
    ],
  ],
  [
    'wrong-type',
    config('model: { family: slm, bias: yes }'),
    [
      ['Change to `true`', config('model: { family: slm, bias: true }')],
      ['Use the default `false`', config('model: { family: slm, bias: false }')],
    ],
  ],
  ['wrong-type', config('name: 12'), [['Change to `"12"`', config('name: "12"')]]],
  [
    'wrong-type',
    config('train:', '  seed:', '  beta1: 0.5'),
    [['Use the default `1337`', config('train:', '  seed: 1337', '  beta1: 0.5')]],
  ],
  [
    'out-of-range',
    config('train: { beta2: 1 }'),
    [['Use the default `0.999`', config('train: { beta2: 0.999 }')]],
  ],
  [
    'wrong-value',
    config('train: { schedule: cosin }'),
    ['cosine', 'linear', 'constant'].map(value => [
      `Change to \`${value}\``,
      config(`train: { schedule: ${value} }`),
    ]),
  ],
  ['wrong-value', config('model: { family: gpt }'), [['Change to `slm`', config(MODEL)]]],
  [
    'wrong-format',
    config('data: { train: a, tokenizer: gpt4 }'),
    ['gpt2', 'bytes', 'bpe:4096', 'model', 'none'].map(value => [
      `Change to \`${value}\``,
      config(`data: { train: a, tokenizer: ${value} }`),
    ]),
  ],
  [
    'head-split',
    config('model: { family: slm, n_head: 6, n_embed: 385 }'),
    [
      ['Set `n_embed: 384`', config('model: { family: slm, n_head: 6, n_embed: 384 }')],
      ['Set `n_embed: 396`', config('model: { family: slm, n_head: 6, n_embed: 396 }')],
    ],
  ],
  [
    'head-split',
    config('model:', '  family: slm', '  n_head: 5'),
    [
      ['Set `n_embed: 380`', config('model:', '  n_embed: 380', '  family: slm', '  n_head: 5')],
      ['Set `n_embed: 390`', config('model:', '  n_embed: 390', '  family: slm', '  n_head: 5')],
    ],
  ],
  [
    'vocab-too-small',
    config('model: { family: slm, vocab_size: 9 }'),
    [
      ['Change to `50257`', config('model: { family: slm, vocab_size: 50257 }')],
      ['Remove `vocab_size`', config(MODEL)],
    ],
  ],
  [
    'warmup-twice',
    config('train: { warmup_ratio: 0.1, warmup_steps: 9 }'),
    [
      ['Remove `warmup_ratio`', config('train: { warmup_steps: 9 }')],
      ['Remove `warmup_steps`', config('train: { warmup_ratio: 0.1 }')],
    ],
  ],
  [
    'no-such-target',
    config('model: { from: a }', 'adapter: { kind: lora, targets: [qkv, prj] }'),
    [
      [
        'Change to `proj`',
        config('model: { from: a }', 'adapter: { kind: lora, targets: [qkv, proj] }'),
      ],
    ],
  ],
  ['syntax', 'weightroom: [', []],
];

describe('quickFixes', () => {
  it.each(cases)('mends %s in %j', (code, text, expected) => {
    const fixes = fixesOf(text, code);
    expect(fixes.map(({ title, edits }) => [title, apply(text, edits)])).toEqual(expected);
    expect(fixes.filter(({ preferred }) => preferred).length).toBeLessThanOrEqual(1);
  });

  const mendable = brokenConfigs.flatMap(([claim, text]) =>
    readConfig(text).problems.flatMap(problem => {
      const preferred = quickFixes(text, problem).find(fix => fix.preferred);
      return preferred ? [{ claim, text, problem, edits: preferred.edits }] : [];
    }),
  );

  it('has a preferred fix for many mistakes', () => {
    expect(mendable.length).toBeGreaterThan(25);
  });

  it.each(mendable)(
    'removes the problem of $claim and adds no error',
    ({ text, problem, edits }) => {
      const before = readConfig(text).problems;
      const after = readConfig(apply(text, edits)).problems;
      const still = after.filter(
        ({ code, message }) => code === problem.code && message === problem.message,
      );
      expect(still).toEqual([]);
      expect(after.length).toBeLessThanOrEqual(Math.max(before.length - 1, 2));
    },
  );
});
