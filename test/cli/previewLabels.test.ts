/** What a run would learn from its examples, as the command line shows it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCommandLine } from './commandLine';

const cli = openCommandLine();
const { folder } = cli;
mkdirSync(join(folder, 'data'), { recursive: true });
const records = [
  { prompt: 'Mấy? ', completion: 'ba' },
  { prompt: 'x'.repeat(40), completion: '1' },
  { prompt: '1+1=', completion: '2'.repeat(40) },
];
writeFileSync(join(folder, 'data/a.jsonl'), records.map(r => JSON.stringify(r)).join('\n'));

function config(name: string, data: string): string {
  const path = join(folder, `${name}.yaml`);
  const model = '{ family: slm, block_size: 16, n_layer: 1, n_head: 2, n_embed: 16 }';
  writeFileSync(
    path,
    `weightroom: 1\nmodel: ${model}\ndata: { train: data/a.jsonl, validation_fraction: 0, tokenizer: bytes, ${data} }\n`,
  );
  return path;
}

describe('preview-labels', () => {
  it('shows what is trained, what is masked and what is cut, and what is left out', async () => {
    const { code, stdout } = await cli.run('preview-labels', config('all', 'format: completion'));
    expect(code).toBe(0);
    const [first, text, ...rest] = stdout.split('\n');
    expect(first).toBe('Example 0  10 tokens: 3 trained, 7 masked');
    expect(text).toBe('Mấy? ⟦ba<|endoftext|>⟧');
    expect(rest.join('\n')).toContain('1+1=⟦222222222222⟧✂');
    expect(rest.join('\n')).toContain('✗ 1 example cut before the answer begins: left out');
    expect(rest.join('\n')).toContain('! 1 example cut in the answer');
  });

  it('says the same as JSON, token by token', async () => {
    const path = config('json', 'format: completion');
    const { stdout } = await cli.run('preview-labels', path, '--examples', '1', '--json');
    const [example, totals] = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    const marks = (example!['tokens'] as { mark: string }[]).map(({ mark }) => mark[0]).join('');
    expect(marks).toBe('mmmmmmmttt');
    expect(totals).toMatchObject({
      ...{ examples: 3, unmarked: 0, cutBefore: 1, cut: 2, rows: 2, rowLength: 16 },
      tokens: { trained: 15, masked: 27, cut: 55 },
    });
  });

  it('ends with 2 when nothing would be trained', async () => {
    const path = config('none', "format: completion, response_template: '###'");
    const { code, stdout } = await cli.run('preview-labels', path);
    expect(code).toBe(2);
    expect(stdout).toContain('✗ 3 examples without a trained token: left out');
  });

  it('refuses data that has no labels', async () => {
    const { code, stderr } = await cli.run('preview-labels', config('stream', 'format: jsonl'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error data\.not-examples: /);
  });
});
