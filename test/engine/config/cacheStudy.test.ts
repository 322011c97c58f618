/** Configs of cache studies: what they may say, what is wrong in them, and what an editor offers. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/engine/config/readConfig';
import { completionsAt, hoverAt, lensesOf } from '../../../src/engine/config/language';
import { namedFolder } from '../../../src/engine/config/studyFiles';

const study = (...lines: string[]) =>
  ['weightroom: 1', 'cache_study:', ...lines.map(line => `  ${line}`), ''].join('\n');
const SOUND = ['model: base', 'adapters: [a, b]', 'prefix: Be brief.'];
const problemsOf = (text: string) =>
  readConfig(text, 'study.yaml').problems.map(
    ({ code, where }) => `${code.replace('config.', '')} ${where.key ?? ''}`,
  );

it('the smallest has every default filled in', () => {
  const { study: found, config, problems, name } = readConfig(study(...SOUND), 'my.yaml');
  expect(problems).toEqual([]);
  expect(config).toBeUndefined();
  expect(name).toBe('my');
  expect(found).toMatchObject({
    device: 'cpu',
    cache_study: {
      strategies: ['full', 'base', 'lowrank-v-pinv', 'lowrank-v', 'lowrank-kv'],
      ...{ store: 'fp32', ranks: [], scaling: 'outside', tokens: 32 },
    },
  });
});

it.each([
  ['prefix_ids: cache.safetensors#ids'],
  ['prefix_ids: [1, 2, 3]'],
  ['prefix_file: prefix.txt'],
])('a prefix may be given as %s', line => {
  expect(problemsOf(study('model: base', 'adapters: [a]', line))).toEqual([]);
});

describe('a mistake is found in its place', () => {
  it.each<[claim: string, lines: string[], problems: string[]]>([
    ['no model', SOUND.slice(1), ['missing-key cache_study.model']],
    [
      'no adapters',
      ['model: m', 'adapters: []', 'prefix: x'],
      ['out-of-range cache_study.adapters'],
    ],
    ['no prefix', SOUND.slice(0, 2), ['prefix-needed cache_study']],
    ['two prefixes', [...SOUND, 'prefix_ids: [1]'], ['given-twice cache_study.prefix_ids']],
    [
      'a strategy that is none',
      [...SOUND, 'strategies: [svd]'],
      ['wrong-value cache_study.strategies.0'],
    ],
    ['a store that is none', [...SOUND, 'store: fp8'], ['wrong-type cache_study.store']],
    ['an unknown key', [...SOUND, 'rank: 4'], ['unknown-key cache_study.rank']],
    ['a rank of nothing', [...SOUND, 'ranks: [0]'], ['out-of-range cache_study.ranks.0']],
    [
      'ranks for no residual',
      [...SOUND, 'strategies: [base]', 'ranks: [4]'],
      ['no-effect cache_study.ranks'],
    ],
    [
      'an adapter twice',
      ['model: m', 'adapters: [a, a]', 'prefix: x'],
      ['adapter-twice cache_study.adapters.1'],
    ],
  ])('%s', (_claim, lines, problems) => {
    expect(problemsOf(study(...lines))).toEqual(problems);
  });

  it('a key of training beside it', () => {
    expect(problemsOf(`${study(...SOUND)}train: {}\n`)).toEqual(['unknown-key train']);
  });
});

describe('an editor', () => {
  const at = (marked: string) => [marked.replace('|', ''), marked.indexOf('|')] as const;
  const labels = (marked: string) => completionsAt(...at(marked)).items.map(({ label }) => label);

  it('offers the keys of a study in it, and no others beside it', () => {
    expect(labels(`${study(...SOUND)}  |`)).toContain('strategies');
    expect(labels(`${study(...SOUND)}|`)).toEqual(['name', 'device']);
  });

  it('offers what a key may be', () => {
    expect(labels(study(...SOUND, 'store: |'))).toEqual(['fp32', 'fp16', 'int8']);
    expect(labels(study(...SOUND, 'scaling: |'))).toEqual(['outside', 'inside']);
    expect(completionsAt(...at(study('model: |'))).path).toMatchObject({ kind: 'folder' });
  });

  it('explains a key, and has no lens of training', () => {
    const text = study(...SOUND);
    expect(hoverAt(text, text.indexOf('adapters'))?.markdown).toContain('Adapters over it');
    expect(lensesOf(text)).toEqual([]);
  });
});

it('a name that is no folder and no run is none', () => {
  expect(namedFolder('nowhere', '/tmp').kind).toBe('none');
  expect(namedFolder('../../etc/passwd', '/tmp').kind).toBe('none');
});
