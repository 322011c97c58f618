/**
 * Evaluations as the command line leaves them, with answers like those of a small model on word
 * problems: mostly well formed, often wrong. The same for the same seed.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  EVALUATIONS_FOLDER,
  evaluationFiles,
  type AgentRecord,
  type ArithmeticCheck,
  type EvaluationPlan,
  type EvaluationReport,
  type EvaluationSample,
  type ExtractedAnswer,
  type MetricResult,
  type RougeScores,
  type SampleFlag,
  sampleFlags,
} from '../../src/protocol/evaluation';
import { randomNumbers } from '../durability/randomNumbers';

export interface Written {
  readonly dir: string;
  readonly plan: EvaluationPlan;
  readonly samples: readonly EvaluationSample[];
  readonly report: EvaluationReport;
}

export interface Wanted {
  /** Folder in which `evaluations/` is made. */
  folder: string;
  id: string;
  name?: string;
  model?: string;
  samples?: number;
  /** Share of right answers. */
  skill?: number;
  seed?: number;
  /** Only so many samples, and no report. */
  stoppedAt?: number;
  configPath?: string | null;
  /** Characters that each answer runs on for. */
  padding?: number;
  agent?: boolean;
  modelDir?: string;
}

const people = ['Lena', 'A baker', 'Tom', 'Nina', 'Ben', 'Eva'];
const things = ['rolls', 'pens', 'shirts', 'litres', 'sweets', 'tickets'];

export function sampleOf(
  index: number,
  skill: number,
  seed: number,
  padding = 0,
): EvaluationSample {
  // the problem depends on the index alone, the answer on the model
  const problem = randomNumbers(1000 + index);
  const model = randomNumbers(seed * 7919 + index);
  const pick = <T>(all: readonly T[], random: () => number) =>
    all[Math.floor(random() * all.length)]!;
  const [who, what] = [pick(people, problem), pick(things, problem)];
  const trays = 2 + Math.floor(problem() * 18);
  const each = 2 + Math.floor(problem() * 12);
  const given = 1 + Math.floor(problem() * (trays * each - 1));
  const total = trays * each;
  const left = total - given;
  const question = `${who} fills ${trays} trays with ${each} ${what} each and gives ${given} of them away before noon. How many ${what} are left in the afternoon?`;
  const reference = `${who} has <<${trays}*${each}=${total}>>${total} ${what}.\n${total} - ${given} = <<${total}-${given}=${left}>>${left} ${what} are left.\n#### ${left}`;
  const luck = model();
  const isRight = luck < skill;
  const slips = !isRight && model() < 0.6;
  const misses = !isRight && !slips && model() < 0.4;
  const wrongSum = total + 10;
  const found = isRight ? left : slips ? wrongSum - given : left + 1;
  const body = slips
    ? `${who} has <<${trays}*${each}=${wrongSum}>>${wrongSum} ${what}.\n${wrongSum} - ${given} = <<${wrongSum}-${given}=${found}>>${found} ${what} are left.`
    : isRight
      ? `${who} has <<${trays}*${each}=${total}>>${total} ${what}.\n${total} - ${given} = <<${total}-${given}=${left}>>${left} ${what} are left.`
      : `There are ${total} ${what}, so ${found} of them stay.`;
  const ranOn = model() < 0.12;
  const written = `${body}\n${misses ? `The answer is ${left}` : `#### ${found}`}${ranOn ? '\nQuestion: A shop sells pens in packs of 6.' : ''}`;
  const output =
    padding > 0 ? `${written}\n${'and so on '.repeat(Math.ceil(padding / 10))}` : written;
  const strict: ExtractedAnswer = misses
    ? { answer: null, isRight: false }
    : { answer: String(found), isRight: found === left };
  const flexible: ExtractedAnswer = misses ? { answer: String(left), isRight: true } : strict;
  const arithmetic = checksOf(output, trays * each);
  const flags = sampleFlags.filter(
    (flag): flag is SampleFlag =>
      (flag === 'wrong' && !strict.isRight) ||
      (flag === 'strict-flexible' && strict.isRight !== flexible.isRight) ||
      (flag === 'ran-on' && ranOn) ||
      (flag === 'no-answer' && misses) ||
      (flag === 'arithmetic-error' && slips),
  );
  const f = isRight ? 0.95 : 0.4 + 0.3 * model();
  const newTokens = 40 + Math.floor(model() * 50);
  return {
    index,
    line: index + 1,
    question,
    prompt: `Solve the following problem step by step.\n\nQuestion: ${question}\nAnswer:`,
    output,
    reference,
    compared: { output, reference },
    expected: String(left),
    exact: strict,
    strict,
    flexible,
    rouge: rougeOf(f),
    rougeLUnicode: null,
    bleu: f * 60,
    loss: { nats: 60 + 40 * model(), tokens: 58 },
    arithmetic,
    flags,
    promptTokens: 62,
    newTokens,
    ended: ranOn ? 'length' : 'stop',
    steps: null,
  };
}

const rougeOf = (f: number): RougeScores => {
  const part = { precision: f, recall: f, fmeasure: f };
  return { rouge1: part, rouge2: part, rougeL: part };
};

function checksOf(output: string, total: number): ArithmeticCheck[] {
  return [...output.matchAll(/<<([^=]+)=(\d+)>>/g)].map(([note, left, right], i) => {
    const holds = i > 0 || Number(right) === total;
    return {
      note: `${left}=${right}`,
      start: output.indexOf(note),
      end: output.indexOf(note) + note.length,
      problem: holds ? null : 'wrong',
      expected: holds ? null : String(total),
      followsError: i > 0 && !output.includes(`=${total}>>`),
    };
  });
}

export function writeEvaluation(wanted: Wanted): Written {
  const { folder, id, samples: count = 200, skill = 0.4, seed = 1, padding = 0 } = wanted;
  const dir = join(folder, EVALUATIONS_FOLDER, id);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const plan = planOf(wanted, count);
  const samples = plan.indices.map(index => ({
    ...sampleOf(index, skill, seed, padding),
    steps: wanted.agent ? 2 : null,
  }));
  const report = reportOf(plan, samples);
  const write = (name: string, value: unknown) =>
    writeFileSync(join(dir, name), JSON.stringify(value, null, 1));
  const shown = samples.slice(0, wanted.stoppedAt ?? samples.length);
  write(evaluationFiles.plan, plan);
  writeFileSync(join(dir, evaluationFiles.config), 'weightroom: 1\n');
  writeFileSync(join(dir, evaluationFiles.samples), lines(shown));
  writeFileSync(join(dir, evaluationFiles.tokens), lines(shown.map(tokensOf)));
  if (wanted.agent)
    writeFileSync(
      join(dir, evaluationFiles.traces),
      lines(
        shown.flatMap(sample =>
          traceOf(sample).map(record => ({ ...record, index: sample.index })),
        ),
      ),
    );
  if (wanted.stoppedAt === undefined) {
    const { plan: _, ...rest } = report;
    write(evaluationFiles.summary, {
      timestamp: rest.timestamp,
      model_name: rest.model_name,
      metrics: rest.metrics,
    });
    write(evaluationFiles.report, report);
  }
  return { dir, plan, samples, report };
}

const lines = (values: readonly unknown[]): string =>
  values.map(value => `${JSON.stringify(value)}\n`).join('');

export const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

function planOf(
  {
    id,
    name = 'GSM8K test',
    model = 'slm-base + gsm8k-r8',
    configPath = null,
    agent,
    modelDir,
  }: Wanted,
  count: number,
): EvaluationPlan {
  return {
    version: 1,
    id,
    name,
    created: '2026-11-22T10:00:00.000Z',
    model: {
      name: model,
      dir: modelDir ?? '/models/slm-base',
      adapterDir: null,
      run: null,
      step: 2500,
      family: 'slm',
      parameters: 26.4e6,
      contextLength: 512,
    },
    data: { path: 'data/gsm8k_test.jsonl', format: 'gsm8k', sha256: 'ab12', examples: 1319 },
    indices: Array.from({ length: count }, (_, i) => i),
    extract: 'gsm8k',
    generation: {
      backend: 'batch',
      batchSize: 16,
      maxNewTokens: 128,
      temperature: 0,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
      seed: 0,
      stop: ['Question:'],
    },
    agent: agent ? 'math' : null,
    metrics: ['perplexity', 'rouge', 'bleu', 'exact_match'],
    rougeStem: true,
    configPath,
    fingerprint: 'f00d',
  };
}

function reportOf(plan: EvaluationPlan, samples: readonly EvaluationSample[]): EvaluationReport {
  const n = samples.length;
  const share = (metric: MetricResult['metric'], hits: number): MetricResult => {
    const value = hits / n;
    const standardError = Math.sqrt((value * (1 - value)) / n);
    const interval = [value - 1.96 * standardError, value + 1.96 * standardError] as const;
    return { metric, value, standardError, interval, samples: n, unit: 'share', better: 'higher' };
  };
  const strict = samples.filter(sample => sample.strict?.isRight).length;
  const flexible = samples.filter(sample => sample.flexible?.isRight).length;
  const both = samples.filter(s => s.strict?.isRight && s.flexible?.isRight).length;
  const nats = samples.reduce((sum, sample) => sum + sample.loss!.nats, 0);
  const tokens = samples.reduce((sum, sample) => sum + sample.loss!.tokens, 0);
  const perplexity = Math.exp(nats / tokens);
  const rougeL = samples.reduce((sum, s) => sum + s.rouge!.rougeL.fmeasure, 0) / n;
  const newTokens = samples.reduce((sum, sample) => sum + sample.newTokens, 0);
  const known = (
    metric: MetricResult['metric'],
    value: number,
    half: number,
    rest: Pick<MetricResult, 'unit' | 'better'>,
  ): MetricResult => ({
    metric,
    value,
    standardError: half / 1.96,
    interval: [value - half, value + half],
    samples: n,
    ...rest,
  });
  return {
    timestamp: '20261122_100000',
    model_name: plan.model.name,
    metrics: {
      perplexity,
      sacrebleu: rougeL * 42,
      rouge_scores: rougeOf(rougeL),
      exact_match_score: strict / n,
    },
    plan,
    results: [
      share('exact_match', strict),
      share('exact_match_strict', strict),
      share('exact_match_flexible', flexible),
      known('perplexity', perplexity, 0.16, { unit: 'perplexity', better: 'lower' }),
      known('rouge1', rougeL, 0.02, { unit: 'f', better: 'higher' }),
      known('rougeL', rougeL, 0.021, { unit: 'f', better: 'higher' }),
      known('bleu', rougeL * 42, 1.3, { unit: 'score', better: 'higher' }),
    ],
    bleu: {
      score: rougeL * 42,
      signature: 'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0',
      precisions: [60, 40, 30, 20],
      brevityPenalty: 1,
      outputLength: 9000,
      referenceLength: 8900,
    },
    agreement: {
      both,
      strictOnly: strict - both,
      flexibleOnly: flexible - both,
      neither: n - strict - flexible + both,
    },
    flags: Object.fromEntries(
      sampleFlags.map(flag => [flag, samples.filter(sample => sample.flags.includes(flag)).length]),
    ) as EvaluationReport['flags'],
    samples: n,
    timing: { seconds: 192, promptTokens: n * 62, newTokens, tokensPerSecond: 71 },
    notes: ['ROUGE drops letters that are not ASCII, as the Python package does.'],
  };
}

function tokensOf({ index, reference }: EvaluationSample) {
  const tokens = reference.match(/\s?[^\s]+|\n/g) ?? [];
  const random = randomNumbers(index + 5);
  return { index, tokens, losses: tokens.map(() => -Math.log(1 - 0.98 * random())) };
}

/** As an agent that looks twice leaves them. */
export function traceOf(sample: EvaluationSample): AgentRecord[] {
  const step = (n: number, output: string, isGood: boolean): AgentRecord => ({
    type: 'step',
    step: n,
    vote: 0,
    prompt:
      n === 1
        ? sample.prompt
        : `${sample.prompt}\n\nPrevious attempt:\n${sample.output}\n\nCritique:\nCheck the arithmetic carefully and recompute.\n\nFix the mistakes and answer again carefully.`,
    promptTokens: 62 * n,
    croppedTokens: 0,
    output,
    newTokens: 40,
    ended: 'stop',
    calls: [],
    isGood,
    critique: isGood ? null : 'Check the arithmetic carefully and recompute.',
    answer: sample.strict?.answer ?? null,
    seconds: 0.6 * n,
  });
  return [
    {
      type: 'agent',
      version: 1,
      agent: 'math',
      judges: 'answer',
      question: sample.question,
      model: 'slm-base',
      started: '2026-11-22T10:00:00.000Z',
      budget: { steps: 3, tokens: null, seconds: null },
      votes: 1,
      sampling: { temperature: 0.8, seed: 1 },
    },
    step(1, 'It is about 12.', false),
    step(2, sample.output, true),
    {
      type: 'end',
      final: sample.output,
      answer: sample.strict?.answer ?? null,
      isGood: true,
      reason: 'good',
      tally: [{ answer: sample.strict?.answer ?? null, votes: 1 }],
      steps: 2,
      newTokens: 80,
      seconds: 1.8,
    },
  ];
}
