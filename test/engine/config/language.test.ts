import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fields } from '../../../src/engine/config/fields';
import {
  completionsAt,
  configJsonSchema,
  documentLinks,
  hoverAt,
  lensesOf,
} from '../../../src/engine/config/language';
import { config, DATA, MODEL } from './brokenConfigs';

/** Takes the `|` out of a text: where the cursor is. */
const at = (marked: string): [text: string, offset: number] => [
  marked.replace('|', ''),
  marked.indexOf('|'),
];

const labels = (marked: string) => completionsAt(...at(marked)).items.map(({ label }) => label);

const MODEL_KEYS = ['vocab_size', 'block_size', 'n_layer', 'n_head', 'n_embed', 'dropout', 'bias'];
const ADAPTER_KEYS = ['kind', 'r', 'alpha', 'rslora', 'dropout', 'from', 'quantization', 'targets'];
const TOP_KEYS = ['name', 'train', 'adapter', 'evaluate', 'device'];

describe('completionsAt', () => {
  it.each<[claim: string, marked: string, labels: string[]]>([
    [
      'a whole config in an empty text',
      '|',
      [
        ...['Weightroom config', 'Weightroom cache study', 'weightroom', 'name', 'model', 'data'],
        ...['train', 'adapter', 'evaluate', 'device', 'cache_study'],
      ],
    ],
    ['top-level keys not yet there', `weightroom: 1\n${MODEL}\n${DATA}\n|`, TOP_KEYS],
    ['top-level keys while one is typed', `weightroom: 1\n${MODEL}\n${DATA}\nde|`, TOP_KEYS],
    ['top-level keys above others', `weightroom: 1\n|\n${MODEL}\n${DATA}\n`, TOP_KEYS],
    [
      'keys of both model forms',
      'weightroom: 1\nmodel:\n  |',
      ['family', ...MODEL_KEYS, 'from', 'dropout'],
    ],
    ['keys of a family', 'weightroom: 1\nmodel:\n  family: slm\n  |', MODEL_KEYS],
    ['keys of a family in open braces', 'model: { family: slm, |', MODEL_KEYS],
    ['keys in closed braces', 'model: { family: slm, n_l| }', MODEL_KEYS],
    ['keys in braces over lines', 'model: {\n  family: slm,\n  |\n}', MODEL_KEYS],
    ['keys beside from', 'model:\n  from: base\n  |', ['dropout']],
    [
      'keys of the section above a deeper line',
      'adapter:\n  r: 4\n    |',
      ['kind', 'alpha', 'rslora', 'dropout', 'from', 'quantization', 'targets'],
    ],
    [
      'keys between keys',
      'adapter:\n  r: 4\n  |\n  alpha: 8\n',
      ['kind', 'rslora', 'dropout', 'from', 'quantization', 'targets'],
    ],
    ['the key under the cursor', 'adapter:\n  al|pha: 8\n', ADAPTER_KEYS],
    ['keys after a comment', 'adapter: # LoRA\n  # rank\n  |', ADAPTER_KEYS],
    ['keys after an error elsewhere', 'model: { family: slm\nadapter:\n  |', ADAPTER_KEYS],
    [
      'keys with Windows line ends',
      'weightroom: 1\r\nadapter:\r\n  r: 4\r\n  |',
      ['kind', 'alpha', 'rslora', 'dropout', 'from', 'quantization', 'targets'],
    ],
    ['choices', 'train:\n  schedule: |', ['cosine', 'linear', 'constant']],
    ['choices in braces', 'train: { schedule: co|, seed: 1 }', ['cosine', 'linear', 'constant']],
    ['a boolean', 'model:\n  bias: |', ['true', 'false']],
    ['the default of a number', 'train:\n  learning_rate: |', ['0.001']],
    ['tokenizers', 'data: { tokenizer: |', ['gpt2', 'bytes', 'bpe:4096', 'model', 'none']],
    [
      'tokenizers after a colon',
      'data: { tokenizer: bpe:|',
      ['gpt2', 'bytes', 'bpe:4096', 'model', 'none'],
    ],
    [
      'adapter targets in brackets',
      'adapter: { targets: [qkv, |',
      ['qkv', 'proj', 'fc', 'attn', 'mlp'],
    ],
    [
      'adapter targets as lines',
      'adapter:\n  targets:\n    - qkv\n    - |',
      ['qkv', 'proj', 'fc', 'attn', 'mlp'],
    ],
    ['devices', `${config('')}device: |`, ['cpu', 'webgpu']],
    ['nothing in a comment', 'train:\n  # |', []],
    ['nothing below an unknown key', 'train:\n  colour: |', []],
  ])('offers %s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expected);
  });

  it.each<[claim: string, marked: string, label: string, result: string]>([
    ['a key with its default', 'train:\n  max|', 'max_steps', 'train:\n  max_steps: ${1:1000}'],
    ['only the name before a colon', 'train:\n  ma|x: 5', 'max_steps', 'train:\n  max_steps: 5'],
    [
      'a section with its first key',
      'weightroom: 1\nda|',
      'data',
      'weightroom: 1\ndata:\n  train: ${1:data/train.jsonl}',
    ],
    [
      'a section inside braces',
      '{ weightroom: 1, ad|',
      'adapter',
      '{ weightroom: 1, adapter: { kind: ${1|lora|} }',
    ],
    ['a choice', 'train: { sch|', 'schedule', 'train: { schedule: ${1|cosine,linear,constant|}'],
    [
      'a value in place of another',
      'train:\n  schedule: lin|ear',
      'constant',
      'train:\n  schedule: constant',
    ],
  ])('inserts %s', (_, marked, label, result) => {
    const [text, offset] = at(marked);
    const item = completionsAt(text, offset).items.find(each => each.label === label);
    const [start, end] = item?.range ?? [0, 0];
    expect(text.slice(0, start) + item?.snippet + text.slice(end)).toBe(result);
  });

  it.each<[marked: string, kind: string | undefined, typed: string]>([
    ['data:\n  train: |', 'file', ''],
    ['data: { train: data/a|', 'file', 'data/a'],
    ['data: { validation: ../b.js|onl }', 'file', '../b.jsonl'],
    ['model:\n  from: mod|', 'folder', 'mod'],
    ['train: { batch_order: |', 'file', ''],
    ['train: { seed: |', undefined, ''],
  ])('says whether a path belongs at %j', (marked, kind, typed) => {
    const [text, offset] = at(marked);
    const { path } = completionsAt(text, offset);
    expect(path?.kind).toBe(kind);
    expect(path ? text.slice(...path.range) : '').toBe(typed);
  });

  it('documents what it offers', () => {
    const [item] = completionsAt(...at('adapter:\n  kind: lora\n  |')).items;
    expect(item).toMatchObject({
      label: 'r',
      detail: 'a whole number from 1 to 4\u2009096 · default `8`',
    });
    expect(item?.documentation).toContain('Rank of the adapter');
  });
});

describe('hoverAt', () => {
  it.each<[marked: string, range: string, words: string[]]>([
    ['adapter: { kind: lora, al|pha: 32 }', 'alpha', ['default `16`', 'alpha / r = 32 / 8 = 4']],
    ['adapter: { kind: lora, alpha: 3|2 }', '32', ['alpha / r = 32 / 8 = 4']],
    [
      'train: { batch_size: 4, gradient_accum|ulation: 8 }',
      'gradient_accumulation',
      ['4 × 8 × 256 = 8\u2009192'],
    ],
    ['train: { max_|steps: 10 }', 'max_steps', ['10 × 1\u2009024 = 10\u2009240']],
    [
      'train: { warmup_rat|io: 0.05, max_steps: 10000 }',
      'warmup_ratio',
      ['500 of 10\u2009000 steps'],
    ],
    ['train: { learning_rate: 1e-|4 }', '1e-4', ['0.0001 × 0.1 = 0.00001']],
    ['tr|ain: { seed: 1 }', 'train', ['How to train.']],
    [`device: c|pu`, 'cpu', ['`cpu` or `webgpu`']],
  ])('explains %j', (marked, marks, words) => {
    const [text, offset] = at(config(marked));
    const hover = hoverAt(text, offset);
    expect(hover && text.slice(...hover.range)).toBe(marks);
    for (const word of words) expect(hover?.markdown).toContain(word);
  });

  it('knows which form of the model a key belongs to', () => {
    const [text, offset] = at('weightroom: 1\nmodel: { from: base, drop|out: 0 }');
    expect(hoverAt(text, offset)?.markdown).toContain("Overrides the folder's dropout.");
  });

  it('gives no formula when it would rest on a wrong value', () => {
    const [text, offset] = at(config('adapter: { kind: lora, r: x, al|pha: 8 }'));
    expect(hoverAt(text, offset)?.markdown).not.toContain('scale =');
  });

  it.each(['weightroom: 1\n|\n', 'col|our: red', '', 'train: {| seed: 1 }'])(
    'is silent at %j',
    marked => {
      expect(hoverAt(...at(marked))).toBeUndefined();
    },
  );
});

describe('lensesOf', () => {
  it('puts every action on the first key', () => {
    const text = `# mine\n${config('')}`;
    const lenses = lensesOf(text).map(({ action, range }) => [action, text.slice(...range)]);
    expect(lenses).toEqual([
      ['train', 'weightroom'],
      ['resume', 'weightroom'],
      ['try', 'weightroom'],
      ['plan', 'weightroom'],
      ['curves', 'weightroom'],
      ['diff', 'weightroom'],
    ]);
  });

  it('offers labels where there are examples', () => {
    const actions = (format: string) =>
      lensesOf(`weightroom: 1\ndata: { train: a, format: ${format} }`).map(lens => lens.action);
    expect(actions('chat')).toContain('labels');
    expect(actions('completion')).toContain('labels');
    expect(actions('gsm8k')).not.toContain('labels');
  });

  it('leaves other YAML files alone', () => {
    expect(lensesOf('name: CI\non: push')).toEqual([]);
  });
});

describe('documentLinks', () => {
  it('finds every path', () => {
    const text = [
      'weightroom: 1',
      'model: { from: models/base }',
      'data:',
      '  train: "data/a b.jsonl"',
      '  validation:',
      'train: { batch_order: order.json }',
    ].join('\n');
    const links = documentLinks(text).map(({ path, kind, key, range }) => [
      key,
      path,
      kind,
      text.slice(...range),
    ]);
    expect(links).toEqual([
      ['model.from', 'models/base', 'folder', 'models/base'],
      ['data.train', 'data/a b.jsonl', 'file', '"data/a b.jsonl"'],
      ['train.batch_order', 'order.json', 'file', 'order.json'],
    ]);
  });
});

describe('configJsonSchema', () => {
  it('describes every key and refuses unknown ones', () => {
    const schema = configJsonSchema();
    expect(schema).toMatchObject({
      type: 'object',
      required: ['weightroom'],
      anyOf: [
        { required: ['model', 'data'] },
        { required: ['cache_study'] },
        { required: ['evaluate'] },
      ],
      additionalProperties: false,
    });
    const undescribed = fields.filter(({ description }) => description === '');
    expect(undescribed).toEqual([]);
  });
});

it('answers at any offset of any text', () => {
  const parts = fc.constantFrom(
    ...['weightroom: 1\n', 'model:', 'train', ' ', '  ', '\n', '\t', '{', '}', '[', ']', ',', ':'],
    ...['- ', '"', "'", '# x', '|\n', '\r\n', 'tokenizer: bpe:', '&a', '*a', '\uFEFF', '𝒲', '\x18'],
  );
  const texts = fc.array(parts, { maxLength: 30 }).map(all => all.join(''));
  fc.assert(
    fc.property(texts, fc.nat(120), (text, place) => {
      const offset = Math.min(place, text.length);
      for (const { range } of completionsAt(text, offset).items) {
        expect(range[0] <= offset && offset <= range[1] && range[1] <= text.length).toBe(true);
      }
      hoverAt(text, offset);
      lensesOf(text);
      documentLinks(text);
    }),
    { numRuns: 500 },
  );
});
