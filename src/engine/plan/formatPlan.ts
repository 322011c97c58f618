/** A plan in words: aligned lines for a terminal, tables for a markdown document. */
import { amountText, countText, shortText } from '../../curves/numberText';
import type { Plan } from './planRun';
import type { TokenCount } from './planFacts';

interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
}

export interface FormatOptions {
  /** Heading. */
  readonly name?: string;
  readonly style?: 'text' | 'markdown';
}

export function formatPlan(
  plan: Plan,
  { name = 'run', style = 'text' }: FormatOptions = {},
): string {
  const warnings = plan.warnings.map(({ message }) => message);
  return style === 'text'
    ? asText(`Plan of ${name}`, sectionsOf(plan), warnings)
    : asMarkdown(`Plan of ${name}`, sectionsOf(plan), warnings);
}

function sectionsOf(plan: Plan): Section[] {
  const { parameters, memoryBytes: memory, diskBytes, free } = plan;
  return [
    {
      title: 'Training',
      rows: [
        ['steps', `${plan.isStepsEstimate ? 'about ' : ''}${countText(plan.steps)}`],
        ['tokens per step', countText(plan.tokensPerStep)],
        ['tokens in all', amountText(plan.tokens)],
        ['training data', tokensText(plan.trainTokens)],
        ['validation data', plan.validationTokens ? tokensText(plan.validationTokens) : 'none'],
        ['passes over the data', shortText(plan.epochs)],
      ],
    },
    {
      title: 'Parameters',
      rows: [
        ...parameters.byPart.map(part => [part.name, amountText(part.count)] as const),
        ['all', amountText(parameters.total)],
        ['trained', trainedText(parameters)],
      ],
    },
    {
      title: 'Memory, about',
      rows: [
        ['weights', bytesText(memory.weights)],
        ['gradients', bytesText(memory.gradients)],
        ['optimizer', bytesText(memory.optimizer)],
        ['activations', bytesText(memory.activations)],
        ['logits', bytesText(memory.logits)],
        ['program', bytesText(memory.runtime)],
        ['at the peak', `${bytesText(memory.peak)} of ${bytesText(free.memory)} free`],
      ],
    },
    {
      title: 'Disk, about',
      rows: [
        ['one checkpoint', bytesText(diskBytes.checkpoint)],
        ['checkpoints at once', countText(diskBytes.checkpoints)],
        ['run folder', `${bytesText(diskBytes.run)} of ${bytesText(free.disk)} free`],
      ],
    },
  ];
}

/** In powers of ten, as disks and system monitors count. */
export const bytesText = (bytes: number): string => `${amountText(bytes)}B`;

const tokensText = ({ count, isEstimate }: TokenCount): string =>
  `${isEstimate ? 'about ' : ''}${amountText(count)} tokens`;

function trainedText({ total, trainable }: Plan['parameters']): string {
  if (trainable === total) return 'all';
  return `${countText(trainable)} (${shortText((100 * trainable) / total)} %)`;
}

function asText(title: string, sections: readonly Section[], warnings: readonly string[]): string {
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([label]) => label.length)));
  const lines = sections.flatMap(section => [
    '',
    section.title,
    ...section.rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
  ]);
  const warned = warnings.flatMap(message => ['', `Warning: ${message}`]);
  return [title, ...lines, ...warned, ''].join('\n');
}

function asMarkdown(
  title: string,
  sections: readonly Section[],
  warnings: readonly string[],
): string {
  const tables = sections.flatMap(section => [
    `## ${section.title}`,
    '',
    '| | |',
    '| --- | ---: |',
    ...section.rows.map(([label, value]) => `| ${label} | ${value} |`),
    '',
  ]);
  const warned = warnings.flatMap(message => [`> **Warning**: ${message}`, '']);
  return [`# ${title}`, '', ...warned, ...tables].join('\n');
}
