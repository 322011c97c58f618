/** A plan in banks and an explained message as lines of text. */
import { bytesText, countText, shortText } from '../../curves/numberText';
import type { BankPlan, Suggestion } from './bankPlan';
import type { OomExplanation } from './oomExplain';

const PHASE_NAMES = {
  model: 'model',
  optimizer: 'optimizer',
  forward: 'forward pass',
  backward: 'backward pass',
  step: 'update',
} as const;

/** The verdict in one line, and why in a second one. */
export function verdictOf(plan: BankPlan): { title: string; detail: string } {
  const { perBankBytes, bankBytes, shortBytes, peakPhase, failure, largestFreeBlockBytes } = plan;
  const peak = `at the peak of the ${PHASE_NAMES[peakPhase]}`;
  if (!failure)
    return {
      title: `Fits: each bank needs ${countText(perBankBytes)} B, it has ${countText(bankBytes)} B`,
      detail: `${bytesText(bankBytes - perBankBytes)} per bank are left ${peak}; the largest free block has ${bytesText(largestFreeBlockBytes)}.`,
    };
  if (shortBytes === 0)
    return {
      title: `Does not fit: ${failure.buffer} needs ${countText(failure.perBankBytes)} B in one piece`,
      detail: `${countText(failure.freeBytes)} B are free per bank, the largest block has ${countText(failure.largestFreeBlockBytes)} B. Fragmentation is the cause, not size.`,
    };
  return {
    title: `Does not fit: each bank needs ${countText(perBankBytes)} B, it has ${countText(bankBytes)} B`,
    detail: `Short by ${bytesText(shortBytes)} per bank ${peak}. Size is the cause, not fragmentation.`,
  };
}

export function formatBankPlan(plan: BankPlan): string {
  const { device, failure } = plan;
  const { title, detail } = verdictOf(plan);
  const lines = [
    `${plan.name} on ${device.title}: ${countText(device.banks)} banks of ${countText(device.bankBytes)} B, aligned to ${device.alignment} B`,
    title,
    detail,
    '',
    ...table([
      ['buffers', 'layout', 'needed B', 'page B', 'pages', 'per bank B', 'padding B per bank'],
      ...plan.categories.map(c => [
        c.category,
        c.layout,
        ...[c.neededBytes, c.pageBytes, c.pages, c.perBankBytes, c.paddingPerBankBytes].map(
          countText,
        ),
      ]),
    ]),
    '',
    'Peak by phase',
    ...plan.phases.map(
      ({ phase, perBankBytes, share }) =>
        `  ${PHASE_NAMES[phase].padEnd(14)}${countText(perBankBytes).padStart(16)} B  ${shortText(100 * share)} %`,
    ),
  ];
  if (failure)
    lines.push(
      '',
      `First buffer that fails: ${failure.buffer} (${failure.category}, ${PHASE_NAMES[failure.phase]})`,
      `  needs ${countText(failure.perBankBytes)} B per bank, largest free block then ${countText(failure.largestFreeBlockBytes)} B`,
    );
  lines.push('', `Largest batch that fits: ${plan.largestBatch || 'none'}`);
  if (plan.suggestions.length > 0) lines.push('', 'What would fit', ...plan.suggestions.map(told));
  if (plan.pairs.length > 0) lines.push(...plan.pairs.map(told));
  return lines.join('\n');
}

const told = ({ title, detail, perBankBytes, fits }: Suggestion): string =>
  `  ${fits ? '✓' : '×'} ${title}: ${countText(perBankBytes)} B per bank, ${fits ? 'fits' : 'still short'} (${detail})`;

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

export function formatOom(explained: OomExplanation): string {
  const { memory, bytes, banks, perBankBytes, page, tensors, times, raisedAt } = explained;
  const where = [raisedAt, times > 1 && `said ${times} times`].filter(Boolean).join(', ');
  return [
    `${memory} buffer of ${countText(bytes)} B over ${banks} banks${where && ` (${where})`}`,
    explained.summary,
    '',
    page
      ? `  ${countText(page.pages)} pages of ${countText(page.pageBytes)} B (${page.layout}): ceil(${countText(page.pages)} ÷ ${banks}) × page = ${countText(explained.computedPerBankBytes!)} B per bank${explained.matches ? ', as the message says' : ''}`
      : `  No page size makes ${countText(perBankBytes)} B per bank come true: the buffer may be sharded.`,
    ...tensors.map((tensor, i) => `  ${i === 0 ? 'It may be' : 'or'} ${tensor}`),
    '',
    ...explained.advice.map(line => `  → ${line}`),
  ].join('\n');
}
