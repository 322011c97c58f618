/** What `weightroom generate` can be told, read and checked. Knows nothing of models. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { gsm8kPrompt } from '../engine/data/gsm8k';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import { type BackendName, backendNames } from '../engine/generate/backendNames';
import type { Bits } from '../engine/model/quantise';
import { type AdapterSource, adapterSource } from '../engine/model/combineAdapters';
import { fail, ProblemError } from '../engine/problem';
import type { CheckpointChoice } from '../engine/run/chooseCheckpoint';
import { type DeviceName, deviceNames } from '../protocol/devices';
import type { PromptInput, SamplingSettings } from '../protocol/sandbox';
import { number } from './numberOption';

export interface GenerateOptions {
  runs: string;
  checkpoint: CheckpointChoice;
  adapter?: AdapterSource[];
  prompt?: string[];
  question?: string[];
  promptIds?: number[][];
  chat?: string;
  maxNewTokens: number;
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  stop: string[];
  alternatives: number;
  seed: number;
  greedy?: boolean;
  backend?: BackendName;
  quantize?: Bits;
  device: DeviceName;
  python?: string;
  threads: number;
  json?: boolean;
}

export function addGenerateOptions(command: Command): Command {
  addPrompts(command);
  addSampling(command);
  return command
    .option('--checkpoint <which>', 'of a run: best, newest or a step', readChoice, 'best' as const)
    .option(
      '--adapter <dir[:weight]>',
      'an adapter to put on the model, and how strongly; may be repeated',
      collectAdapter,
    )
    .addOption(
      new Option(
        '--backend <name>',
        'how it is computed; all give the same text (int8 and int4: nearly). kv, and nocache where the device has no cache',
      ).choices(backendNames),
    )
    .addOption(
      new Option('--quantize <bits>', 'hold linear layers in int8 or int4')
        .choices(['int8', 'int4'])
        .argParser(readBits),
    )
    .addOption(new Option('--device <name>').choices(deviceNames).default('cpu'))
    .option('--python <path>', 'the interpreter that has PyTorch or ttml, for devices of these')
    .option('--threads <n>', '0 uses every core', number({ least: 0, most: 256, whole: true }), 0)
    .option('--json', 'one JSON object per prompt');
}

const PROMPTS = ['prompt', 'question', 'promptIds', 'chat'];

function addPrompts(command: Command): void {
  const alone = (flags: string, about: string, own: string) =>
    new Option(flags, about).conflicts(PROMPTS.filter(name => name !== own));
  command
    .addOption(
      alone(
        '--prompt <text>',
        'text to continue; several are continued together',
        'prompt',
      ).argParser(collect),
    )
    .addOption(
      alone(
        '--question <text>',
        'question in the form of gsm8k; may be repeated',
        'question',
      ).argParser(collect),
    )
    .addOption(
      alone(
        '--prompt-ids <list>',
        'token ids to continue, e.g. 1,2,3; several are continued together',
        'promptIds',
      ).argParser(collectIds),
    )
    .addOption(
      alone(
        '--chat <file>',
        'JSON messages with role and content, put into the chat template',
        'chat',
      ),
    );
}

const addSampling = (command: Command): Command =>
  command
    .option('--max-new-tokens <n>', 'at most so many', number({ least: 1, whole: true }), 256)
    .option('--temperature <t>', '0 is greedy', number({ least: 0 }), 0.8)
    .option('--top-k <k>', 'only the k most likely; 0 = all', number({ least: 0, whole: true }), 0)
    .option(
      '--top-p <p>',
      'only the likeliest that reach p together',
      number({ least: 0, most: 1 }),
      1,
    )
    .option(
      '--min-p <p>',
      'only those at least p times as likely as the likeliest',
      number({ least: 0, most: 1 }),
      0,
    )
    .option(
      '--repetition-penalty <x>',
      'above 1 discourages what occurred',
      number({ least: 0.01 }),
      1,
    )
    .option('--stop <text>', 'end before this text; may be repeated', collectStop, [])
    .option(
      '--alternatives <n>',
      'tell so many likely tokens (--json)',
      number({ least: 0, whole: true }),
      0,
    )
    .option('--seed <n>', 'of the sampling', number({ least: 0, whole: true }), 0)
    .option('--greedy', 'always the most likely token');

/** @throws `generate.bad-chat` for a file that is not a list of messages */
export function promptsOf({ prompt, question, promptIds, chat }: GenerateOptions): PromptInput[] {
  if (promptIds) return promptIds.map(ids => ({ kind: 'ids', ids }));
  if (chat !== undefined) return [{ kind: 'chat', messages: readMessages(chat) }];
  const texts = prompt ?? question?.map(gsm8kPrompt) ?? ['\n'];
  return texts.map(text => ({ kind: 'text', text }));
}

export const samplingOf = (options: GenerateOptions): SamplingSettings => ({
  maxTokens: options.maxNewTokens,
  temperature: options.greedy ? 0 : options.temperature,
  topK: options.topK,
  topP: options.topP,
  minP: options.minP,
  repetitionPenalty: options.repetitionPenalty,
  seed: options.seed,
  stop: options.stop,
  alternatives: options.alternatives,
});

function readMessages(file: string) {
  const refuse = (what: string): never =>
    fail('generate.bad-chat', `${file} ${what}. It should be [{"role": "user", "content": "…"}].`, {
      file,
    });
  let json: unknown;
  try {
    json = JSON.parse(readText(disk, file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(`is not JSON: ${error.message}`);
  }
  const messages = Array.isArray(json) ? json : (json as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(messages) || messages.length === 0) return refuse('holds no messages');
  return messages.map((m: { role?: unknown; content?: unknown } | null, i) => {
    const { role, content } = m ?? {};
    if (typeof role !== 'string' || typeof content !== 'string')
      return refuse(`has no text for role and content in message ${i + 1}`);
    return { role, content };
  });
}

const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

function collectStop(text: string, before: string[]): string[] {
  if (text !== '') return collect(text, before);
  throw new InvalidArgumentError('A text of at least one character.');
}

/** A problem of its own would be told as one of the whole command. */
export function collectAdapter(text: string, before: AdapterSource[] = []): AdapterSource[] {
  try {
    return [...before, adapterSource(text)];
  } catch (error) {
    if (error instanceof ProblemError) throw new InvalidArgumentError(error.problem.message);
    throw error;
  }
}

export function readBits(text: string): Bits {
  if (text === 'int8') return 8;
  if (text === 'int4') return 4;
  throw new InvalidArgumentError('Say int8 or int4.');
}

function readChoice(text: string): CheckpointChoice {
  if (text === 'best' || text === 'newest') return text;
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Say best, newest or a step.');
}

function collectIds(text: string, before: number[][] = []): number[][] {
  if (/^[0-9]+(,[0-9]+)*$/.test(text)) return [...before, text.split(',').map(Number)];
  throw new InvalidArgumentError('Whole numbers with commas between them.');
}
