/** `weightroom tokenize` as a user has it: bundles with their threads, in a process that ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();
const fixtures = join(import.meta.dirname, '../fixtures/tokenizers');
const qwen = join(fixtures, 'qwen');
const inFolder = (name: string, text: string): string => {
  const path = join(cli.folder, name);
  writeFileSync(path, text);
  return path;
};
const chat = inFolder('chat.json', '[{"role":"user","content":"Hi"}]');

interface Tokens {
  tokenizer: string;
  tokens: number;
  characters: number;
  bytes: number;
  text: string;
  ids: number[];
  pieces: string[];
  offsets?: [number, number][];
}

async function tokens(...args: string[]): Promise<Tokens> {
  const { code, stdout, stderr } = await cli.run('tokenize', ...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Tokens;
}

describe('tokenize', () => {
  it('gives ids, pieces, places and counts as JSON', async () => {
    const cases = JSON.parse(readFileSync(join(qwen, 'expected.json'), 'utf8')) as Tokens[];
    const { text, ids, offsets } = cases[4]!;
    const found = await tokens(qwen, text, '--read-special');
    expect(found).toMatchObject({ tokenizer: 'qwen', text, ids, offsets, tokens: ids.length });
    expect(found.pieces.join('')).toBe(text);
  });

  it('shows a token a line, and what they come to', async () => {
    const { code, stdout } = await cli.run('tokenize', 'bytes', 'né');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '0  110  0–1  "n"',
      '1  195  1–2  "<C3>"',
      '2  169  1–2  "<A9>"',
      '3 tokens · 2 characters · 3 bytes · 0.67 characters a token',
      '',
    ]);
  });

  it('takes the text of a file, and ids back to text', async () => {
    const file = inFolder('text.txt', 'from a file\n');
    const { ids, text } = await tokens('gpt2', '--file', file);
    expect(text).toBe('from a file\n');
    expect((await tokens('gpt2', '--ids', ids.join(','))).text).toBe(text);
    const skipped = await tokens('gpt2', '--ids', `${ids.join(',')},50256`, '--skip-special');
    expect(skipped.text).toBe(text);
    expect(skipped.offsets).toBeUndefined();
  });

  it('takes the text of standard input', async () => {
    const { child, finished } = cli.start('tokenize', 'bytes', '--json');
    child.stdin?.end('abc');
    expect((JSON.parse((await finished).stdout) as Tokens).ids).toEqual([97, 98, 99]);
  });

  it('renders a chat, reads its special tokens as such, and ends', async () => {
    const template = inFolder('template.jinja', "{{ '<s>' + messages[0].content }}");
    const found = await tokens(qwen, '--chat', chat, '--template', template);
    expect(found.text).toBe('<s>Hi');
    expect(found.pieces[0]).toBe('<s>');
    const known = await tokens(qwen, '--chat', chat, '--template', 'chatml');
    expect(known.text).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    const bare = await tokens(
      ...[qwen, '--chat', chat, '--template', 'chatml', '--no-generation-prompt'],
    );
    expect(bare.text).toBe('<|im_start|>user\nHi<|im_end|>\n');
  });

  it('puts around a text what the model expects', async () => {
    const llama = join(fixtures, 'llama3');
    const { ids } = await tokens(llama, 'Hi');
    const framed = await tokens(llama, 'Hi', '--add-special');
    expect(framed.ids.slice(1)).toEqual(ids);
    expect(framed.pieces[0]).toBe('<s>');
  });

  it.each<[why: string, code: string, args: string[]]>([
    ['a folder without a tokenizer', 'tokenizer.missing', [cli.folder, 'x']],
    ['a folder that is not there', 'tokenizer.missing', ['nowhere', 'x']],
    ['a chat without a template', 'chat.no-template', [qwen, '--chat', chat]],
    ['a chat that is none', 'tokenize.bad-chat', [qwen, '--chat', join(qwen, 'tokenizer.json')]],
    ['an id that is no token', 'tokenize.unknown-id', ['gpt2', '--ids', '1,50257']],
    ['a template that is not there', 'disk.missing', [qwen, '--chat', chat, '--template', 'none']],
  ])('refuses %s', async (_, problem, args) => {
    const { code, stdout, stderr } = await cli.run('tokenize', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error ${problem}: `);
  });

  it('says in which line a template is wrong', async () => {
    const template = inFolder('bad.jinja', 'a\n{{ messages + 1 }}');
    const { code, stderr } = await cli.run(
      ...['tokenize', qwen, '--chat', chat, '--template', template],
    );
    expect(code).toBe(2);
    expect(stderr).toContain(`error chat.failed: The chat template fails in line 2`);
    expect(stderr).toContain(`  at ${template}:2`);
  });
});
