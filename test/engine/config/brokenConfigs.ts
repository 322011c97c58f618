/** Broken configs, one mistake each: what is wrong, the text, and the problems it must give. */

export const MODEL = 'model: { family: slm }';
export const DATA = 'data: { train: a.jsonl }';

/** A whole config around the lines of a case. */
export const config = (...lines: string[]): string => {
  const given = lines.join('\n');
  const rest = [MODEL, DATA].filter(line => !given.includes(`${line.split(':')[0]}:`));
  return ['weightroom: 1', ...rest, given, ''].join('\n');
};

/** Problems as `code line "marked text"`. */
export const brokenConfigs: [claim: string, text: string, problems: string[]][] = [
  ['an empty text', '', ['empty 1 ""']],
  ['only a comment', '# later\n', ['empty 1 "# later"']],
  ['a list', '- weightroom: 1\n', ['not-a-map 1 "- weightroom: 1"']],
  ['a bare word', 'weightroom', ['not-a-map 1 "weightroom"']],

  ['a version not yet known', config('').replace('1', '2'), ['version 1 "2"']],
  ['a version that is text', config('').replace('1', '"1"'), ['version 1 "\\"1\\""']],
  ['a version without value', config('').replace(' 1', ''), ['version 1 "weightroom"']],
  ['no version', `${MODEL}\n${DATA}`, ['first-key 1 "model"']],
  ['a version that is not first', `${MODEL}\nweightroom: 1\n${DATA}`, ['first-key 2 "weightroom"']],

  ['an unclosed bracket', 'weightroom: 1\nmodel: [', ['syntax 2 "["']],
  ['a tab as indentation', 'weightroom: 1\nmodel:\n\tfamily: slm', ['syntax 3 "\\t"']],
  ['an unclosed quote', 'weightroom: 1\nname: "a', ['syntax 2 "a"']],
  ['two documents', config('---', 'a: 1'), ['syntax 4 "---\\na: 1"']],
  ['a tag', config('name: !secret a'), ['tag 4 "!secret"']],
  ['a tag that runs code elsewhere', config('name: !!js/function "a"'), ['tag 4 "!!js/function"']],
  ['a tag of YAML 1.1', config('name: !!binary aGk='), ['tag 4 "!!binary"']],
  ['an alias of nothing', config('name: *who'), ['alias 4 "*who"']],
  ['a key that is a list', config('? [a]\n: 1'), ['key-not-text 4 "[a]"']],

  ['a key given twice', config('name: a', 'name: b'), ['duplicate-key 5 "name"']],
  [
    'a key given twice in a section',
    config('train: { seed: 1, seed: 2, seed: 3 }'),
    ['duplicate-key 4 "seed"', 'duplicate-key 4 "seed"'],
  ],
  ['an unknown key', config('colour: red'), ['unknown-key 4 "colour"']],
  ['an unknown key of a section', config('train: { max_stepz: 5 }'), ['unknown-key 4 "max_stepz"']],
  ['a key of a section at the top', config('max_steps: 5'), ['unknown-key 4 "max_steps"']],
  ['a key that reaches for a prototype', config('__proto__: {}'), ['unknown-key 4 "__proto__"']],
  ['sizes beside `from`', config('model: { from: base, n_layer: 2 }'), ['unknown-key 3 "n_layer"']],

  ['a missing section', `weightroom: 1\n${MODEL}`, ['missing-key 1 "weightroom"']],
  ['a missing key', config('data: { tokenizer: gpt2 }'), ['missing-key 3 "data"']],
  ['neither family nor from', config('model: {}'), ['missing-key 3 "model"']],
  ['an adapter without kind', config('adapter: { r: 4 }'), ['missing-key 4 "adapter"']],

  ['a key without value', config('train:', '  max_steps:'), ['wrong-type 5 "max_steps"']],
  ['a section without value', config('train:'), ['wrong-type 4 "train"']],
  ['a section that is a number', config('train: 5'), ['wrong-type 4 "5"']],
  ['text for a number', config('train: { max_steps: many }'), ['wrong-type 4 "many"']],
  ['a fraction for a whole number', config('train: { max_steps: 1.5 }'), ['wrong-type 4 "1.5"']],
  ['a number for text', config('name: 12'), ['wrong-type 4 "12"']],
  ['yes for true', config('model: { family: slm, bias: yes }'), ['wrong-type 3 "yes"']],
  ['not a number', config('train: { learning_rate: .nan }'), ['wrong-type 4 ".nan"']],
  ['infinity', config('train: { learning_rate: .inf }'), ['wrong-type 4 ".inf"']],
  [
    'a list item that is no text',
    config('adapter: { kind: lora, targets: [qkv, 1] }', 'model: { from: a }'),
    ['wrong-type 3 "1"'],
  ],
  ['too small a number', config('train: { max_steps: 0 }'), ['out-of-range 4 "0"']],
  ['too large a number', config('train: { seed: 4294967296 }'), ['out-of-range 4 "4294967296"']],
  [
    'an unsafe integer',
    config('train: { seed: 99999999999999999999 }'),
    ['out-of-range 4 "99999999999999999999"'],
  ],
  [
    'nothing held out of everything',
    config('data: { train: a.txt, validation_fraction: 1 }'),
    ['out-of-range 3 "1"'],
  ],
  ['empty text', config('data: { train: "" }'), ['out-of-range 3 "\\"\\""']],
  [
    'an empty list',
    config('adapter: { kind: lora, targets: [] }', 'model: { from: a }'),
    ['out-of-range 3 "[]"'],
  ],
  ['a value not on the list', config('device: gpu'), ['wrong-value 4 "gpu"']],
  ['an unknown family', config('model: { family: gpt }'), ['wrong-value 3 "gpt"']],
  [
    'an unknown tokenizer',
    config('data: { train: a, tokenizer: gpt4 }'),
    ['wrong-format 3 "gpt4"'],
  ],
  ['a name that is a path', config('name: ../a'), ['wrong-format 4 "../a"']],

  [
    'a width that heads cannot share',
    config('model: { family: slm, n_head: 6, n_embed: 385 }'),
    ['head-split 3 "385"'],
  ],
  [
    'heads that cannot share the default width',
    config('model: { family: slm, n_head: 5 }'),
    ['head-split 3 "5"'],
  ],
  [
    'heads of odd width',
    config('model: { family: slm, n_head: 2, n_embed: 6 }'),
    ['odd-head 3 "6"'],
  ],
  [
    'a vocabulary below the tokenizer',
    config('model: { family: slm, vocab_size: 50256 }'),
    ['vocab-too-small 3 "50256"'],
  ],
  [
    'text without a tokenizer',
    config('data: { train: a.txt, validation: b.jsonl, tokenizer: none }'),
    ['bin-needed 3 "a.txt"', 'bin-needed 3 "b.jsonl"'],
  ],
  [
    'a BPE smaller than its bytes',
    config('data: { train: a.txt, tokenizer: bpe:256 }'),
    ['bpe-size 3 "bpe:256"'],
  ],
  [
    'two validation sets',
    config('data: { train: a, validation: b, validation_fraction: 0.1 }'),
    ['no-effect 3 "0.1"'],
  ],
  [
    'tokens of an unknown vocabulary',
    config('data: { train: a.bin, tokenizer: none }'),
    ['vocab-needed 3 "none"'],
  ],
  [
    'a share of a bin held out',
    config('data: { train: a.bin, validation_fraction: 0.1 }'),
    ['no-effect 3 "0.1"'],
  ],
  [
    'evaluation beside a bin alone',
    config('train: { eval_every: 5 }', 'data: { train: a.bin }'),
    ['no-effect 3 "5"'],
  ],
  ['a format for a bin', config('data: { train: a.bin, format: text }'), ['no-effect 3 "text"']],
  [
    'two warm-ups',
    config('train: { warmup_ratio: 0.1, warmup_steps: 9 }'),
    ['warmup-twice 4 "0.1"'],
  ],
  [
    'warm-up to the end',
    config('train: { max_steps: 9, warmup_steps: 9 }'),
    ['warmup-too-long 4 "9"'],
  ],
  ['a warm-up ratio of one', config('train: { warmup_ratio: 1 }'), ['warmup-too-long 4 "1"']],
  [
    'a floor for a constant schedule',
    config('train: { schedule: constant, min_lr_ratio: 0 }'),
    ['no-effect 4 "0"'],
  ],
  [
    'evaluation of nothing',
    config('train: { eval_batches: 5 }', 'data: { train: a, validation_fraction: 0 }'),
    ['no-effect 3 "5"'],
  ],
  [
    'samples without a tokenizer',
    config(
      'train: { sample_every: 5 }',
      'data: { train: a.bin, tokenizer: none }',
      'model: { from: base }',
    ),
    ['sample-needs-tokenizer 2 "5"'],
  ],
  [
    'adapter targets that are nowhere',
    config('adapter: { kind: lora, targets: [qkv, q_proj, to_] }', 'model: { from: a }'),
    ['no-such-target 3 "to_"'],
  ],
  [
    'an adapter on random weights',
    config('adapter: { kind: lora }'),
    ['adapter-on-random 4 "{ kind: lora }"'],
  ],
  [
    'a rank above the width',
    config('adapter: { kind: lora, r: 500 }'),
    ['adapter-on-random 4 "{ kind: lora, r: 500 }"', 'rank-too-high 4 "500"'],
  ],
];
