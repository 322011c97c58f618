/** Which template a chat with a model goes by, and what its tokenizer tells the template. Pure. */
import { fail } from '../problem';

/** What a Hugging Face tokenizer knows of chats. */
export interface ChatTokenizer {
  readonly name: string;
  readonly chatTemplates: ReadonlyMap<string, string>;
  /** `bos` → `<s>` */
  readonly roleTexts: Readonly<Record<string, string>>;
}

/**
 * The template for tools when there are tools and such a template, else the usual one.
 * @throws `chat.no-template`
 */
export function chatTemplateOf({ name, chatTemplates }: ChatTokenizer, hasTools = false): string {
  const template =
    (hasTools ? chatTemplates.get('tool_use') : undefined) ?? chatTemplates.get('default');
  return (
    template ??
    fail(
      'chat.no-template',
      `${name} has no chat template: it was not trained on chats, or its folder does not say how. ` +
        'Give a text to continue instead, or write its `chat_template` into its tokenizer_config.json; ' +
        `\`weightroom tokenize\` shows a chat with --template ${Object.keys(knownTemplates).join(', ')} or a file.`,
    )
  );
}

/** `bos_token`, `eos_token`, … */
export const chatVariables = ({ roleTexts }: ChatTokenizer): Record<string, string> =>
  Object.fromEntries(Object.entries(roleTexts).map(([role, text]) => [`${role}_token`, text]));

/** Formats that many models share, for folders that do not say. */
export const knownTemplates: Readonly<Record<'chatml' | 'llama2', string>> = {
  chatml:
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  llama2: [
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}",
    '{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}',
    '{% for message in loop_messages %}',
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}",
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}",
    "{% else %}{% set content = message['content'] %}{% endif %}",
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}",
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}",
    '{% endfor %}',
  ].join(''),
};
