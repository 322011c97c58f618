/** The samples of an evaluation → its summary and report, with the uncertainty of each number. Pure. */
import { budgetText } from '../../curves/scoreText';
import type {
  AgentBudget,
  AgentName,
  EvaluationPlan,
  EvaluationReport,
  EvaluationSample,
  EvaluationSummary,
  MetricName,
  MetricResult,
  SampleFlag,
} from '../../protocol/evaluation';
import { rougeNames, sampleFlags } from '../../protocol/evaluation';
import { addBleuCounts, bleuCounts, bleuOfCounts, bleuOver, type BleuOptions, bleuSignature, notebookBleuNotes } from '../metrics/bleu'; // prettier-ignore
import { FEWEST_TOKENS } from '../metrics/batchMeans';
import {
  bootstrapEstimate,
  type Estimate,
  meanEstimate,
  perplexityEstimate,
  shareEstimate,
} from '../metrics/uncertainty';
import { lostLetters, meanRouge } from './scoreTexts';

export interface ReportInput {
  readonly plan: EvaluationPlan;
  readonly samples: readonly EvaluationSample[];
  readonly bleu: BleuOptions;
  /** Of the process that ended it. */
  readonly seconds: number;
  readonly tokensPerSecond: number | null;
  readonly now: Date;
}

export function makeReport(input: ReportInput): EvaluationReport {
  const { plan, samples, seconds, tokensPerSecond, now } = input;
  const results = resultsOf(samples, input.bleu);
  const valueOf = (metric: MetricName) =>
    results.find(result => result.metric === metric)?.value ?? null;
  const rouges = samples.flatMap(({ rouge }) => (rouge ? [rouge] : []));
  const summary: EvaluationSummary = {
    timestamp: timestampOf(now),
    model_name: plan.model.name,
    metrics: {
      perplexity: valueOf('perplexity'),
      sacrebleu: valueOf('bleu'),
      rouge_scores: rouges.length > 0 ? meanRouge(rouges) : null,
      exact_match_score: valueOf('exact_match'),
    },
  };
  const newTokens = sum(samples, sample => sample.newTokens);
  const bleu = bleuResult(samples, input.bleu);
  return {
    ...summary,
    plan,
    results,
    bleu,
    agreement: agreementOf(samples),
    flags: countFlags(samples),
    samples: samples.length,
    timing: {
      seconds,
      promptTokens: sum(samples, sample => sample.promptTokens),
      newTokens,
      tokensPerSecond,
    },
    notes: [...notesOf(plan, samples), ...(bleu ? bleuNotes(bleu.score, samples, input.bleu) : [])],
  };
}

/** YYYYMMDD_HHMMSS, local time. */
function timestampOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** What each metric is made of, and how; none where no sample has it. */
function resultsOf(samples: readonly EvaluationSample[], bleu: BleuOptions): MetricResult[] {
  const results: MetricResult[] = [];
  const add = (
    metric: MetricName,
    unit: MetricResult['unit'],
    count: number,
    estimate: () => Estimate,
  ) => {
    const better = unit === 'perplexity' ? 'lower' : 'higher';
    if (count > 0) results.push({ metric, ...estimate(), samples: count, unit, better });
  };
  for (const [metric, rule] of EXACT_RULES) {
    const outcomes = samples.flatMap(sample => sample[rule]?.isRight ?? []);
    add(metric, 'share', outcomes.length, () => shareEstimate(outcomes));
  }
  const losses = samples.flatMap(({ loss }) => loss ?? []);
  add('perplexity', 'perplexity', losses.length, () => perplexityEstimate(losses));
  const rouged = samples.filter(({ rouge }) => rouge !== null);
  for (const name of rougeNames)
    add(name, 'f', rouged.length, () =>
      meanEstimate(rouged.map(({ rouge }) => rouge![name].fmeasure)),
    );
  if (rouged.some(({ rougeLUnicode }) => rougeLUnicode !== null))
    add('rougeL_unicode', 'f', rouged.length, () => meanEstimate(rouged.map(unicodeOf)));
  const counts = bleuParts(samples, bleu);
  add('bleu', 'score', counts.length, () =>
    bootstrapEstimate(counts.length, bleuOver(counts, bleu)),
  );
  return results;
}

const EXACT_RULES = [
  ['exact_match', 'exact'],
  ['exact_match_strict', 'strict'],
  ['exact_match_flexible', 'flexible'],
] as const;

/** F of ROUGE-L on words of any script. */
export const unicodeOf = ({ rouge, rougeLUnicode }: EvaluationSample): number =>
  rougeLUnicode ?? rouge!.rougeL.fmeasure;

export const bleuParts = (samples: readonly EvaluationSample[], options: BleuOptions) =>
  samples
    .filter(({ bleu }) => bleu !== null)
    .map(({ compared }) => bleuCounts(compared.output, [compared.reference], options));

function bleuResult(
  samples: readonly EvaluationSample[],
  options: BleuOptions,
): EvaluationReport['bleu'] {
  const parts = bleuParts(samples, options);
  if (parts.length === 0) return null;
  return { ...bleuOfCounts(addBleuCounts(parts), options), signature: bleuSignature(1, options) };
}

function bleuNotes(
  score: number,
  samples: readonly EvaluationSample[],
  options: BleuOptions,
): string[] {
  const compared = samples.filter(({ bleu }) => bleu !== null).map(each => each.compared);
  const outputs = compared.map(({ output }) => output);
  const references = compared.map(({ reference }) => reference);
  return notebookBleuNotes(score, { outputs, references }, options);
}

function agreementOf(samples: readonly EvaluationSample[]): EvaluationReport['agreement'] {
  const counts = { both: 0, strictOnly: 0, flexibleOnly: 0, neither: 0 };
  let judged = 0;
  for (const { strict, flexible } of samples) {
    if (!strict || !flexible) continue;
    judged++;
    if (strict.isRight && flexible.isRight) counts.both++;
    else if (strict.isRight) counts.strictOnly++;
    else if (flexible.isRight) counts.flexibleOnly++;
    else counts.neither++;
  }
  return judged > 0 ? counts : null;
}

const countFlags = (samples: readonly EvaluationSample[]): Record<SampleFlag, number> =>
  Object.fromEntries(
    sampleFlags.map(flag => [flag, samples.filter(({ flags }) => flags.includes(flag)).length]),
  ) as Record<SampleFlag, number>;

function notesOf(plan: EvaluationPlan, samples: readonly EvaluationSample[]): string[] {
  const notes: string[] = [];
  const count = (flag: SampleFlag) => samples.filter(({ flags }) => flags.includes(flag)).length;
  const of = (n: number) => `${n} of ${samples.length} answers`;
  const { generation, agent, model } = plan;
  if (plan.indices.length < plan.data.examples)
    notes.push(`On ${samples.length} of the ${plan.data.examples} examples of the data.`);
  if (generation && count('unfinished') > 0)
    notes.push(
      `${of(count('unfinished'))} were cut off at ${generation.maxNewTokens} new tokens; they may have had more to say.`,
    );
  if (count('empty') > 0) notes.push(`${of(count('empty'))} are empty; they count as wrong.`);
  if (count('cropped') > 0)
    notes.push(
      `${of(count('cropped'))} outgrew the context of ${model.contextLength} tokens, so that their beginning was no longer seen.`,
    );
  if (plan.data.format === 'text') notes.push(...oneTextNotes(samples));
  if (agent !== null) notes.push(agentNote(agent, plan.agentBudget));
  if (samples.some(({ rouge }) => rouge !== null))
    notes.push(...lostLetters(samples.map(({ compared }) => compared.reference)));
  return notes;
}

function agentNote(agent: AgentName, budget: AgentBudget | undefined): string {
  const within = budget ? `, within ${budgetText(budget)} for each question` : '';
  return `Answered by the agent \`${agent}\`, not by one continuation${within}.`;
}

/** How the interval of the perplexity of one text was found, or why there is none. */
function oneTextNotes(samples: readonly EvaluationSample[]): string[] {
  const losses = samples.flatMap(({ loss }) => loss ?? []);
  const [only] = losses;
  if (losses.length !== 1 || !only) return [];
  if (!only.blocks)
    return [
      `The perplexity is of one text of ${only.tokens} tokens, too few to say how sure it is: that takes ${FEWEST_TOKENS}.`,
    ];
  const { length } = only.blocks;
  return [
    `The perplexity is of one text: its interval is by batch means over ${length} blocks of about ${Math.round(only.tokens / length)} tokens in a row, for tokens that follow each other are alike. It holds for text like this one.`,
  ];
}
