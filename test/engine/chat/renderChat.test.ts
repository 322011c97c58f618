import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Chat,
  type ChatLimits,
  type ChatMessage,
  renderChat,
} from '../../../src/engine/chat/renderChat';
import { strftime } from '../../../src/engine/chat/strftime';
import { refusalOf } from '../data/refusal';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/chat', name), 'utf8'));

interface GoldenChats {
  templates: Record<string, string>;
  cases: {
    model: string;
    case: string;
    messages: ChatMessage[];
    add_generation_prompt: boolean;
    tools: object[] | null;
    rendered: string;
  }[];
}

interface RenderedChats {
  now: string;
  tools: object[];
  chats: Record<string, ChatMessage[]>;
  templates: Record<string, string>;
  cases: ({ template: string; chat: string; addGenerationPrompt: boolean } & (
    { rendered: string } | { refused: string } | { failed: string }
  ))[];
}

const golden = fixture('golden.json') as GoldenChats;
const rendered = fixture('rendered.json') as RenderedChats;
const variables = { bos_token: '<s>', eos_token: '</s>' };
const render = (template: string, chat: Partial<Chat> = {}) =>
  renderChat(template, { messages: [], ...chat }, { ms: 60_000, memoryMb: 64 });

describe('a chat is rendered as transformers renders it', () => {
  it.each(golden.cases)(
    '$model, $case, prompt $add_generation_prompt, tools $tools.length',
    async ({ model, messages, add_generation_prompt, tools, rendered }) => {
      const text = await render(golden.templates[model]!, {
        messages,
        addGenerationPrompt: add_generation_prompt,
        ...(tools && { tools }),
        variables: { bos_token: '<|begin_of_text|>', eos_token: '<|eot_id|>' },
      });
      expect(text).toBe(rendered);
    },
  );

  it.each(rendered.cases)('$template, $chat, prompt $addGenerationPrompt', async expected => {
    const { template, chat, addGenerationPrompt } = expected;
    const text = render(rendered.templates[template]!, {
      messages: rendered.chats[chat]!,
      addGenerationPrompt,
      ...(chat === 'tools' && { tools: rendered.tools }),
      variables,
      now: new Date(rendered.now),
    });
    if ('rendered' in expected) expect(await text).toBe(expected.rendered);
    else {
      const problem = await refusalOf(() => text);
      const isRefused = 'refused' in expected;
      expect(problem.code).toBe(isRefused ? 'chat.refused' : 'chat.failed');
      if (isRefused) expect(problem.message).toContain(expected.refused);
    }
  });
});

describe('a template that does not work says in which line', () => {
  const lines = (...text: string[]) => text.join('\n');
  it.each<[what: string, template: string, code: string, line: number]>([
    ['an unknown tag', lines('a', '{% nothing %}'), 'chat.bad-template', 2],
    ['a tag without an end', lines('a', 'b', '{{ x'), 'chat.bad-template', 3],
    ['a block without an end', lines('{% if x %}', 'b', '{{ x }}'), 'chat.bad-template', 3],
    ['a bad character', lines('{# {{', '#}', '{{ a', '  ?', '}}', 'c'), 'chat.bad-template', 4],
    ['a bad expression', lines('{{ a }}', '{% if %}', '{% endif %}'), 'chat.bad-template', 2],
    ['text without an end', lines('{{ a }}', "{{ 'b }}", 'c'), 'chat.bad-template', 2],
    ['an unknown filter', lines('a', '', '{{ [1] | nothing }}'), 'chat.failed', 3],
    [
      'a mistake in a loop',
      lines(
        '{% for i in range(2) %}',
        '{% if i == 1 %}',
        'x',
        '{{ i.f() }}',
        '{% endif %}',
        '{% endfor %}',
      ),
      'chat.failed',
      4,
    ],
    [
      'a mistake in elif',
      lines('{% if false %}', 'x', '{% elif none + 1 %}', 'y', '{% else %}', '{% endif %}'),
      'chat.failed',
      3,
    ],
    [
      'a mistake in a macro',
      lines('{% macro m(a) %}', '{{ a + none }}', '{% endmacro %}', '{{ m(1) }}'),
      'chat.failed',
      2,
    ],
    [
      'a mistake after what has tags inside',
      lines(
        '{% set x %}{{ 1 }}{% endset %}{% generation %}{{ "}}" }}{% endgeneration %}{# {% #}',
        '{% for a in [] %}{% else %}{{ {"a": {"b": 1}} }}{% endfor %}',
        '{% filter upper %}a{% endfilter %}{% if a %}{% elif b %}{% else %}{% endif %}',
        '{{ none + 1 }}',
      ),
      'chat.failed',
      4,
    ],
    ['a refusal', lines('a', '{{ raise_exception("no") }}'), 'chat.refused', 2],
  ])('%s', async (_, template, code, line) => {
    const problem = await refusalOf(() => render(template, { file: 'chat_template.jinja' }));
    expect(problem).toMatchObject({ code, where: { file: 'chat_template.jinja', line } });
  });
});

describe('a template cannot', () => {
  const QUICK = { ms: 400, memoryMb: 64 };
  /** For what ends by itself, on any machine. */
  const PATIENT = { ms: 60_000, memoryMb: 64 };
  const loops = (depth: number) =>
    '{% for i in range(99999) %}'.repeat(depth) + '.' + '{% endfor %}'.repeat(depth);

  it.each<[what: string, template: string, code: RegExp, limits?: ChatLimits]>([
    ['run on', loops(3), /too-slow|out-of-memory/],
    ['ask for a long range', '{{ range(1000000) | length }}', /failed/, PATIENT],
    [
      'double a text for ever',
      '{% set n = namespace(t="abcdefgh") %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t | upper }}',
      /failed|out-of-memory|too-slow|too-long/,
    ],
    [
      'fill a list',
      '{% set l = [] %}{% for i in range(99999) %}{% for j in range(99999) %}{% set _ = l.append([i, j, l]) %}{% endfor %}{% endfor %}',
      /out-of-memory|too-slow|failed/,
    ],
    [
      'nest without end',
      `{{ ${'('.repeat(30_000)}1${')'.repeat(30_000)} }}`,
      /bad-template/,
      PATIENT,
    ],
    ['call itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', /failed/, PATIENT],
    ['be a megabyte', '.'.repeat(1e6), /too-long/, PATIENT],
  ])('%s', async (_, template, code, limits = QUICK) => {
    const problem = await refusalOf(() => renderChat(template, { messages: [] }, limits));
    expect(problem.code).toMatch(/^chat\./);
    expect(problem.code).toMatch(code);
    expect(await render('{{ 1 + 1 }}')).toBe('2');
  });

  it('make others wait so long that they are taken for it', async () => {
    const slow = refusalOf(() => renderChat(loops(3), { messages: [] }, QUICK));
    const others = Array.from({ length: 5 }, (_, i) =>
      renderChat(`{{ ${i} }}`, { messages: [] }, PATIENT),
    );
    expect((await slow).code).toMatch(/too-slow|out-of-memory/);
    expect(await Promise.all(others)).toEqual(['0', '1', '2', '3', '4']);
  });

  it.each([
    '{{ "".constructor }}',
    '{{ "".constructor.constructor("return process")() }}',
    '{{ messages.__proto__ }}',
    '{{ messages.constructor.constructor("return this")() }}',
    '{{ ({}).__proto__.polluted }}',
    '{{ messages[0].__proto__ }}',
    '{{ messages[0]["constructor"] }}',
    '{{ range.constructor("return 7*7")() }}',
    '{{ raise_exception.__globals__ }}',
    '{{ "".__class__.__mro__[1].__subclasses__() }}',
    '{{ self.__init__.__globals__ }}',
    '{{ cycler.__init__.__globals__.os }}',
    '{{ process }}{{ require }}{{ globalThis }}{{ this }}{{ global }}',
    '{% set messages.__proto__ = 1 %}',
    '{% set x = namespace(__proto__=1) %}{{ x.polluted }}{{ x.toString }}',
    '{{ strftime_now.constructor }}',
    '{% include "/etc/passwd" %}',
    '{% import "fs" as fs %}',
    '{% extends "x" %}',
    '{{ lipsum.__globals__["os"].popen("id").read() }}',
  ])('get out by %s', async template => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const text = await render(template, { messages }).catch(async (error: unknown) => {
      expect((await refusalOf(() => Promise.reject(error as Error))).code).toMatch(/^chat\./);
      return '';
    });
    expect(text).toMatch(/^(|<function>|1|\[object \w+\])$/);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await render('{{ {}.polluted }}|{{ [1] | length }}')).toBe('|1');
  });
});

it.each([
  ['%A %d %B %Y', 'Sunday 04 January 2026'],
  ['%a %b %-d, %-I:%M %p', 'Sun Jan 4, 12:05 AM'],
  ['%j %U %W %u %w %y', '004 01 00 7 0 26'],
  ['%e|%-m|%Q|%%', ' 4|1|%Q|%'],
])('strftime writes %s as Python does', (format, text) => {
  expect(strftime(new Date(2026, 0, 4, 0, 5, 9), format)).toBe(text);
});
