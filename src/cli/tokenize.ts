/** `weightroom tokenize TOKENIZER [TEXT]`: the tokens of a text, a file or a chat, and text of ids. */
import { InvalidArgumentError, Option } from 'commander';
import { basename } from 'node:path';
import { chatTemplateOf, chatVariables, knownTemplates } from '../engine/chat/chatTemplate';
import { type ChatMessage, renderChat } from '../engine/chat/renderChat';
import type { HuggingFaceTokenizer } from '../engine/data/huggingFaceTokenizer';
import { openHuggingFaceTokenizer } from '../engine/data/huggingFaceTokenizer';
import type { EncodeOptions, Tokenizer } from '../engine/data/tokenizer';
import { openTokenizer } from '../engine/data/tokenizer';
import { disk } from '../engine/files/fileSystem';
import { exists, readText } from '../engine/files/readFile';
import { fail } from '../engine/problem';
import { openModelTokenizer } from '../engine/data/modelTokenizer';
import type { AddCommand } from './command';
import { exitCode } from './failure';
import { modelPath } from './modelPath';
import type { Terminal } from './terminal';
import { printable } from './terminal';

interface TokenizeOptions {
  file?: string;
  chat?: string;
  template?: string;
  generationPrompt: boolean;
  ids?: number[];
  readSpecial?: boolean;
  addSpecial?: boolean;
  skipSpecial?: boolean;
  json?: boolean;
}

export const addTokenize: AddCommand = (program, { out, exit }) => {
  program
    .command('tokenize')
    .description('show the tokens of a text, a file or a chat; or the text of token ids')
    .argument(
      '<tokenizer>',
      'a folder, tokenizer.json, model in the cache (organization/model), gpt2 or bytes',
    )
    .argument('[text]', 'to be cut into tokens; standard input without it')
    .addOption(new Option('--file <path>', 'a text file').conflicts(['chat', 'ids']))
    .addOption(
      new Option('--chat <path>', 'JSON messages, or an object with messages and tools').conflicts(
        'ids',
      ),
    )
    .option(
      '--template <name>',
      `of the chat: ${Object.keys(knownTemplates).join(', ')} or a file, instead of the model's`,
    )
    .option('--no-generation-prompt', "do not end the chat with the beginning of the model's turn")
    .addOption(new Option('--ids <list>', 'token ids, e.g. 1,2,3').argParser(readIds))
    .option('--read-special', 'read special tokens in the text as such (always in a chat)')
    .option('--add-special', 'put before and after the text what the model was trained to see')
    .option('--skip-special', 'leave special tokens out of the text of ids')
    .option('--json', 'print one JSON object')
    .action(async (name: string, text: string | undefined, options: TokenizeOptions) => {
      const tokenizer = await open(name);
      try {
        const found = await tokensOf(tokenizer, text, options);
        print(tokenizer, found, { out, json: options.json ?? false });
      } finally {
        tokenizer.dispose?.();
      }
      exit(exitCode.done);
    });
};

function readIds(text: string): number[] {
  if (/^[0-9]+(,[0-9]+)*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('Whole numbers with commas between them.');
}

async function open(name: string): Promise<Tokenizer> {
  if (/^(gpt2|bytes)$/.test(name) && !exists(disk, name)) return openTokenizer(name);
  if (basename(name) === 'tokenizer.json') return openHuggingFaceTokenizer(name);
  const dir = modelPath(name);
  return (await openModelTokenizer(dir)) ?? openHuggingFaceTokenizer(dir);
}

interface Found {
  readonly text: string;
  readonly ids: readonly number[];
  /** Absent where ids were given. */
  readonly offsets?: readonly [number, number][];
}

async function tokensOf(
  tokenizer: Tokenizer,
  given: string | undefined,
  options: TokenizeOptions,
): Promise<Found> {
  const { ids, skipSpecial = false, readSpecial = false, addSpecial = false } = options;
  if (ids) {
    refuseUnknown(tokenizer, ids);
    return { ids, text: tokenizer.decode(ids, { skipSpecialTokens: skipSpecial }) };
  }
  const text = options.chat === undefined ? await textOf(given, options) : undefined;
  const rendered = text ?? (await chatText(tokenizer, options.chat!, options));
  const encoding: EncodeOptions = {
    readSpecialTokens: readSpecial || text === undefined,
    addSpecialTokens: addSpecial,
  };
  return { text: rendered, ...tokenizer.encodeWithOffsets(rendered, encoding) };
}

function refuseUnknown({ name, vocabSize }: Tokenizer, ids: readonly number[]): void {
  const unknown = ids.find(id => id >= vocabSize);
  if (unknown !== undefined)
    fail(
      'tokenize.unknown-id',
      `${unknown} is no token of ${name}: its ids are 0 to ${vocabSize - 1}.`,
    );
}

async function textOf(given: string | undefined, { file }: TokenizeOptions): Promise<string> {
  if (file !== undefined) return readText(disk, file);
  if (given !== undefined) return given;
  if (process.stdin.isTTY)
    fail('tokenize.no-text', 'Give a text, --file, --chat or --ids, or a text on standard input.');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function chatText(
  tokenizer: Tokenizer,
  file: string,
  { template, generationPrompt }: TokenizeOptions,
): Promise<string> {
  const { messages, tools } = readChat(file);
  const isTrained = isHuggingFace(tokenizer);
  const source =
    template === undefined
      ? chatTemplateOf(isTrained ? tokenizer : untrained(tokenizer), tools !== undefined)
      : (knownTemplates[template as keyof typeof knownTemplates] ?? readText(disk, template));
  return renderChat(source, {
    messages,
    addGenerationPrompt: generationPrompt,
    ...(tools && { tools }),
    variables: isTrained ? chatVariables(tokenizer) : {},
    file: template ?? tokenizer.name,
  });
}

const isHuggingFace = (tokenizer: Tokenizer): tokenizer is HuggingFaceTokenizer =>
  'chatTemplates' in tokenizer;

const untrained = ({ name }: Tokenizer) => ({ name, chatTemplates: new Map(), roleTexts: {} });

function readChat(file: string): { messages: ChatMessage[]; tools?: object[] } {
  let json: unknown;
  try {
    json = JSON.parse(readText(disk, file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail('tokenize.bad-chat', `${file} is not JSON: ${error.message}`, { file });
  }
  const chat = Array.isArray(json) ? { messages: json as unknown } : json;
  const { messages, tools } = (chat ?? {}) as { messages?: unknown; tools?: object[] };
  if (!Array.isArray(messages) || !messages.every(isMessage))
    return fail(
      'tokenize.bad-chat',
      `${file} holds no messages: write [{"role": "user", "content": "Hello"}].`,
      { file },
    );
  return { messages, ...(Array.isArray(tools) && { tools }) };
}

const isMessage = (value: unknown): value is ChatMessage =>
  typeof value === 'object' && value !== null && 'role' in value && typeof value.role === 'string';

function print(
  tokenizer: Tokenizer,
  { text, ids, offsets }: Found,
  { out, json }: { out: Terminal; json: boolean },
): void {
  const pieces = ids.map(id => tokenizer.tokenText(id));
  const characters = [...text].length;
  const bytes = Buffer.byteLength(text);
  if (json) {
    const { name, hash, vocabSize } = tokenizer;
    const counts = { tokens: ids.length, characters, bytes };
    const facts = { tokenizer: name, hash, vocab_size: vocabSize, ...counts };
    out.print(JSON.stringify({ ...facts, text, ids, pieces, offsets }));
    return;
  }
  const rows = ids.map((id, i) => {
    const [start, end] = offsets?.[i] ?? ['', ''];
    const place = offsets ? `${start}–${end}` : '';
    return [String(i), String(id), place, JSON.stringify(printable(pieces[i]!))];
  });
  for (const row of aligned(rows)) out.print(row);
  if (!offsets) out.print(JSON.stringify(printable(text)));
  const each =
    ids.length > 0 ? ` · ${(characters / ids.length).toFixed(2)} characters a token` : '';
  out.print(`${ids.length} tokens · ${characters} characters · ${bytes} bytes${each}`);
}

/** Numbers to the right, text as it is. */
function aligned(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(row => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
}
