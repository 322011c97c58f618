/** `weightroom score`: texts against their references, without a model. */
import { InvalidArgumentError, Option } from 'commander';
import { scoreBleu, scoreExactMatch, scoreRouge } from '../engine/evaluate/scoreTexts';
import { readTextPairs, type TextPairs } from '../engine/evaluate/textFiles';
import type { BleuSmoothing } from '../engine/metrics/bleu';
import type { BleuTokenizer } from '../engine/metrics/bleuTokenizers';
import type { Estimate } from '../engine/metrics/uncertainty';
import { bleuSmoothings, bleuTokenizers, rougeNames } from '../protocol/evaluation';
import type { AddCommand, CommandContext } from './command';
import { exitCode } from './failure';

interface ScoreOptions {
  metric: keyof typeof metrics;
  predictions: string;
  references: string[];
  predictionField?: string;
  referenceField?: string;
  stem?: boolean;
  tokenize: BleuTokenizer;
  smooth: BleuSmoothing;
  smoothValue?: number;
  lowercase?: boolean;
  json?: boolean;
}

export const addScore: AddCommand = (program, context) => {
  const collect = (path: string, before: string[] | undefined) => [...(before ?? []), path];
  program
    .command('score')
    .description('score texts against references: ROUGE, BLEU or exact match')
    .addOption(
      new Option('--metric <name>', 'what to compute')
        .choices(Object.keys(metrics))
        .makeOptionMandatory(),
    )
    .requiredOption('--predictions <file>', 'one text a line, or JSON lines')
    .requiredOption('--references <file>', 'alike; may be repeated for several of each', collect)
    .option('--prediction-field <name>', 'of JSON records')
    .option('--reference-field <name>', 'of JSON records')
    .option('--stem', 'ROUGE: compare Porter stems of words')
    .addOption(
      new Option('--tokenize <name>', 'BLEU: how words are parted')
        .choices(bleuTokenizers)
        .default('13a'),
    )
    .addOption(
      new Option('--smooth <name>', 'BLEU: n-grams that never match')
        .choices(bleuSmoothings)
        .default('exp'),
    )
    .option('--smooth-value <x>', 'BLEU: of floor (0.1) and add-k (1)', positive)
    .option('--lowercase', 'BLEU: case does not count')
    .option('--json', 'print one JSON object')
    .action((options: ScoreOptions) => context.exit(score(options, context)));
};

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number above 0.');
}

type Scored = Record<string, unknown> & { readonly notes: readonly string[] };

const metrics = { rouge: rougeScores, bleu: bleuScore, em: exactMatch };

function score(options: ScoreOptions, { out, err }: CommandContext): number {
  const pairs = readTextPairs(
    { path: options.predictions, side: 'predictions', field: options.predictionField },
    options.references.map(path => ({ path, side: 'references', field: options.referenceField })),
  );
  const { lines, ...scored } = metrics[options.metric](pairs, options);
  const empty = pairs.predictions.filter(text => text.trim() === '').length;
  const emptyNote = `${empty} of ${pairs.predictions.length} predictions are empty; they count as wrong.`;
  const notes = empty > 0 ? [emptyNote, ...scored.notes] : scored.notes;
  if (options.json) {
    const samples = pairs.predictions.length;
    out.print(JSON.stringify({ metric: options.metric, samples, ...scored, notes }));
  } else {
    for (const line of lines) out.print(line);
    for (const note of notes) err.print(note);
  }
  return exitCode.done;
}

type Metric = Scored & { readonly lines: readonly string[] };

function rougeScores(pairs: TextPairs, { stem = false }: ScoreOptions): Metric {
  const { each: _each, standardErrors, ...report } = scoreRouge(pairs, { stem });
  const lines = rougeNames.map(name => {
    const { precision, recall, fmeasure } = report[name];
    const numbers = [precision, recall, fmeasure].map(x => x.toFixed(4).padStart(10)).join('');
    const unicode = report.unicode[name].fmeasure.toFixed(4).padStart(14);
    return `${name.padEnd(10)}${numbers}${unicode}`;
  });
  const heading = `${''.padEnd(10)} precision    recall         F  F of any script`;
  return { stem, ...report, standard_errors: standardErrors, lines: [heading, ...lines] };
}

function bleuScore(pairs: TextPairs, options: ScoreOptions): Metric {
  const { tokenize, smooth, smoothValue, lowercase } = options;
  const { estimate, ...bleu } = scoreBleu(pairs, { tokenize, smooth, smoothValue, lowercase });
  return {
    score: bleu.score,
    bleu: bleu.score,
    signature: bleu.signature,
    precisions: bleu.precisions,
    brevity_penalty: bleu.brevityPenalty,
    sys_len: bleu.outputLength,
    ref_len: bleu.referenceLength,
    ...uncertainty(estimate),
    notes: bleu.notes,
    lines: [
      `BLEU ${bleu.score.toFixed(2)}  ${bleu.precisions.map(p => p.toFixed(1)).join('/')}  ${bleu.signature}`,
    ],
  };
}

function exactMatch(pairs: TextPairs): Metric {
  const { exact, strict, flexible } = scoreExactMatch(pairs);
  const rules = { 'exact match': exact, 'strict (GSM8K)': strict, 'flexible (GSM8K)': flexible };
  return {
    exact_match: exact.value,
    ...uncertainty(exact),
    ...(strict && { strict: strict.value }),
    ...(flexible && { flexible: flexible.value }),
    notes: [],
    lines: Object.entries(rules).flatMap(([name, estimate]) =>
      estimate ? [`${name.padEnd(18)}${(100 * estimate.value).toFixed(1).padStart(6)} %`] : [],
    ),
  };
}

const uncertainty = ({ standardError, interval }: Estimate) => ({
  standard_error: standardError,
  interval,
});
