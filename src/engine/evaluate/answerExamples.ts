/**
 * A model's answers to examples: prompts continued together, padded on the left, or by an agent; and
 * how likely the model holds the right ones to be. Knows nothing of folders.
 */
import type { AgentRecord, EvaluationPlan, TokenLosses } from '../../protocol/evaluation';
import type { GenerationEvent, Prompt } from '../../protocol/sandbox';
import { isRecord } from '../agents/agentTrace';
import { AGENT_SAMPLING, runAgent } from '../agents/runAgent';
import { lossBlocks } from '../metrics/batchMeans';
import { fail } from '../problem';
import type { TextModel } from '../sandbox/textModel';
import type { EvaluationExample } from './evaluationExamples';
import type { Answer } from './scoreSample';
import { windowsOf } from './scoreWindows';
import type { AgentChoice, EvaluationSettings } from './settings';

export interface Answered {
  readonly example: EvaluationExample;
  readonly answer: Answer;
  readonly tokens: TokenLosses | undefined;
  /** Of an agent. */
  readonly trace: readonly AgentRecord[];
}

export interface AnswerInput {
  readonly model: TextModel;
  readonly plan: Pick<EvaluationPlan, 'metrics' | 'generation' | 'model'>;
  readonly agent: AgentChoice | undefined;
  readonly stride: EvaluationSettings['stride'];
  readonly signal: AbortSignal;
  /** Told of tokens as they are made. */
  readonly onTokens: (count: number) => void;
  /** Told what it took to make so many. */
  readonly onGenerated: (tokens: number, seconds: number) => void;
}

/** Rows that are scored in one go. */
const ROWS_AT_ONCE = 8;

/** Undefined when it was stopped before all of them were answered. */
export async function answerTogether(
  examples: readonly EvaluationExample[],
  input: AnswerInput,
): Promise<Answered[] | undefined> {
  const { model, plan, agent } = input;
  const prompts: (Prompt | undefined)[] = [];
  for (const example of examples)
    prompts.push(example.input ? await model.prompt(example.input) : undefined);
  const scores: Scores[] = plan.metrics.includes('perplexity')
    ? await scoreTogether(examples, prompts, input)
    : examples.map(() => NO_SCORE);
  if (input.signal.aborted) return undefined;
  const outputs = !plan.generation
    ? examples.map(() => NOTHING)
    : agent
      ? await byAgent(examples, agent, input)
      : await byContinuing(examples, prompts, input);
  if (!outputs) return undefined;
  return examples.map((example, i) => {
    const { trace, ...output } = outputs[i]!;
    const { loss, tokens } = scores[i]!;
    const prompt = { prompt: prompts[i]?.text ?? '', promptTokens: prompts[i]?.tokens.length ?? 0 };
    return { example, answer: { ...prompt, ...output, loss }, tokens, trace };
  });
}

type Output = Omit<Answer, 'loss' | 'prompt' | 'promptTokens'> & {
  readonly trace: readonly AgentRecord[];
};

const NOTHING: Output = { output: null, newTokens: 0, ended: null, steps: null, trace: [] };

async function byContinuing(
  examples: readonly EvaluationExample[],
  prompts: readonly (Prompt | undefined)[],
  { model, plan, signal, onTokens, onGenerated }: AnswerInput,
): Promise<Output[] | undefined> {
  const { backend: _backend, batchSize: _batchSize, maxNewTokens, ...sampling } = plan.generation!;
  const settings = { ...sampling, maxTokens: maxNewTokens, alternatives: 0 };
  const outputs = examples.map(() => NOTHING);
  const events: AsyncGenerator<GenerationEvent> = model.generate(
    prompts.map(prompt => prompt!),
    settings,
    signal,
    { keys: examples.map(({ index }) => [index]) },
  );
  for await (const event of events) {
    if (event.type === 'token') onTokens(1);
    if (event.type === 'done') onGenerated(event.newTokens, event.seconds);
    if (event.type !== 'end') continue;
    const { sequence, text, ids, reason } = event;
    outputs[sequence] = { ...NOTHING, output: text, newTokens: ids.length, ended: reason };
  }
  return signal.aborted ? undefined : outputs;
}

async function byAgent(
  examples: readonly EvaluationExample[],
  { name, judges, steps, votes, tokens, seconds }: AgentChoice,
  { model, plan, signal, ...tell }: AnswerInput,
): Promise<Output[] | undefined> {
  const { backend: _backend, batchSize: _batchSize, maxNewTokens, ...sampling } = plan.generation!;
  const outputs: Output[] = [];
  for (const { index, question } of examples) {
    const trace: AgentRecord[] = [];
    const settings = {
      ...{ agent: name, judges, question, model: plan.model.name, votes, key: index },
      budget: { steps, tokens, seconds },
      sampling: { ...AGENT_SAMPLING, ...sampling, maxTokens: maxNewTokens },
    };
    for await (const event of runAgent(model, settings, signal)) if (isRecord(event)) trace.push(event); // prettier-ignore
    if (signal.aborted) return undefined;
    outputs.push(outputOf(trace, tell));
  }
  return outputs;
}

/** What the winner wrote last, without the prompt that the notebook's rule has before it. */
function outputOf(
  trace: readonly AgentRecord[],
  { onTokens, onGenerated }: Pick<AnswerInput, 'onTokens' | 'onGenerated'>,
): Output {
  const steps = trace.filter(record => record.type === 'step');
  const end = trace.find(record => record.type === 'end');
  const last = steps.findLast(step => end?.final.endsWith(step.output) ?? false) ?? steps.at(-1);
  const newTokens = end?.newTokens ?? 0;
  onTokens(newTokens);
  onGenerated(newTokens, end?.seconds ?? 0);
  return {
    output: last?.output ?? '',
    newTokens,
    ended: last?.ended ?? null,
    steps: steps.length,
    trace,
  };
}

interface Scores {
  readonly loss: Answer['loss'];
  readonly tokens: TokenLosses | undefined;
}

const NO_SCORE: Scores = { loss: null, tokens: undefined };

/** Of the completions, each after its prompt. @throws `evaluate.not-finite` */
async function scoreTogether(
  examples: readonly EvaluationExample[],
  prompts: readonly (Prompt | undefined)[],
  { model, stride, plan, signal }: AnswerInput,
): Promise<Scores[]> {
  const length = model.facts.contextLength;
  const window = { length, stride: Math.min(length, stride ?? Math.ceil(length / 2)) };
  const sequences = examples.map((example, i) => sequenceOf(model, example, prompts[i]));
  const rows = sequences.flatMap(({ ids, from }, i) =>
    windowsOf(ids, from, window).map(row => ({ i, row })),
  );
  rows.sort((a, b) => a.row.ids.length - b.row.ids.length || a.i - b.i); // like with like
  const losses = sequences.map((): Map<number, number[]> => new Map());
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    if (signal.aborted) return examples.map(() => NO_SCORE); // nobody will look at them
    const part = rows.slice(start, start + ROWS_AT_ONCE);
    const found = await model.losses(part.map(({ row }) => row));
    await letSignalsCome();
    for (const [k, { i, row }] of part.entries()) losses[i]!.set(row.place, found[k]!);
  }
  return sequences.map(({ ids, from }, i) => {
    const places = [...losses[i]!.keys()].sort((a, b) => a - b);
    const each = places.flatMap(place => losses[i]!.get(place)!);
    const { index } = examples[i]!;
    if (!each.every(Number.isFinite))
      fail(
        'evaluate.not-finite',
        `The model gives example ${index} a loss that is no finite number: its weights hold NaN or infinite values. Look at them with: weightroom inspect ${plan.model.dir}`,
        { file: plan.model.dir },
      );
    if (each.length === 0) return NO_SCORE;
    const tokens = ids.slice(Math.max(1, from)).map(id => model.tokenizer!.tokenText(id));
    return {
      loss: {
        nats: each.reduce((sum, x) => sum + x, 0),
        tokens: each.length,
        blocks: lossBlocks(each),
      },
      tokens: { index, tokens, losses: each.map(x => Number(x.toPrecision(6))) },
    };
  });
}

/** A run of the model keeps the thread: without this, no signal would be seen between two. */
const letSignalsCome = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));

/** Prompt and completion as tokens: encoded together, so that they part where training's would. */
function sequenceOf(
  model: TextModel,
  { completion }: EvaluationExample,
  prompt: Prompt | undefined,
): { ids: readonly number[]; from: number } {
  const options = { readSpecialTokens: true, addSpecialTokens: true };
  const before = prompt?.tokens.map(({ id }) => id) ?? [];
  const tokenizer = model.tokenizer!;
  if (!prompt) return { ids: tokenizer.encode(completion, { addSpecialTokens: true }), from: 0 };
  const whole = tokenizer.encode((prompt.text ?? '') + completion, options);
  const isPrefix = before.every((id, i) => whole[i] === id);
  if (isPrefix) return { ids: whole, from: before.length };
  return { ids: [...before, ...tokenizer.encode(completion)], from: before.length };
}
