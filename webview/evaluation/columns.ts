/** The columns of the table: which there are for an evaluation, and what stands in a row's cell. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText, shortText } from '../../src/curves/numberText';
import { flagWords } from '../../src/curves/scoreText';
import type { SampleFlag } from '../../src/protocol/evaluation';
import type { RowAnswer, SampleRow } from '../../src/protocol/evaluationView';
import { type IconName, icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import type { Flip, SortKey } from './sampleTable';
import type { Room } from './viewState';

export interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly title: string;
  readonly isNumber?: boolean;
  cell(row: SampleRow, app: EvaluationApp): TemplateResult | string | typeof nothing;
}

const columns: readonly Column[] = [
  { key: 'index', label: '#', title: 'Sort as in the data', isNumber: true, cell: numberOf },
  { key: 'question', label: 'Question', title: 'Sort by question', cell: row => row.question },
  {
    key: 'expected',
    label: 'Expected',
    title: 'Sort by the expected answer',
    isNumber: true,
    cell: row => row.expected ?? '–',
  },
  answerColumn('exact', 'Answer'),
  answerColumn('strict', 'Strict'),
  answerColumn('flexible', 'Flexible'),
  { key: 'flags', label: 'Flags', title: 'Sort by number of flags', cell: flagsOf },
  {
    key: 'tokens',
    label: 'Tokens',
    title: 'Sort by tokens written',
    isNumber: true,
    cell: row => countText(row.newTokens),
  },
  {
    key: 'rougeL',
    label: 'ROUGE-L',
    title: 'Sort by ROUGE-L',
    isNumber: true,
    cell: row => (row.rougeL === null ? '–' : row.rougeL.toFixed(2)),
  },
  {
    key: 'bleu',
    label: 'BLEU',
    title: 'Sort by BLEU of the sample alone',
    isNumber: true,
    cell: row => (row.bleu === null ? '–' : row.bleu.toFixed(1)),
  },
  {
    key: 'perplexity',
    label: 'Perplexity',
    title: 'Sort by perplexity of the reference',
    isNumber: true,
    cell: row => (row.perplexity === null ? '–' : shortText(row.perplexity)),
  },
];

function numberOf({ index }: SampleRow): string {
  return countText(index);
}

function answerColumn(key: 'exact' | 'strict' | 'flexible', label: string): Column {
  return {
    key,
    label,
    title: `Sort by ${label.toLowerCase()} answer, wrong ones first`,
    cell: row => answerCell(row[key]),
  };
}

export const answerCell = (found: RowAnswer | null): TemplateResult | typeof nothing =>
  found
    ? html`<span class="answer" title=${found.isRight ? 'right' : 'wrong'}
        >${icon(found.isRight ? 'pass' : 'error', found.isRight ? 'ok' : 'bad')}<span
          class="visually-hidden"
          >${found.isRight ? 'right' : 'wrong'}</span
        ><span>${found.answer ?? '–'}</span></span
      >`
    : nothing;

const flagIcons: Readonly<Partial<Record<SampleFlag, IconName>>> = {
  'arithmetic-error': 'warning',
  'ran-on': 'arrowRight',
  'strict-flexible': 'gitCompare',
  'no-answer': 'question',
  unfinished: 'ellipsis',
  empty: 'circleSlash',
  cropped: 'splitHorizontal',
};

export const flipWords: Readonly<Record<Flip, { icon: IconName; words: string }>> = {
  'right-wrong': { icon: 'arrowDown', words: 'right → wrong' },
  'wrong-right': { icon: 'arrowUp', words: 'wrong → right' },
};

/** Without what the columns of answers say. */
function flagsOf(row: SampleRow, app: EvaluationApp): TemplateResult {
  const flip = app.table.flipOf(row.index);
  const pill = (name: IconName, words: string) =>
    html`<span class="pill">${icon(name)}${words}</span>`;
  return html`${flip ? pill(flipWords[flip].icon, flipWords[flip].words) : nothing}${row.flags
    .filter(flag => flag !== 'wrong')
    .map(flag => pill(flagIcons[flag] ?? 'circleSmall', flagWords[flag]))}`;
}

/** In a narrow view one column says whether it is right. */
const narrow: readonly SortKey[] = ['question', 'expected', 'strict', 'exact'];
const medium: readonly SortKey[] = [
  'index',
  'question',
  'expected',
  'strict',
  'flexible',
  'exact',
  'flags',
];

export function columnsOf({ state: { facts, room }, table }: EvaluationApp): Column[] {
  const metrics = facts?.plan.metrics ?? [];
  const isGsm8k = facts?.plan.extract === 'gsm8k';
  const isExact = metrics.includes('exact_match');
  const hasBleu = metrics.includes('bleu') && !metrics.includes('rouge');
  const has: Readonly<Record<SortKey, boolean>> = {
    index: true,
    question: true,
    expected: isExact,
    exact: isExact && !isGsm8k,
    strict: isExact && isGsm8k,
    flexible: isExact && isGsm8k,
    flags: table.size === 0 || facts?.plan.generation !== null,
    tokens: facts?.plan.generation !== null,
    rougeL: metrics.includes('rouge'),
    bleu: hasBleu,
    perplexity: metrics.includes('perplexity') && !metrics.includes('rouge'),
  };
  const isRoomFor: Readonly<Record<Room, (key: SortKey) => boolean>> = {
    wide: () => true,
    medium: key => medium.includes(key) || (!isExact && (key === 'rougeL' || key === 'perplexity')),
    narrow: key => narrow.includes(key) || (!isExact && (key === 'rougeL' || key === 'perplexity')),
  };
  return columns.filter(({ key }) => has[key] && isRoomFor[room](key));
}

const widths: Readonly<Record<SortKey, string>> = {
  index: '44px',
  question: 'minmax(0, 1fr)',
  expected: '68px',
  exact: '84px',
  strict: '60px',
  flexible: '64px',
  flags: 'minmax(0, 300px)',
  tokens: '56px',
  rougeL: '66px',
  bleu: '56px',
  perplexity: '72px',
};

/** Of a row: the arrow that opens it, then the columns. */
export const gridTemplate = (shown: readonly Column[], room: Room): string =>
  [
    '16px',
    ...shown.map(({ key }) =>
      room === 'medium' && key === 'flags' ? 'minmax(0, 160px)' : widths[key],
    ),
  ].join(' ');
