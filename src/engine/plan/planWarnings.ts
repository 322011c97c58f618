/** What speaks against starting a run as planned, each with what would make it fit. Pure. */
import { amountText } from '../../curves/numberText';
import { hasExamples } from '../config/dataKinds';
import type { RunConfig } from '../config/schema';
import type { ModelShape } from '../model/programs';
import type { Problem } from '../problem';
import type { MemoryParts } from './memoryModel';
import type { MemorySettings, Plan } from './planRun';
import { bytesText } from './formatPlan';

export interface PlanInput {
  readonly config: RunConfig;
  readonly model: ModelShape;
  readonly memoryFor: (model: ModelShape, train: MemorySettings, time: number) => MemoryParts;
  /** Tokens of a row. */
  readonly time: number;
}

/** The estimate is not exact and others use the machine too: some room stays free. */
const USABLE_SHARE = 0.9;

export function planWarnings(plan: Omit<Plan, 'warnings'>, input: PlanInput): Problem[] {
  return [...memoryWarning(plan, input), ...diskWarning(plan), ...dataWarnings(plan, input)];
}

const warning = (code: string, key: string, message: string): Problem[] => [
  { code: `plan.${code}`, severity: 'warning', message, where: { key } },
];

function memoryWarning({ memoryBytes, free }: Omit<Plan, 'warnings'>, input: PlanInput): Problem[] {
  const room = free.memory * USABLE_SHARE;
  if (memoryBytes.peak <= room) return [];
  const remedy =
    whatFits(room, input) ?? 'Even the smallest batch does not fit: use a smaller model.';
  const message = `About ${bytesText(memoryBytes.peak)} of memory are needed, ${bytesText(free.memory)} are free. ${remedy}`;
  const fits = memoryBytes.peak <= free.memory;
  const where = { key: 'train.batch_size' };
  return fits
    ? warning('memory', where.key, message)
    : [{ code: DOES_NOT_FIT, severity: 'error', message, where }];
}

const DOES_NOT_FIT = 'plan.does-not-fit';

/** Why a run must not be started: it needs more memory than there is. */
export const refusalOf = ({ warnings }: Pick<Plan, 'warnings'>): Problem | undefined =>
  warnings.find(({ code }) => code === DOES_NOT_FIT);

/** What may change so that a run fits. */
interface Settings extends MemorySettings {
  readonly quantization: 'nf4' | undefined;
  readonly time: number;
}

/** The least change that fits: smaller micro-batches of the same step first, shorter rows last. */
function whatFits(room: number, input: PlanInput): string | undefined {
  const { config, model, time, memoryFor } = input;
  const start: Settings = {
    ...config.train,
    segmented: hasExamples(config.data),
    quantization: model.quantization,
    time,
  };
  const fits = ({ quantization, time: row, ...train }: Settings): boolean =>
    memoryFor({ ...model, ...(quantization && { quantization }) }, train, row).peak <= room;
  const found = candidates(start, config).find(fits);
  return found && remedyOf(start, found);
}

function candidates(start: Settings, { model, adapter }: RunConfig): Settings[] {
  const twice = { ...start, gradient_checkpointing: true };
  const isFrom = 'from' in model;
  const few: Settings = adapter
    ? { ...twice, ...(isFrom && { quantization: 'nf4' as const }) }
    : { ...twice, optimizer: 'paged_adamw8bit' };
  const withBatches = (settings: Settings) => [settings, ...smallerBatches(settings)];
  const least = smallerBatches(few).at(-1) ?? few;
  return [
    ...[start, twice, few].flatMap(withBatches),
    ...halvings(start.time, 32).map(time => ({ ...least, time })),
  ];
}

/** Of the same rows a step. */
const smallerBatches = (settings: Settings): Settings[] =>
  halvings(settings.batch_size, 1).map(batch => ({
    ...settings,
    batch_size: batch,
    gradient_accumulation: Math.ceil(
      (settings.batch_size * settings.gradient_accumulation) / batch,
    ),
  }));

function remedyOf(start: Settings, found: Settings): string {
  const isOther = (key: keyof Settings) => start[key] !== found[key];
  const changes = [
    isOther('batch_size') &&
      `\`batch_size: ${found.batch_size}\` with \`gradient_accumulation: ${found.gradient_accumulation}\``,
    isOther('gradient_checkpointing') && '`gradient_checkpointing: true`',
    isOther('quantization') && '`adapter.quantization: nf4`',
    isOther('optimizer') && `\`optimizer: ${found.optimizer}\``,
    isOther('time') && `\`data.max_length: ${found.time}\``,
  ].filter(change => change !== false);
  const keeps = isOther('quantization') || isOther('optimizer') || isOther('time');
  const effect = isOther('gradient_checkpointing')
    ? 'the same steps, slower'
    : 'as many rows a step';
  return `Use ${changes.join(', ')}${keeps ? '' : `: ${effect}`}.`;
}

/** 12 → 6, 3, 1 */
function halvings(from: number, to: number): number[] {
  const half = Math.floor(from / 2);
  return half < to ? [] : [half, ...halvings(half, to)];
}

function diskWarning({ diskBytes, free }: Omit<Plan, 'warnings'>): Problem[] {
  if (diskBytes.run <= free.disk * USABLE_SHARE) return [];
  return warning(
    'disk',
    'train.keep_checkpoints',
    `The run folder grows to ${bytesText(diskBytes.run)}, ${bytesText(free.disk)} are free. Free some space, or lower \`keep_checkpoints\`.`,
  );
}

function dataWarnings({ trainTokens, validationTokens }: Omit<Plan, 'warnings'>, input: PlanInput) {
  const { time } = input;
  if (hasExamples(input.config.data)) return [];
  const isFrom = 'from' in input.config.model;
  const parts = [
    ['training', trainTokens],
    ['validation', validationTokens],
  ] as const;
  return parts.flatMap(([name, tokens]) => {
    if (!tokens || tokens.count > time) return [];
    const about = tokens.isEstimate ? 'about ' : '';
    return warning(
      'data-too-short',
      isFrom ? 'model.from' : 'model.block_size',
      `The ${name} data has ${about}${amountText(tokens.count)} tokens, one block and its next token need ${time + 1}. Use more data or a smaller \`block_size\`.`,
    );
  });
}
