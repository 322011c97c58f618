import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chatTemplateOf,
  chatVariables,
  knownTemplates,
} from '../../../src/engine/chat/chatTemplate';
import { type ChatMessage, renderChat } from '../../../src/engine/chat/renderChat';
import { refusalOf } from '../data/refusal';

const { chats, cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/chat/rendered.json'), 'utf8'),
) as {
  chats: Record<string, ChatMessage[]>;
  cases: { template: string; chat: string; addGenerationPrompt: boolean; rendered?: string }[];
};

const tokenizer = {
  name: 'a model',
  chatTemplates: new Map([
    ['default', 'usual'],
    ['tool_use', 'with tools'],
  ]),
  roleTexts: { bos: '<s>', eos: '</s>' },
};

describe('a chat goes by', () => {
  it("the model's usual template, or that for tools", () => {
    expect(chatTemplateOf(tokenizer)).toBe('usual');
    expect(chatTemplateOf(tokenizer, true)).toBe('with tools');
  });

  it('the usual template also with tools, where there is no other', () => {
    const chatTemplates = new Map([['default', 'usual']]);
    expect(chatTemplateOf({ ...tokenizer, chatTemplates }, true)).toBe('usual');
  });

  it('none where the model has none, and then says what to do', async () => {
    const problem = await refusalOf(() =>
      chatTemplateOf({ ...tokenizer, chatTemplates: new Map() }),
    );
    expect(problem.code).toBe('chat.no-template');
    expect(problem.message).toContain('chatml, llama2');
  });
});

describe.each(Object.entries(knownTemplates))('the known template %s', (kind, template) => {
  const known = cases.filter(each => each.template === kind && each.rendered !== undefined);

  it.each(known)('is what transformers makes of $chat', async each => {
    const { chat: name, addGenerationPrompt, rendered } = each;
    const variables = chatVariables(tokenizer);
    const chat = { messages: chats[name]!, addGenerationPrompt, variables };
    expect(await renderChat(template, chat, { ms: 60_000, memoryMb: 64 })).toBe(rendered);
  });
});
