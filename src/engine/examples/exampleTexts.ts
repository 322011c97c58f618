/**
 * A record as the text that a model reads, and which parts of it the model is to learn to write:
 * conversations by a chat template, prompts with completions by templates of fields. Knows nothing
 * of tokens.
 */
import { chatTemplateOf, chatVariables, type ChatTokenizer } from '../chat/chatTemplate';
import { renderChat } from '../chat/renderChat';
import type { DataConfig } from '../config/schema';
import { fail } from '../problem';
import { type DataRecord, type FieldTemplate, parseFieldTemplate } from '../data/fieldTemplate';

export interface ExampleText {
  readonly text: string;
  /** `[start, end)` of what is trained, in UTF-16 code units, in order. */
  readonly trained: readonly (readonly [start: number, end: number])[];
  /** The example ends with an end-of-text token, which is trained when this is. */
  readonly end: 'none' | 'masked' | 'trained';
}

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** @throws what the record or its template is at fault for, naming its place */
export type ToText = (record: DataRecord) => Promise<ExampleText>;

export type TextSettings = Pick<
  DataConfig,
  'format' | 'system' | 'prompt' | 'completion' | 'train_on' | 'response_template'
>;

/** Words of the model's own turn. */
const ASSISTANT = 'assistant';

/** @param chat the tokenizer's template, which `format: chat` needs */
export function exampleTexts(settings: TextSettings, chat: ChatTokenizer | undefined): ToText {
  const toText = settings.format === 'chat' ? chatTexts(settings, chat) : completionTexts(settings);
  const { response_template: response, train_on } = settings;
  if (train_on === 'all')
    return async record => {
      const example = await toText(record);
      const end = example.end === 'none' ? 'none' : 'trained';
      return { ...example, trained: [[0, example.text.length]], end };
    };
  if (response === undefined) return toText;
  return async record => {
    const example = await toText(record);
    const at = example.text.lastIndexOf(response);
    if (at < 0) return { ...example, trained: [], end: example.end === 'none' ? 'none' : 'masked' };
    return { ...example, trained: [[at + response.length, example.text.length]] };
  };
}

function completionTexts({ prompt, completion }: TextSettings): ToText {
  const before = parseFieldTemplate(prompt ?? '{prompt}', 'data.prompt');
  const after = parseFieldTemplate(completion ?? '{completion}', 'data.completion');
  return record => {
    const [asked, answered] = [before.fill(record), after.fill(record)];
    const text = asked + answered;
    return Promise.resolve({ text, trained: [[asked.length, text.length]], end: 'trained' });
  };
}

function chatTexts(settings: TextSettings, tokenizer: ChatTokenizer | undefined): ToText {
  if (!tokenizer)
    return fail(
      'chat.no-template',
      'Conversations need a tokenizer with a chat template: that of the model in `model.from`, with `data.tokenizer: model`. Or use `format: completion`.',
      { key: 'data.tokenizer' },
    );
  const template = chatTemplateOf(tokenizer);
  const variables = chatVariables(tokenizer);
  const render = (messages: readonly ChatMessage[], addGenerationPrompt: boolean) =>
    renderChat(template, {
      messages: messages.map(m => ({ ...m })),
      addGenerationPrompt,
      variables,
    });
  const toMessages = messagesOf(settings);
  return async record => {
    const messages = toMessages(record);
    const text = await render(messages, false);
    const trained: [number, number][] = [];
    for (const [i, { role }] of messages.entries()) {
      if (role !== ASSISTANT || settings.response_template !== undefined) continue;
      const before = await render(messages.slice(0, i), true);
      const until =
        i === messages.length - 1 ? text : await render(messages.slice(0, i + 1), false);
      if (!text.startsWith(before) || !text.startsWith(until))
        fail(
          'data.template-rewrites',
          `${record.name}: the chat template writes earlier turns differently once later ones follow, so the model's words cannot be told from the rest. Set \`data.response_template\` to what stands before them.`,
          record.place,
        );
      trained.push([before.length, until.length]);
    }
    return { text, trained, end: 'none' };
  };
}

/** `messages` as they are; else a question and its answer, or what `prompt` and `completion` make. */
export function messagesOf({ system, prompt, completion }: TextSettings) {
  const templates = {
    question: prompt === undefined ? undefined : parseFieldTemplate(prompt, 'data.prompt'),
    answer:
      completion === undefined ? undefined : parseFieldTemplate(completion, 'data.completion'),
  };
  return (record: DataRecord): ChatMessage[] => {
    const own = 'messages' in record.fields ? readMessages(record) : turnOf(record, templates);
    const needsSystem = system !== undefined && own[0]?.role !== 'system';
    return needsSystem ? [{ role: 'system', content: system }, ...own] : own;
  };
}

function turnOf(
  record: DataRecord,
  { question, answer }: { question: FieldTemplate | undefined; answer: FieldTemplate | undefined },
): ChatMessage[] {
  const has = (name: string) => name in record.fields;
  const [asked, answered] =
    has('question') && has('answer') ? ['question', 'answer'] : ['prompt', 'completion'];
  if (!question && !answer && !has(asked))
    fail(
      'data.missing-field',
      `${record.name} has neither "messages" nor "question" and "answer" nor "prompt" and "completion". Say with \`data.prompt\` and \`data.completion\` what is asked and answered.`,
      record.place,
    );
  const fill = (template: FieldTemplate | undefined, field: string) =>
    (template ?? parseFieldTemplate(`{${field}}`, '')).fill(record);
  return [
    { role: 'user', content: fill(question, asked) },
    { role: ASSISTANT, content: fill(answer, answered) },
  ];
}

function readMessages({ fields, name, place }: DataRecord): ChatMessage[] {
  const { messages } = fields;
  const isMessage = (m: unknown): m is ChatMessage =>
    typeof m === 'object' &&
    m !== null &&
    typeof (m as ChatMessage).role === 'string' &&
    typeof (m as ChatMessage).content === 'string';
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage))
    return fail(
      'data.bad-messages',
      `${name}: "messages" must be a list of {"role": …, "content": …} with texts.`,
      place,
    );
  return messages;
}
