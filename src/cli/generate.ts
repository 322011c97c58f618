/** `weightroom generate MODEL`: continues texts with a run's model or a model folder. */
import type { TextModel } from '../engine/sandbox/textModel';
import type { GenerationEvent, Prompt } from '../protocol/sandbox';
import { type AddCommand, type CommandContext, runsOption } from './command';
import { exitCode } from './failure';
import { addGenerateOptions, type GenerateOptions, promptsOf, samplingOf } from './generateOptions';
import { modelFolder } from './modelPath';
import { printable } from './terminal';

export const addGenerate: AddCommand = (program, context) => {
  const command = program
    .command('generate')
    .description('continue texts with a model')
    .argument(
      '<model>',
      'a run (its id or the end of it, or "latest"), a model folder, or a model in the cache (organization/model)',
    )
    .addOption(runsOption());
  addGenerateOptions(command).action(async (wanted: string, options: GenerateOptions) => {
    context.exit(await generate(modelFolder(wanted, options), options, context));
  });
};

async function generate(
  dir: string,
  options: GenerateOptions,
  { err }: CommandContext,
): Promise<number> {
  const { adapter: adapters, backend, quantize: bits, device, threads, python } = options;
  const inputs = promptsOf(options);
  const { openWriter } = await import('../engine/devices/openWriter'); // loads the native runtime
  const model = await openWriter({
    ...{ dir, adapters, backend, bits, device, threads, python },
    quantise: {
      onProgress: (layer, done, total) =>
        err.status(`quantising ${layer} (${done + 1} of ${total})`),
    },
  });
  err.status('');
  const cancelling = new AbortController();
  process.once('SIGINT', () => cancelling.abort());
  try {
    const prompts: Prompt[] = [];
    for (const input of inputs) prompts.push(await model.prompt(input));
    const events = model.generate(prompts, samplingOf(options), cancelling.signal);
    await (options.json ? writeJson : writeText)(model, prompts, events);
  } finally {
    await model.close();
  }
  return cancelling.signal.aborted ? exitCode.stopped : exitCode.done;
}

/** One prompt streams; several would mix, so each is written when it is whole. */
async function writeText(
  { tokenizer }: TextModel,
  prompts: readonly Prompt[],
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  if (!tokenizer) return writeIds(events);
  const streams = prompts.length === 1;
  if (streams) write(promptText(prompts[0]!));
  let streamed = '';
  try {
    for await (const event of events) {
      if (event.type === 'token' && streams) {
        streamed += event.text;
        write(event.text);
      } else if (event.type === 'end') {
        const whole = `${promptText(prompts[event.sequence]!)}${event.text}`;
        write(streams ? `${event.text.slice(streamed.length)}\n` : `${whole}\n`);
      }
    }
  } catch (error) {
    if (streams) write('\n'); // what is told of it has a line of its own
    throw error;
  }
}

async function writeIds(events: AsyncIterable<GenerationEvent>): Promise<void> {
  for await (const event of events) if (event.type === 'end') write(`${event.ids.join(',')}\n`);
}

const promptText = ({ text, tokens }: Prompt): string => text ?? tokens.map(t => t.text).join('');

/** A line for each prompt with `ids` and `text` of both sides, then one with the speed. */
async function writeJson(
  { tokenizer }: TextModel,
  prompts: readonly Prompt[],
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  const line = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const told = prompts.map((): object[] => []);
  for await (const event of events) {
    if (event.type === 'token') {
      const { id, piece, probability, alternatives } = event;
      if (alternatives.length > 0)
        told[event.sequence]!.push({ id, piece, probability, alternatives });
    } else if (event.type === 'end') {
      const { sequence, reason, ids, text } = event;
      const prompt = prompts[sequence]!;
      line({
        type: 'generation',
        sequence,
        prompt: { ids: prompt.tokens.map(t => t.id), text: tokenizer ? promptText(prompt) : '' },
        continuation: { ids, text },
        reason,
        ...(told[sequence]!.length > 0 && { tokens: told[sequence] }),
      });
    } else line(event);
  }
}

/** Text as it is into a file or pipe, harmless on a screen. */
const write = (text: string): boolean =>
  process.stdout.write(process.stdout.isTTY ? printable(text) : text);
