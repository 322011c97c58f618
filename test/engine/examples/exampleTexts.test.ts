/** Which parts of an example's text are trained: by completion, by turns, by what stands before them. */
import { describe, expect, it } from 'vitest';
import { knownTemplates } from '../../../src/engine/chat/chatTemplate';
import type { DataRecord } from '../../../src/engine/data/fieldTemplate';
import { exampleTexts, type TextSettings } from '../../../src/engine/examples/exampleTexts';
import { refusalOf } from '../data/refusal';

const chatml = {
  name: 'test',
  chatTemplates: new Map([['default', knownTemplates.chatml]]),
  roleTexts: {},
};

const record = (fields: Record<string, unknown>): DataRecord => ({
  fields,
  name: 'x.jsonl, line 1',
  place: { file: 'x.jsonl', line: 1 },
});

/** The text with what is trained in brackets. */
async function marked(settings: Partial<TextSettings>, fields: Record<string, unknown>) {
  const toText = exampleTexts({ format: 'chat', train_on: 'completion', ...settings }, chatml);
  const { text, trained, end } = await toText(record(fields));
  const parts = trained.toReversed().reduce((shown, [from, to]) => {
    return `${shown.slice(0, from)}[${shown.slice(from, to)}]${shown.slice(to)}`;
  }, text);
  return `${parts}${end === 'none' ? '' : `<${end}>`}`;
}

const question = { question: 'Two?', answer: 'So 2.\n#### 2' };
const turns = (...contents: string[]) => ({
  messages: contents.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content })),
});

describe('what is trained', () => {
  const cases: [string, Partial<TextSettings>, Record<string, unknown>, string][] = [
    [
      'is the answer to a question in a chat',
      {},
      question,
      '<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n[So 2.\n#### 2<|im_end|>\n]',
    ],
    [
      'is each turn of the model, and no other',
      {},
      turns('a', 'b', 'c', 'd'),
      '<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>\n]<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n[d<|im_end|>\n]',
    ],
    [
      'leaves a system message out, which is put before those without one',
      { system: 'Be brief.' },
      turns('a', 'b'),
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>\n]',
    ],
    [
      'is what templates of fields make of a record',
      { prompt: '{question|upper}', completion: '{explanation}\n### {answer|digits}' },
      { question: 'Mấy?', explanation: 'Vậy là 72.', answer: 'Đáp số: 72 cái' },
      '<|im_start|>user\nMẤY?<|im_end|>\n<|im_start|>assistant\n[Vậy là 72.\n### 72<|im_end|>\n]',
    ],
    [
      'is what follows the last response template',
      { response_template: '<|im_start|>assistant\n' },
      turns('a', 'b', 'c', 'd'),
      '<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n[d<|im_end|>\n]',
    ],
    [
      'is nothing where the response template is not',
      { response_template: '### Answer:' },
      turns('a', 'b'),
      '<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n',
    ],
    [
      'is everything when all is asked for',
      { train_on: 'all' },
      turns('a', 'b'),
      '[<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n]',
    ],
    [
      'is a completion and its end',
      { format: 'completion' },
      { prompt: 'Q: 1+1\nA: ', completion: '2' },
      'Q: 1+1\nA: [2]<trained>',
    ],
    [
      "is GSM8K's answer with its final answer",
      {
        format: 'completion',
        prompt: '### Question:\n{question|strip}\n\n### Answer:\n',
        completion: '{answer|strip}\n\n### Final Answer:\n{answer|final}',
      },
      question,
      '### Question:\nTwo?\n\n### Answer:\n[So 2.\n#### 2\n\n### Final Answer:\n2]<trained>',
    ],
    [
      'has braces where they are doubled',
      { format: 'completion', prompt: '{{{prompt}}}', completion: '{completion}' },
      { prompt: 'a', completion: 'b' },
      '{a}[b]<trained>',
    ],
  ];
  it.each(cases)('%s', async (_, settings, fields, expected) => {
    expect(await marked(settings, fields)).toBe(expected);
  });
});

describe('a record that does not fit', () => {
  const rewriting = {
    name: 'test',
    chatTemplates: new Map([
      ['default', '{% for m in messages %}{{ loop.length }}{{ m.content }}{% endfor %}'],
    ]),
    roleTexts: {},
  };
  const cases: [string, Record<string, unknown>, typeof chatml, string][] = [
    ['names its missing fields', { text: 'a' }, chatml, 'data.missing-field'],
    ['has no messages', { messages: [] }, chatml, 'data.bad-messages'],
    ['has messages without text', { messages: [{ role: 'user' }] }, chatml, 'data.bad-messages'],
    [
      'is written differently by later turns',
      turns('a', 'b', 'c'),
      rewriting,
      'data.template-rewrites',
    ],
  ];
  it.each(cases)('%s', async (_, fields, tokenizer, code) => {
    const toText = exampleTexts({ format: 'chat', train_on: 'completion' }, tokenizer);
    await expect(toText(record(fields))).rejects.toMatchObject({
      problem: { code, where: { file: 'x.jsonl', line: 1 } },
    });
  });

  it('cannot be a chat without a chat template', async () => {
    const open = () => exampleTexts({ format: 'chat', train_on: 'all' }, undefined);
    expect((await refusalOf(open)).code).toBe('chat.no-template');
  });
});
