import { describe, expect, it } from 'vitest';
import { openTerminal, printable } from '../../src/cli/terminal';

/** What a stream was given. */
function recorded(isTTY: boolean) {
  let text = '';
  const stream = { isTTY, columns: 40, write: (chunk: string) => (text += chunk) };
  return { terminal: openTerminal(stream as unknown as NodeJS.WriteStream), text: () => text };
}

/** What is left on the screen. */
function screenAfter(text: string): string[] {
  const lines = [''];
  for (const part of text.replaceAll('\r\x1b[2K', '⌫').split(/(⌫|\n)/))
    if (part === '\n') lines.push('');
    else if (part === '⌫') lines[lines.length - 1] = '';
    else lines[lines.length - 1] += part;
  return lines;
}

describe('on a screen', () => {
  it('keeps the status below what is printed', () => {
    const { terminal, text } = recorded(true);
    terminal.status('step 1');
    terminal.print('saved');
    terminal.status('step 2');
    expect(screenAfter(text())).toEqual(['saved', 'step 2']);
  });

  it('removes the status', () => {
    const { terminal, text } = recorded(true);
    terminal.status('step 1');
    terminal.status('');
    terminal.print('done');
    expect(screenAfter(text())).toEqual(['done', '']);
  });
});

it('prints plain lines and no status where there is no screen', () => {
  const { terminal, text } = recorded(false);
  terminal.status('step 1');
  terminal.print('saved');
  expect(text()).toBe('saved\n');
  expect(terminal.columns).toBe(0);
});

it.each([
  ['plain\ttext\nhere', 'plain\ttext\nhere'],
  ['\x1b[31mred\x07', '\ufffd[31mred\ufffd'],
  ['\r\x9b2K', '\ufffd\ufffd2K'],
])('%j is harmless as %j', (text, shown) => expect(printable(text)).toBe(shown));
