/**
 * Writing with a calculator: at `<<expr=` the model is stopped, the expression computed by a parser of
 * arithmetic and nothing else, and the model goes on after `result>>`. Several texts at a time.
 */
import type { ToolCall } from '../../protocol/evaluation';
import type { EndReason, SamplingSettings } from '../../protocol/sandbox';
import { compute, numberText } from '../metrics/arithmetic';
import type { TextModel } from '../sandbox/textModel';

export interface WritingInput {
  readonly prompts: readonly (readonly number[])[];
  readonly sampling: SamplingSettings;
  /** Of the random numbers of each text. */
  readonly keys: readonly (readonly number[])[];
  readonly calculates: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told with what is added to a text. */
  readonly onText?: ((sequence: number, text: string) => void) | undefined;
}

export interface Written {
  readonly output: string;
  /** Tokens that the model wrote itself. */
  readonly newTokens: number;
  readonly ended: EndReason;
  readonly calls: readonly ToolCall[];
}

/** An expression that waits for its result; a token may have gone a little beyond the `=`. */
const OPEN_CALL = /<<([^<>=]*)=[^<>]*$/;

class Draft {
  output = '';
  newTokens = 0;
  ended: EndReason = 'cancelled';
  readonly calls: ToolCall[] = [];
  isOver = false;

  constructor(
    readonly sequence: number,
    readonly prompt: readonly number[],
  ) {}
}

/** Settles early, with what is there, when the signal aborts. */
export async function writeTogether(model: TextModel, input: WritingInput): Promise<Written[]> {
  const drafts = input.prompts.map((prompt, sequence) => new Draft(sequence, prompt));
  for (;;) {
    const live = drafts.filter(draft => !draft.isOver);
    if (live.length === 0 || input.signal?.aborted) return drafts;
    // Those that have written equally much can go on together for equally long.
    const [first] = live.toSorted((a, b) => a.newTokens - b.newTokens);
    await writeOn(model, live.filter(d => d.newTokens === first!.newTokens), input); // prettier-ignore
  }
}

async function writeOn(
  model: TextModel,
  drafts: readonly Draft[],
  { sampling, keys, calculates, signal, onText }: WritingInput,
): Promise<void> {
  const prompts = [];
  for (const draft of drafts) {
    const written = model.tokenizer?.encode(draft.output) ?? [];
    prompts.push(await model.prompt({ kind: 'ids', ids: [...draft.prompt, ...written] }));
  }
  const maxTokens = sampling.maxTokens - drafts[0]!.newTokens;
  const events = model.generate(prompts, { ...sampling, maxTokens }, signal, {
    // a later round of the same text has numbers of its own
    keys: drafts.map(draft => [...keys[draft.sequence]!, draft.newTokens]),
    ...(calculates && { isOver: (_, text) => OPEN_CALL.test(text) }),
  });
  for await (const event of events) {
    if (event.type === 'token') {
      const draft = drafts[event.sequence]!;
      draft.newTokens++;
      onText?.(draft.sequence, event.text);
    } else if (event.type === 'end') {
      const draft = drafts[event.sequence]!;
      draft.output += event.text;
      draft.ended = event.reason;
      const isCall = calculates && OPEN_CALL.test(event.text);
      if (isCall) answerCall(draft, onText);
      draft.isOver = !isCall || draft.newTokens >= sampling.maxTokens;
      if (isCall && draft.isOver) draft.ended = 'length';
    }
  }
}

function answerCall(draft: Draft, onText: WritingInput['onText']): void {
  const found = OPEN_CALL.exec(draft.output);
  if (!found) return;
  const expression = found[1] ?? '';
  const computed = compute(expression);
  const problem = 'problem' in computed ? computed.problem : null;
  const result = 'value' in computed ? numberText(computed.value) : null;
  draft.calls.push({ expression, result, problem, at: found.index });
  if (result === null) return; // the model goes on by itself
  draft.output = `${draft.output.slice(0, found.index)}<<${expression}=${result}>>`;
  onText?.(draft.sequence, `${result}>>`);
}
