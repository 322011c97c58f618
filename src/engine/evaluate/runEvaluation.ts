/**
 * An evaluation from its settings to its report, as events; read it top to bottom. Every batch of
 * samples is on the disk before the next one is begun, so a stop or a crash loses at most one.
 */
import { createHash } from 'node:crypto';
import type {
  AgentBudget,
  EvaluatedModel,
  EvaluationEvent,
  EvaluationPlan,
  EvaluationSample,
} from '../../protocol/evaluation';
import { disk, type FileSystem } from '../files/fileSystem';
import { fail } from '../problem';
import type { TextModel } from '../sandbox/textModel';
import { type Answered, answerTogether } from './answerExamples';
import { type EvaluationData, readEvaluationData } from './evaluationExamples';
import {
  createEvaluationFolder,
  EvaluationWriter,
  readPlan,
  readSamples,
} from './evaluationFolder';
import { makeReport } from './evaluationReport';
import { Progress } from './evaluationProgress';
import { scoreSample } from './scoreSample';
import type { AgentChoice, EvaluationSettings } from './settings';

export interface EvaluationRequest {
  readonly settings: EvaluationSettings;
  /** What is known of the model before it is open. */
  readonly model: Omit<EvaluatedModel, 'family' | 'parameters' | 'contextLength'>;
  readonly open: () => Promise<TextModel>;
  /** Where a new evaluation's folder is made, and what its `config.yaml` says. */
  readonly evaluations: string;
  readonly configText: string;
  /** A folder to go on with instead. */
  readonly resume?: string | undefined;
  readonly signal: AbortSignal;
  readonly fs?: FileSystem;
}

/** @throws `evaluate.…`, and what opening the model and reading the data throw */
export async function* runEvaluation(request: EvaluationRequest): AsyncGenerator<EvaluationEvent> {
  const { settings, fs = disk } = request;
  yield { type: 'progress', phase: 'opening', done: 0, total: 0, newTokens: 0, tokensPerSecond: null, secondsLeft: null }; // prettier-ignore
  const model = await request.open();
  try {
    if (!model.tokenizer)
      fail('evaluate.no-tokenizer', `${request.model.dir} does not say which tokenizer its model was trained with, so no text can be put to it.`, { file: request.model.dir }); // prettier-ignore
    const data = await readEvaluationData(fs, settings, model.facts);
    const planned = planOf(request, model, data);
    const { dir, plan } = request.resume === undefined ? begin(request, planned, fs) : goOn(request.resume, planned, fs); // prettier-ignore
    const writer = EvaluationWriter.open(fs, dir);
    try {
      writer.writePlan(plan);
      yield { type: 'started', dir, plan }; // whoever hears it looks into the folder
      yield* work({ ...request, fs }, { model, data, plan, writer });
    } finally {
      writer.close();
    }
  } finally {
    await model.close();
  }
}

function planOf(
  { settings, model: named }: EvaluationRequest,
  { facts }: TextModel,
  { data, extract, examples }: EvaluationData,
): Omit<EvaluationPlan, 'id' | 'created'> {
  const { family, parameters, contextLength } = facts;
  const isText = data.format === 'text';
  // Of plain text nothing is asked, so nothing but the losses of its tokens can be told.
  const metrics = settings.metrics.filter(metric => !isText || metric === 'perplexity');
  if (metrics.length === 0)
    fail('evaluate.nothing-to-do', 'Of plain text only `perplexity` can be told; add it to `metrics`.'); // prettier-ignore
  const generates = metrics.some(metric => metric !== 'perplexity');
  const { name, generation, agent, rougeStem, configPath } = settings;
  const decides = {
    ...{ model: named, data, extract, metrics, rougeStem },
    indices: examples.map(({ index }) => index),
    generation: generates ? generation : null,
    agent: generates ? (agent ?? null) : null,
    ...{ system: settings.system, prompt: settings.prompt, completion: settings.completion },
    stride: settings.stride,
  };
  return {
    ...{ version: 1, name, configPath, extract, metrics, rougeStem, data },
    model: { ...named, family, parameters, contextLength },
    indices: decides.indices,
    generation: decides.generation,
    agent: decides.agent?.name ?? null,
    ...(decides.agent && { agentBudget: budgetOf(decides.agent) }),
    fingerprint: createHash('sha256').update(JSON.stringify(decides)).digest('hex').slice(0, 16),
  };
}

const budgetOf = ({ steps, tokens, seconds }: AgentChoice): AgentBudget => ({
  steps,
  tokens,
  seconds,
});

type Planned = ReturnType<typeof planOf>;

function begin(
  { evaluations, configText, settings }: EvaluationRequest,
  planned: Planned,
  fs: FileSystem,
): { dir: string; plan: EvaluationPlan } {
  const dir = createEvaluationFolder(fs, evaluations, { name: settings.name, configText });
  const id = dir.split(/[\\/]/).at(-1)!;
  return { dir, plan: { ...planned, id, created: new Date().toISOString() } };
}

function goOn(
  dir: string,
  planned: Planned,
  fs: FileSystem,
): { dir: string; plan: EvaluationPlan } {
  const plan = readPlan(fs, dir);
  if (plan.fingerprint !== planned.fingerprint)
    fail(
      'evaluate.changed',
      `${dir} cannot go on: its model, data or settings are not what they were. Start a new evaluation.`,
      { file: dir },
    );
  return { dir, plan };
}

interface Work {
  readonly model: TextModel;
  readonly data: EvaluationData;
  readonly plan: EvaluationPlan;
  readonly writer: EvaluationWriter;
}

async function* work(
  { settings, signal, fs = disk }: EvaluationRequest,
  { model, data, plan, writer }: Work,
): AsyncGenerator<EvaluationEvent> {
  const samples = readSamples(fs, writer.dir);
  const known = new Set(samples.map(({ index }) => index));
  const open = data.examples.filter(({ index }) => !known.has(index));
  const total = data.examples.length;
  const progress = new Progress(total, samples.length, plan.generation ? 'generating' : 'scoring');
  const limit = new TimeLimit(settings.secondsAtMost, signal);
  const size = plan.generation?.batchSize ?? settings.generation.batchSize;
  try {
    for (let start = 0; start < open.length; start += size) {
      const part = open.slice(start, start + size);
      const answering = answerTogether(part, {
        ...{ model, plan, agent: settings.agent, stride: settings.stride },
        signal: limit.signal,
        onTokens: count => progress.tokens(count),
        onGenerated: (tokens, seconds) => progress.generated(tokens, seconds),
      });
      yield* progress.while(answering);
      const answered = await answering;
      if (!answered) break;
      const batch = answered.map(({ example, answer }) => scoreSample(example, answer, { ...settings, ...plan, contextLength: plan.model.contextLength })); // prettier-ignore
      save(writer, answered, batch);
      samples.push(...batch);
      progress.samples(batch.length);
      for (const sample of batch) yield { type: 'sample', sample };
      yield progress.event();
    }
  } finally {
    limit.dispose();
  }
  const done = samples.length;
  if (done < total) {
    if (limit.isReached) failLate(settings.secondsAtMost!, { dir: writer.dir, done, total });
    yield { type: 'stopped', dir: writer.dir, done, total };
    return;
  }
  samples.sort((a, b) => a.index - b.index);
  const report = makeReport({
    ...{ plan, samples, bleu: settings.bleu, now: new Date() },
    ...progress.timing(),
  });
  writer.finish(report);
  yield { type: 'done', dir: writer.dir, report };
}

function save(
  writer: EvaluationWriter,
  answered: readonly Answered[],
  batch: readonly EvaluationSample[],
): void {
  writer.append(
    'tokens',
    answered.flatMap(({ tokens }) => tokens ?? []),
  );
  writer.append('traces', answered.flatMap(({ trace, example: { index } }) => trace.map(record => ({ index, ...record })))); // prettier-ignore
  writer.append('samples', batch); // last: what is in it is wholly there
}

function failLate(
  seconds: number,
  { dir, done, total }: { dir: string; done: number; total: number },
): never {
  // prettier-ignore
  fail(
    'evaluate.time-limit',
    `${done} of ${total} examples were answered in the ${seconds} seconds that were allowed. Does the model ever end? Lower \`max_new_tokens\`, or go on with: weightroom evaluate --resume ${dir}`,
    { file: dir },
  );
}

/** A signal that also comes when time is up. */
class TimeLimit {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  isReached = false;

  constructor(
    seconds: number | undefined,
    private readonly outer: AbortSignal,
  ) {
    if (seconds !== undefined)
      this.#timer = setTimeout(() => {
        this.isReached = true;
        this.#abort();
      }, seconds * 1000);
    outer.addEventListener('abort', this.#abort);
    if (outer.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort();
}
