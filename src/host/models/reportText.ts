/** What `inspect MODEL` says of a model folder, as Markdown. Pure but for the language of its words. */
import { l10n } from 'vscode';
import { bytesText, countText } from '../../curves/numberText';
import type { Described } from '../../engine/catalog/catalog';
import type { ModelSummary } from '../../engine/catalog/modelSummary';
import type { LoadFinding } from '../../engine/model/loadReport';
import type { ModelReport } from '../../engine/model/modelReport';

/** More rows than anybody reads, and as many as a preview shows at once. */
const MOST_ROWS = 2000;

/** @param dir of the model */
export function reportText(name: string, dir: string, { summary, report }: Described): string {
  return [
    `# ${escaped(name)}`,
    verdictOf(report),
    factsOf(dir, summary),
    ...('refused' in report ? [] : findingsOf(report)),
    '',
  ].join('\n\n');
}

function verdictOf(report: Described['report']): string {
  if ('refused' in report)
    return `**✗ ${l10n.t('This model cannot be opened.')}** ${escaped(report.refused)}`;
  const { findings, errors } = report;
  const count = countText(findings.length);
  if (errors.length === 0)
    return `**✓ ${l10n.t('All {0} tensors and parameters are accounted for.', count)}**`;
  const words =
    errors.length === 1
      ? l10n.t('1 error in {0} tensors and parameters.', count)
      : l10n.t('{0} errors in {1} tensors and parameters.', countText(errors.length), count);
  return `**✗ ${words}**`;
}

function factsOf(dir: string, summary: ModelSummary): string {
  const { family, adapter, parameters, contextLength, vocabulary, dtypes, tensors, bytes } =
    summary;
  const number = (value: number | undefined) => (value === undefined ? '' : countText(value));
  const facts: [string, string][] = [
    [l10n.t('Family'), family ?? ''],
    [l10n.t('Adapter'), adapter ? `LoRA r ${adapter.rank}` : ''],
    [l10n.t('Base'), adapter ? (adapter.baseDir ?? adapter.base) : ''],
    [l10n.t('Parameters'), number(parameters)],
    [l10n.t('Context'), number(contextLength)],
    [l10n.t('Vocabulary'), number(vocabulary)],
    [l10n.t('Types'), dtypes.join(', ')],
    [l10n.t('Tensors'), tensors === 0 ? '' : `${countText(tensors)}, ${bytesText(bytes)}`],
    [l10n.t('Weights'), summary.weights ?? ''],
    [l10n.t('Folder'), dir],
  ];
  const rows = facts.filter(([, value]) => value !== '');
  return ['| | |', '|---|---|', ...rows.map(cells => row(cells))].join('\n');
}

/** What is wrong first, then what is more than loaded, then the rest. */
function findingsOf({ findings, errors }: ModelReport): string[] {
  const wrong = new Set(errors);
  const isPlain = (f: LoadFinding) => f.verdict === 'loaded' && f.transforms.length === 0;
  const special = findings.filter(finding => !wrong.has(finding) && !isPlain(finding));
  return [
    ...table(l10n.t('Errors'), errors),
    ...table(l10n.t('Transformed, tied or left out'), special),
    ...table(l10n.t('Loaded as they are'), findings.filter(isPlain)),
  ];
}

function table(title: string, findings: readonly LoadFinding[]): string[] {
  if (findings.length === 0) return [];
  const shown = findings.slice(0, MOST_ROWS);
  const rest = findings.length - shown.length;
  const head = [
    l10n.t('Tensor'),
    l10n.t('Parameter'),
    l10n.t('Type'),
    l10n.t('Shape'),
    l10n.t('What happens'),
  ];
  return [
    `## ${title} (${countText(findings.length)})`,
    [row(head), '|---|---|---|---|---|', ...shown.map(finding => row(cellsOf(finding)))].join('\n'),
    ...(rest > 0 ? [l10n.t('… and {0} more.', countText(rest))] : []),
  ];
}

function cellsOf({ source, parameter, dtype, shape, ...finding }: LoadFinding): string[] {
  const { verdict, transforms, note } = finding;
  const words = [verdict === 'loaded' ? '' : verdict, ...transforms, note ?? ''];
  return [
    source ?? '–',
    parameter === undefined ? '–' : parameter === source ? '=' : parameter,
    dtype ?? '',
    shape ? `[${shape.join(', ')}]` : '',
    words.filter(Boolean).join(', '),
  ];
}

const row = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;

const LONGEST_CELL = 300;

/** Names come from files: they must not become links, images or markup. */
function escaped(text: string): string {
  const line = text.replace(/\s+/g, ' ').slice(0, LONGEST_CELL);
  return line.replace(/[\\`*_{}[\]()#+!|<>~$&-]/g, '\\$&');
}
