/** An evaluation as a file to take elsewhere: a table, everything, or a page to read. Pure. */
import { quoted } from '../../curves/csv';
import { countText, durationText } from '../../curves/numberText';
import {
  differenceText,
  flagWords,
  intervalText,
  metricWords,
  pText,
  scoreText,
} from '../../curves/scoreText';
import type { EvaluationSample } from '../../protocol/evaluation';
import type { BaselineFacts, EvaluationFacts, ExportKind } from '../../protocol/evaluationView';

export interface Exported {
  readonly facts: EvaluationFacts;
  readonly baseline: BaselineFacts | null;
  readonly samples: readonly EvaluationSample[];
}

export function exported(kind: ExportKind, what: Exported): string {
  switch (kind) {
    case 'csv':
      return csvOf(what);
    case 'json':
      return `${JSON.stringify(what, null, 1)}\n`;
    case 'html':
      return htmlOf(what);
  }
}

const HEADER = [
  'index',
  'question',
  'expected',
  'strict',
  'strict_right',
  'flexible',
  'flexible_right',
  'exact',
  'exact_right',
  'flags',
  'flip',
  'new_tokens',
  'rouge1',
  'rouge2',
  'rougeL',
  'bleu',
  'nats',
  'reference_tokens',
  'output',
  'reference',
];

function csvOf({ samples, baseline }: Exported): string {
  const flips = flipsOf(baseline);
  const cell = (value: string | number | boolean | null | undefined): string =>
    value === null || value === undefined
      ? ''
      : typeof value === 'string'
        ? quoted(value)
        : String(value);
  const lines = samples.map(sample =>
    [
      sample.index,
      sample.question,
      sample.expected,
      ...[sample.strict, sample.flexible, sample.exact].flatMap(found => [
        found?.answer,
        found?.isRight,
      ]),
      sample.flags.join(' '),
      flips.get(sample.index),
      sample.newTokens,
      sample.rouge?.rouge1.fmeasure,
      sample.rouge?.rouge2.fmeasure,
      sample.rouge?.rougeL.fmeasure,
      sample.bleu,
      sample.loss?.nats,
      sample.loss?.tokens,
      sample.output,
      sample.reference,
    ]
      .map(cell)
      .join(','),
  );
  return `${[HEADER.join(','), ...lines].join('\n')}\n`;
}

const flipsOf = (baseline: BaselineFacts | null): Map<number, string> =>
  new Map([
    ...(baseline?.wrongToRight ?? []).map((index): [number, string] => [index, 'wrong → right']),
    ...(baseline?.rightToWrong ?? []).map((index): [number, string] => [index, 'right → wrong']),
  ]);

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 960px; margin: 32px auto; padding: 0 16px; font: 14px/20px system-ui, sans-serif; }
h1 { font-size: 20px; line-height: 26px; margin: 0 0 4px; }
h2 { font-size: 14px; margin: 24px 0 8px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
td.number { text-align: right; }
details { border-bottom: 1px solid #8884; padding: 4px 0; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 12px/18px ui-monospace, monospace; margin: 4px 0; }
.both { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 16px; }
small { opacity: 0.75; }
`;

/** Runs no script and asks no other machine for anything. */
function htmlOf({ facts, baseline, samples }: Exported): string {
  const { plan, results, report } = facts;
  const flips = flipsOf(baseline);
  const title = `${plan.name}: ${plan.model.name}`;
  const about = [
    `${countText(facts.samples)} of ${countText(plan.data.examples)} examples of ${plan.data.path}`,
    ...(report ? [durationText(report.timing.seconds)] : ['not finished']),
    ...(report?.bleu ? [`BLEU signature ${report.bleu.signature}`] : []),
  ];
  const rows = results.map(result => {
    const other = baseline?.results.find(({ metric }) => metric === result.metric);
    const compared = baseline?.metrics.find(({ metric }) => metric === result.metric);
    return [
      metricWords[result.metric],
      scoreText(result.unit, result.value),
      intervalText(result),
      ...(baseline
        ? [
            other ? scoreText(other.unit, other.value) : '',
            compared ? `${differenceText(compared)}, ${pText(compared.p)}` : '',
          ]
        : []),
    ];
  });
  const heads = [
    'Metric',
    'Value',
    '95 % interval',
    ...(baseline ? [baseline.name, 'Difference'] : []),
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p><small>${about.map(escaped).join(' · ')}</small></p>
<table>
<tr>${heads.map(head => `<th scope="col">${escaped(head)}</th>`).join('')}</tr>
${rows.map(cells => `<tr>${cells.map(cell => `<td>${escaped(cell)}</td>`).join('')}</tr>`).join('\n')}
</table>
${(report?.notes ?? []).map(note => `<p><small>${escaped(note)}</small></p>`).join('\n')}
<h2>${countText(samples.length)} samples</h2>
${samples.map(sample => sampleHtml(sample, flips.get(sample.index))).join('\n')}
</body>
</html>
`;
}

function sampleHtml(sample: EvaluationSample, flip: string | undefined): string {
  const { index, question, expected, exact, flags, output, reference } = sample;
  const verdict = exact === null ? '' : exact.isRight ? '✓ ' : '✗ ';
  const answer = exact ? ` · ${exact.answer ?? 'none'}, expected ${expected ?? 'none'}` : '';
  const marks = [...flags.filter(flag => flag !== 'wrong').map(flag => flagWords[flag]), flip]
    .filter(mark => mark !== undefined)
    .map(mark => ` · ${mark}`)
    .join('');
  return `<details>
<summary>${verdict}${index} ${escaped(question)}<small>${escaped(answer + marks)}</small></summary>
<div class="both">
<div><small>Expected</small><pre>${escaped(reference)}</pre></div>
<div><small>Actual</small><pre>${escaped(output)}</pre></div>
</div>
</details>`;
}
