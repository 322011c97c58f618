import { describe, expect, it } from 'vitest';
import { isWeightroomConfig, readConfig } from '../../../src/engine/config/readConfig';
import { brokenConfigs, config, DATA } from './brokenConfigs';

/** Each problem as `code line "marked text"`. */
const problemsIn = (text: string): string[] =>
  readConfig(text, 'run.yaml').problems.map(({ code, where }) => {
    const marked = where.range ? text.slice(...where.range) : 'nowhere';
    return `${code.replace('config.', '')} ${where.line} ${JSON.stringify(marked)}`;
  });

describe('readConfig', () => {
  it.each(brokenConfigs)('marks %s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected);
  });

  it('reports several problems of one file in order of the text', () => {
    const text = [
      'weightroom: 1',
      'model:',
      '  family: slm',
      '  n_head: 5 # does not divide 384',
      '  n_layers: 4',
      'data: { train: 3, tokeniser: gpt2 }',
      'train: { max_steps: -1, warmup_steps: 1, warmup_ratio: 0.5 }',
      'devise: cpu',
    ].join('\r\n');
    expect(problemsIn(text)).toEqual([
      'head-split 4 "5"',
      'unknown-key 5 "n_layers"',
      'wrong-type 6 "3"',
      'unknown-key 6 "tokeniser"',
      'out-of-range 7 "-1"',
      'warmup-twice 7 "0.5"',
      'unknown-key 8 "devise"',
    ]);
  });

  it('counts ranges in UTF-16 units, after a byte order mark too', () => {
    expect(problemsIn('\uFEFFweightroom: 1 # 𝒲\nmodel: { "😀": 1, family: slm }\n' + DATA)).toEqual(
      ['unknown-key 2 "\\"😀\\""'],
    );
  });

  it('does not judge one key by another that is itself wrong', () => {
    const text = config('model: { family: slm, n_head: x, n_embed: 385 }');
    expect(problemsIn(text)).toEqual(['wrong-type 3 "x"']);
  });

  it('says what is wrong and what to do', () => {
    const messages = readConfig(
      config('model: { family: slm, n_emed: 2, n_embed: 385 }', 'n_layer: 1', 'device: gpu'),
    ).problems.map(({ message }) => message);
    expect(messages).toEqual([
      '`n_emed` is not a key of `model`. Remove it.',
      '`n_embed` 385 is not divisible by `n_head` 6. Use 384 or 396.',
      '`n_layer` belongs in `model`. Move it there.',
      '`device` must be `cpu` or `webgpu`, not `gpu`.',
    ]);
  });

  it('fills in every default', () => {
    const { config: read, name, problems } = readConfig(config(''), '/runs/my first run.yaml');
    expect(problems).toEqual([]);
    expect(name).toBe('my-first-run');
    expect(read?.train).toMatchObject({ max_steps: 1000, learning_rate: 1e-3, schedule: 'cosine' });
    expect(read?.model).toMatchObject({ family: 'slm', n_layer: 4, n_head: 6, n_embed: 384 });
    expect(read?.data).toMatchObject({ train: 'a.jsonl', tokenizer: 'gpt2' });
  });

  it('reads a config that has only warnings', () => {
    const { config: read, problems } = readConfig(config('adapter: { kind: lora }'));
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    expect(read?.adapter).toMatchObject({
      kind: 'lora',
      r: 8,
      alpha: 16,
      targets: ['qkv', 'proj'],
    });
  });

  it('takes aliases, JSON and numbers as YAML 1.2 writes them', () => {
    const text = config('train: { learning_rate: 1e-4, save_every: &n 50, eval_every: *n }');
    expect(readConfig(text).config?.train).toMatchObject({
      learning_rate: 1e-4,
      eval_every: 50,
      save_every: 50,
    });
    const json = '{"weightroom": 1, "model": {"from": "base"}, "data": {"train": "a.txt"}}';
    expect(readConfig(json).config?.model).toEqual({ from: 'base' });
  });

  it('places a key, a value, or the section of what is not written', () => {
    const text = config('train: { seed: 7 }');
    const { placeOf } = readConfig(text, 'run.yaml');
    const marked = (...args: Parameters<typeof placeOf>) => {
      const { range, file, line } = placeOf(...args);
      return [file, line, range && text.slice(...range)];
    };
    expect(marked('train.seed')).toEqual(['run.yaml', 4, '7']);
    expect(marked('train.seed', 'key')).toEqual(['run.yaml', 4, 'seed']);
    expect(marked('train.beta1')).toEqual(['run.yaml', 4, 'train']);
    expect(marked('adapter.r')).toEqual(['run.yaml', 1, 'weightroom']);
  });
});

describe('isWeightroomConfig', () => {
  it.each([
    ['weightroom: 1', true],
    ['# mine\n\n---\nweightroom: 1', true],
    ['{"weightroom": 1}', true],
    ['\uFEFF"weightroom": 1', true],
    ['weightroom:', true],
    ['name: weightroom', false],
    ['weightrooms: 1', false],
    ['', false],
  ])('takes %j for %s', (text, expected) => {
    expect(isWeightroomConfig(text)).toBe(expected);
  });
});
