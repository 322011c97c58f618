/**
 * What the files of an evaluation have to be so that a view can show them. They are the user's and
 * may come from elsewhere: a line that is none of ours is told, never shown. Knows no files.
 */
import * as z from 'zod';
import {
  agentNames,
  type AgentRecord,
  type EvaluationPlan,
  type EvaluationReport,
  type EvaluationSample,
  extractions,
  metricNames,
  sampleFlags,
  type TokenLosses,
} from '../../protocol/evaluation';

const index = z.number().int().min(0);
/** JSON has no NaN: what could not be computed is null. */
const number = z.number().nullable();
const text = z.string();
const flag = z.enum(sampleFlags);
const ended = z.enum(['end-token', 'stop', 'length', 'cancelled']);

const answer = z.object({ answer: text.nullable(), isRight: z.boolean() });
const part = z.object({ precision: z.number(), recall: z.number(), fmeasure: z.number() });
const loss = z.object({ nats: z.number(), tokens: z.number() });
const rouge = z.object({ rouge1: part, rouge2: part, rougeL: part });

const sample = z.object({
  index,
  line: index.nullable(),
  question: text,
  prompt: text,
  output: text,
  reference: text,
  compared: z.object({ output: text, reference: text }),
  expected: text.nullable(),
  exact: answer.nullable(),
  strict: answer.nullable(),
  flexible: answer.nullable(),
  rouge: rouge.nullable(),
  rougeLUnicode: number,
  bleu: number,
  loss: loss.extend({ blocks: z.array(loss).optional() }).nullable(),
  arithmetic: z.array(
    z.object({
      note: text,
      start: index,
      end: index,
      problem: z.enum(['wrong', 'unreadable']).nullable(),
      expected: text.nullable(),
      followsError: z.boolean(),
    }),
  ),
  flags: z.array(flag),
  promptTokens: index,
  newTokens: index,
  ended: ended.nullable(),
  steps: index.nullable(),
});

const budget = z.object({ steps: z.number(), tokens: number, seconds: number });

const plan = z.object({
  version: z.literal(1),
  id: text,
  name: text,
  created: text,
  model: z.object({
    name: text,
    dir: text,
    adapterDir: text.nullable(),
    run: text.nullable(),
    step: number,
    family: text,
    parameters: z.number(),
    contextLength: z.number(),
  }),
  data: z.object({
    path: text,
    format: z.enum(['gsm8k', 'chat', 'completion', 'text']),
    sha256: text,
    examples: z.number(),
  }),
  indices: z.array(index),
  extract: z.enum(extractions),
  generation: z
    .object({
      backend: z.enum(['kv', 'nocache', 'batch']),
      batchSize: z.number(),
      maxNewTokens: z.number(),
      temperature: z.number(),
      topK: z.number(),
      topP: z.number(),
      minP: z.number(),
      repetitionPenalty: z.number(),
      seed: z.number(),
      stop: z.array(text),
    })
    .nullable(),
  agent: z.enum(agentNames).nullable(),
  agentBudget: budget.optional(),
  metrics: z.array(z.enum(['perplexity', 'rouge', 'bleu', 'exact_match'])),
  rougeStem: z.boolean(),
  configPath: text.nullable(),
  fingerprint: text,
});

const interval = z.tuple([z.number(), z.number()]);

const report = z.object({
  timestamp: text,
  model_name: text,
  metrics: z.object({
    perplexity: number,
    sacrebleu: number,
    rouge_scores: rouge.nullable(),
    exact_match_score: number,
  }),
  plan,
  results: z.array(
    z.object({
      metric: z.enum(metricNames),
      value: z.number(),
      standardError: number,
      interval: interval.nullable(),
      samples: index,
      unit: z.enum(['share', 'f', 'score', 'perplexity']),
      better: z.enum(['higher', 'lower']),
    }),
  ),
  bleu: z
    .object({
      score: z.number(),
      signature: text,
      precisions: z.array(z.number()),
      brevityPenalty: z.number(),
      outputLength: z.number(),
      referenceLength: z.number(),
    })
    .nullable(),
  agreement: z
    .object({ both: index, strictOnly: index, flexibleOnly: index, neither: index })
    .nullable(),
  flags: z.record(flag, index),
  samples: index,
  timing: z.object({
    seconds: z.number(),
    promptTokens: z.number(),
    newTokens: z.number(),
    tokensPerSecond: number,
  }),
  notes: z.array(text),
});

const tokens = z
  .object({ index, tokens: z.array(text), losses: z.array(z.number()) })
  .refine(line => line.tokens.length === line.losses.length);

const record = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('agent'),
    version: z.literal(1),
    agent: z.enum(agentNames),
    judges: z.enum(['whole', 'answer']),
    question: text,
    model: text,
    started: text,
    budget,
    votes: z.number(),
    sampling: z.object({ temperature: z.number(), seed: z.number() }),
  }),
  z.object({
    type: z.literal('step'),
    step: index,
    vote: index,
    prompt: text,
    promptTokens: index,
    croppedTokens: index,
    output: text,
    newTokens: index,
    ended,
    calls: z.array(
      z.object({
        expression: text,
        result: text.nullable(),
        problem: text.nullable(),
        at: index,
      }),
    ),
    isGood: z.boolean(),
    critique: text.nullable(),
    answer: text.nullable(),
    seconds: z.number(),
  }),
  z.object({
    type: z.literal('end'),
    final: text,
    answer: text.nullable(),
    isGood: z.boolean(),
    reason: z.enum(['good', 'voted', 'steps', 'tokens', 'time', 'cancelled']),
    tally: z.array(z.object({ answer: text.nullable(), votes: index })),
    steps: index,
    newTokens: index,
    seconds: z.number(),
  }),
]);

/** Undefined for what is none. */
export const planFrom = (value: unknown): EvaluationPlan | undefined => plan.safeParse(value).data;

export const reportFrom = (value: unknown): EvaluationReport | undefined =>
  report.safeParse(value).data;

export const sampleFrom = (value: unknown): EvaluationSample | undefined =>
  sample.safeParse(value).data;

export const tokensFrom = (value: unknown): TokenLosses | undefined => tokens.safeParse(value).data;

export const agentRecordFrom = (value: unknown): AgentRecord | undefined =>
  record.safeParse(value).data;
