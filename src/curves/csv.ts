/** The numbers of runs as comma-separated text, one line per step. Knows nothing of files. */
import { emaOf } from './ema';
import type { RunSeries } from './runSeries';

const HEADER = [
  'run',
  'step',
  'tokens',
  'seconds',
  'train_loss',
  'train_loss_ema',
  'validation_loss',
  'learning_rate',
  'grad_norm',
  'tokens_per_second',
];

const LINES_PER_CHUNK = 4096;

export interface NamedSeries {
  name: string;
  series: RunSeries;
}

/**
 * The text in chunks of some thousand lines. An evaluation stands in the line of its step: both are
 * of the same weights; one after the last step has a line of its own. Not a number = empty.
 */
export function* csvOf(runs: readonly NamedSeries[], smoothing: number): Generator<string> {
  yield `${HEADER.join(',')}\n`;
  for (const run of runs) {
    let lines: string[] = [];
    for (const line of linesOf(run, smoothing)) {
      lines.push(line);
      if (lines.length < LINES_PER_CHUNK) continue;
      yield `${lines.join('\n')}\n`;
      lines = [];
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}

function* linesOf({ name, series }: NamedSeries, smoothing: number): Generator<string> {
  const { steps, evaluations } = series;
  const ema = emaOf(steps.get('loss'), smoothing);
  const run = quoted(name);
  let next = 0;
  const evaluationLine = (row: number): string => {
    const [step, tokens, seconds, loss] = (['step', 'tokens', 'seconds', 'loss'] as const).map(
      field => cell(evaluations.at(field, row)),
    );
    return `${run},${step},${tokens},${seconds},,,${loss},,,`;
  };
  for (let row = 0; row < steps.length; row++) {
    const step = steps.at('step', row);
    while (evaluations.at('step', next) < step) yield evaluationLine(next++);
    const validation = evaluations.at('step', next) === step ? evaluations.at('loss', next++) : NaN;
    yield [
      run,
      ...[step, steps.at('tokens', row), steps.at('seconds', row), steps.at('loss', row)].map(cell),
      cell(ema[row]!),
      cell(validation),
      cell(steps.at('learningRate', row)),
      cell(steps.at('gradientNorm', row)),
      cell(steps.at('tokensPerSecond', row)),
    ].join(',');
  }
  while (next < evaluations.length) yield evaluationLine(next++);
}

const cell = (value: number): string => (Number.isFinite(value) ? String(value) : '');

/** A name that a spreadsheet could read as a formula is made text. */
export function quoted(name: string): string {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
