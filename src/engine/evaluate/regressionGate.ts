/**
 * Whether an evaluation is worse than an earlier one beyond noise: sample by sample where both have
 * them, else by their numbers and standard errors.
 */
import { dirname } from 'node:path';
import type {
  ComparedMetric,
  EvaluationComparison,
  EvaluationReport,
  EvaluationSummary,
  MetricName,
  MetricResult,
} from '../../protocol/evaluation';
import { rougeNames } from '../../protocol/evaluation';
import type { FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import type { BleuOptions } from '../metrics/bleu';
import { normalP } from '../metrics/significance';
import { fail } from '../problem';
import { canBeResampled, compareEvaluations, verdictOf, verdictOfAll } from './compareEvaluations';
import { evaluationFile, readSamples } from './evaluationFolder';

interface Baseline {
  /** Folder with samples, where there is one. */
  readonly dir: string | undefined;
  readonly id: string;
  readonly results: readonly Pick<MetricResult, 'metric' | 'value' | 'standardError'>[];
}

/**
 * @param path folder of an evaluation, its `report.json` or `metrics.json`, or what `evaluate --json` said
 * @throws `evaluate.bad-baseline`, `disk.missing`
 */
export function readBaseline(fs: FileSystem, path: string): Baseline {
  const isFolder = exists(fs, path) && fs.stat(path).isFolder;
  const file = isFolder ? evaluationFile(path, 'report') : path;
  if (isFolder && !exists(fs, file))
    fail('evaluate.bad-baseline', `${path} holds no report: it is no evaluation, or not done.`, {
      file: path,
    });
  const report = parse(readText(fs, file), file);
  const dirs = [report.dir, dirname(file)].filter(dir => dir !== undefined);
  const dir = dirs.find(each => exists(fs, evaluationFile(each, 'samples')));
  return { dir, id: report.plan?.id ?? path, results: report.results ?? fromSummary(report) };
}

type Told = Partial<EvaluationReport> & EvaluationSummary & { readonly dir?: string };

function parse(text: string, file: string): Told {
  const refuse = (what: string): never =>
    fail(
      'evaluate.bad-baseline',
      `${file} ${what}. Name the folder of an evaluation, its report.json or metrics.json, or the output of evaluate --json.`,
      { file },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('is not JSON');
  }
  const told = value as Partial<Told> | null;
  if (typeof told !== 'object' || typeof told?.metrics !== 'object')
    return refuse('has no `metrics`');
  return told as Told;
}

function fromSummary({ metrics }: EvaluationSummary): Baseline['results'] {
  const { perplexity, sacrebleu, rouge_scores, exact_match_score } = metrics;
  const values: [MetricName, number | null | undefined][] = [
    ['exact_match', exact_match_score],
    ['perplexity', perplexity],
    ['bleu', sacrebleu],
    ...rougeNames.map((name): [MetricName, number | undefined] => [name, rouge_scores?.[name].fmeasure]), // prettier-ignore
  ];
  return values.flatMap(([metric, value]) =>
    typeof value === 'number' ? [{ metric, value, standardError: null }] : [],
  );
}

export function compareWithBaseline(
  fs: FileSystem,
  own: { dir: string; report: EvaluationReport; bleu: BleuOptions },
  baseline: Baseline,
): EvaluationComparison {
  if (baseline.dir !== undefined) {
    const sides = [
      { id: own.report.plan.id, samples: readSamples(fs, own.dir), bleu: own.bleu },
      { id: baseline.id, samples: readSamples(fs, baseline.dir) },
    ] as const;
    if (canBeResampled(...sides)) return compareEvaluations(...sides);
  }
  return byNumbers(own.report, baseline);
}

/** Unpaired: the difference against both standard errors. */
function byNumbers(report: EvaluationReport, baseline: Baseline): EvaluationComparison {
  const metrics = report.results.flatMap((own): ComparedMetric[] => {
    const other = baseline.results.find(({ metric }) => metric === own.metric);
    if (!other) return [];
    // A baseline that says nothing of its error is taken to have the same.
    const error = Math.hypot(own.standardError ?? 0, other.standardError ?? own.standardError ?? 0);
    const difference = own.value - other.value;
    const p = difference === 0 ? 1 : error === 0 ? noNoise(own) : normalP(difference / error);
    const interval = [difference - 1.96 * error, difference + 1.96 * error] as const;
    const { metric, value, better } = own;
    const verdict = verdictOf(difference, p, better);
    return [{ metric, value, baseline: other.value, difference, interval, p, test: 'normal', verdict }]; // prettier-ignore
  });
  return {
    evaluation: report.plan.id,
    baseline: baseline.id,
    paired: 0,
    wrongToRight: [],
    rightToWrong: [],
    metrics,
    verdict: verdictOfAll(metrics),
  };
}

/** All samples alike on both sides: of many that is a difference, of one it says nothing. */
const noNoise = ({ samples }: MetricResult): number => (samples > 1 ? 0 : 1);
