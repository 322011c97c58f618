/**
 * A conversation as the text a model was trained on, by the model's own template. Templates come
 * from anywhere, so they run in a thread that is killed when they take too long or too much.
 */
import { IsolatedThread, threadBeside, ThreadEnded } from '../isolate/isolatedThread';
import { type Place, ProblemError } from '../problem';
import type { RenderRequest } from './renderTemplate';

export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  /** `tool_calls`, `name`, …: whatever the template reads. */
  readonly [field: string]: unknown;
}

export interface Chat {
  readonly messages: readonly ChatMessage[];
  /** Ends with what comes before the model's turn. */
  readonly addGenerationPrompt?: boolean;
  /** JSON schemas of functions the model may call. */
  readonly tools?: readonly object[];
  /** What else the template may name: `bos_token`, `enable_thinking`, … */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** For `strftime_now`; the present unless given. */
  readonly now?: Date;
  /** The template's file, for messages. */
  readonly file?: string;
}

export interface ChatLimits {
  readonly ms: number;
  readonly memoryMb: number;
}

export const CHAT_LIMITS: ChatLimits = { ms: 2000, memoryMb: 64 };

/**
 * @throws `chat.bad-template` and `chat.failed` with the line, `chat.refused` when the template does
 *   not take such a conversation, `chat.too-slow`, `chat.out-of-memory`, `chat.too-long`
 */
export async function renderChat(
  template: string,
  chat: Chat,
  limits: ChatLimits = CHAT_LIMITS,
): Promise<string> {
  const { messages, addGenerationPrompt = false, tools, variables, now = new Date() } = chat;
  const request: RenderRequest = {
    template,
    variables: {
      ...variables,
      messages,
      add_generation_prompt: addGenerationPrompt,
      tools: tools ?? null,
      documents: variables?.documents ?? null,
    },
    now: now.getTime(),
  };
  // One after another: who waits for a slow template must not be taken for it.
  const rendered = turn.then(() => renderNext(request, chat, limits));
  turn = rendered.catch(() => undefined);
  return rendered;
}

let turn: Promise<unknown> = Promise.resolve();
let thread: { worker: IsolatedThread; memoryMb: number } | undefined;

async function liveThread(memoryMb: number): Promise<IsolatedThread> {
  if (!thread || thread.worker.ending !== undefined || thread.memoryMb !== memoryMb) {
    thread?.worker.close();
    const file = threadBeside(import.meta.url, './renderWorker');
    thread = { worker: new IsolatedThread(file, { memoryMb }), memoryMb };
    // The time it takes to start is not the template's.
    await thread.worker.ask(
      { template: '', variables: {}, now: 0 } satisfies RenderRequest,
      START_MS,
    );
  }
  return thread.worker;
}

async function renderNext(
  request: RenderRequest,
  { file }: Chat,
  { ms, memoryMb }: ChatLimits,
): Promise<string> {
  try {
    const worker = await liveThread(memoryMb);
    return await worker.ask<string>(request, ms);
  } catch (error) {
    throw problemOf(error, file === undefined ? {} : { file });
  }
}

const START_MS = 30_000;

function problemOf(error: unknown, place: Place): unknown {
  if (error instanceof ProblemError)
    return new ProblemError({ ...error.problem, where: { ...place, ...error.problem.where } });
  if (!(error instanceof ThreadEnded)) return error;
  const [code, words] = endings[error.why];
  const message = `The chat template ${words}. It may be made to do harm; use another one.`;
  return new ProblemError({ code, severity: 'error', message, where: place });
}

const endings = {
  time: ['chat.too-slow', 'takes too long'],
  memory: ['chat.out-of-memory', 'takes too much memory'],
  crash: ['chat.crashed', 'ended its thread'],
  closed: ['chat.crashed', 'lost its thread'],
} as const;
