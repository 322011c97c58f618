/**
 * Whether a training step fits into a device's banks before it starts: what holds how much, when the
 * peak is, what fails first, and which changes would make it fit. Pure arithmetic.
 */
import type { ModelShape } from '../model/modelShape';
import type { BankDevice } from '../devices/bankDevice';
import {
  type BankCategory,
  buffersOf,
  type BuffersByPhase,
  type PlannedBuffer,
} from './bankBuffers';
import type { BankJob } from './bankJob';
import { PHASES, type Phase, runInBanks } from './bankRun';
import { type BankChange, bankChanges } from './bankChanges';

/** All buffers of one kind. Bytes of pages and per bank are sums. */
export interface CategorySum {
  readonly category: BankCategory;
  readonly buffers: number;
  readonly layout: string;
  readonly neededBytes: number;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly pages: number;
  readonly perBankBytes: number;
  /** Of that, what holds no element: tiles that are not full and pages that are not there. */
  readonly paddingPerBankBytes: number;
}

export interface PhaseSum {
  readonly phase: Phase;
  readonly perBankBytes: number;
  /** Of a bank. */
  readonly share: number;
}

export interface BankFailure {
  readonly buffer: string;
  readonly category: BankCategory;
  readonly phase: Phase;
  readonly bytes: number;
  readonly perBankBytes: number;
  readonly freeBytes: number;
  readonly largestFreeBlockBytes: number;
  readonly cause: 'size' | 'fragmentation';
}

/** A change of the config, alone. */
export interface Suggestion {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  /** Key paths of the config and what to write there; empty when no key does it. */
  readonly edits: readonly { readonly key: string; readonly value: string }[];
  readonly perBankBytes: number;
  readonly fits: boolean;
}

export interface BankPlan {
  readonly name: string;
  readonly kind: BankJob['kind'];
  readonly device: BankDevice;
  readonly family: string;
  readonly parameters: number;
  readonly batch: number;
  readonly time: number;
  readonly accumulation: number;
  readonly optimizer: string;
  readonly recomputes: boolean;
  readonly dataParallel: number;
  readonly tensorParallel: number;
  readonly fits: boolean;
  /** Bytes per bank at the peak, and of a bank. */
  readonly perBankBytes: number;
  readonly bankBytes: number;
  /** Per bank; 0 when the sum fits. */
  readonly shortBytes: number;
  readonly peakPhase: Phase;
  readonly freeBytes: number;
  readonly largestFreeBlockBytes: number;
  /** Of what is kept at the peak, the share that holds no element. */
  readonly lostShare: number;
  readonly failure?: BankFailure;
  readonly categories: readonly CategorySum[];
  readonly phases: readonly PhaseSum[];
  readonly suggestions: readonly Suggestion[];
  /** Of two changes, when no one change is enough: the smallest first. */
  readonly pairs: readonly Suggestion[];
  /** The most rows of a micro-batch that fit, 0 when none does. */
  readonly largestBatch: number;
  readonly buffers: readonly (PlannedBuffer & { readonly index: number })[];
}

const ORDER: readonly BankCategory[] = [
  'weights',
  'gradients',
  'optimizer',
  'activations',
  'logits',
  'kv-cache',
];

export function bankPlan(job: BankJob, device: BankDevice): BankPlan {
  const buffers = buffersOf(job, device);
  const { peaks, failure, freeBytes, largestFreeBlockBytes } = runInBanks(
    buffers,
    device.bankBytes,
  );
  const phases = PHASES.map(phase => ({
    phase,
    perBankBytes: peaks[phase],
    share: peaks[phase] / device.bankBytes,
  }));
  const peak = phases.reduce((most, each) =>
    each.perBankBytes >= most.perBankBytes ? each : most,
  );
  const all = allOf(buffers);
  const categories = ORDER.map(category => sumOf(category, all)).filter(sum => sum.buffers > 0);
  const kept = categories.reduce((sum, c) => sum + c.perBankBytes, 0);
  const lost = categories.reduce((sum, c) => sum + c.paddingPerBankBytes, 0);
  const outcome = rememberedOutcome(device);
  const changes = bankChanges(job, outcome);
  return {
    ...{ name: job.name, kind: job.kind, device },
    family: job.model.base.family ?? 'slm',
    parameters: parametersOf(job.model, buffers),
    ...{ batch: job.batch, time: job.time, accumulation: job.accumulation },
    ...{ optimizer: job.optimizer.name, recomputes: job.recomputes },
    ...{ dataParallel: job.dataParallel, tensorParallel: job.tensorParallel },
    fits: failure === undefined,
    perBankBytes: peak.perBankBytes,
    bankBytes: device.bankBytes,
    shortBytes: Math.max(0, peak.perBankBytes - device.bankBytes),
    peakPhase: peak.phase,
    ...{ freeBytes, largestFreeBlockBytes, lostShare: lost / kept },
    ...(failure && {
      failure: {
        buffer: failure.buffer.name,
        category: failure.buffer.category,
        phase: failure.phase,
        bytes: failure.buffer.bytes,
        perBankBytes: failure.buffer.perBankBytes,
        freeBytes: failure.freeBytes,
        largestFreeBlockBytes: failure.largestFreeBlockBytes,
        cause: failure.cause,
      },
    }),
    ...{ categories, phases },
    suggestions: changes.single.map(suggestionOf),
    pairs: changes.pairs.map(suggestionOf),
    largestBatch: largestBatch(job, outcome),
    buffers: all.map((buffer, index) => ({ ...buffer, index })),
  };
}

export interface Outcome {
  readonly perBankBytes: number;
  readonly fits: boolean;
}

/** The same change is tried alone, in pairs and while searching. */
function rememberedOutcome(device: BankDevice): (job: BankJob) => Outcome {
  const known = new Map<string, Outcome>();
  return job => {
    const { model, optimizer, batch, time, recomputes, dataParallel, tensorParallel } = job;
    const key = JSON.stringify([
      ...[model.lora?.r, optimizer.name, batch, time, recomputes, dataParallel, tensorParallel],
    ]);
    const outcome = known.get(key) ?? outcomeOf(job, device);
    known.set(key, outcome);
    return outcome;
  };
}

function outcomeOf(job: BankJob, device: BankDevice): Outcome {
  const { peaks, failure } = runInBanks(buffersOf(job, device), device.bankBytes);
  return { perBankBytes: Math.max(...Object.values(peaks)), fits: failure === undefined };
}

const suggestionOf = ({
  change,
  outcome,
}: {
  change: BankChange;
  outcome: Outcome;
}): Suggestion => ({
  ...{ id: change.id, title: change.title, detail: change.detail, edits: change.edits },
  ...outcome,
});

const allOf = ({ model, gradients, optimizer, forward, sampling }: BuffersByPhase) => [
  ...model,
  ...gradients,
  ...optimizer,
  ...forward,
  ...sampling,
];

function sumOf(category: BankCategory, all: readonly PlannedBuffer[]): CategorySum {
  const own = all.filter(buffer => buffer.category === category);
  const total = (of: (buffer: PlannedBuffer) => number) => own.reduce((n, b) => n + of(b), 0);
  const layouts = new Set(own.map(({ layout }) => layout));
  const pages = new Set(own.map(({ pageBytes }) => pageBytes));
  const [bytes, neededBytes] = [total(b => b.bytes), total(b => b.neededBytes)];
  const perBankBytes = total(b => b.perBankBytes);
  const banks = Math.max(1, Math.round(total(b => b.bytes + b.lostBytes) / (perBankBytes || 1)));
  return {
    category,
    buffers: own.length,
    layout: [...layouts].join(', '),
    ...{ neededBytes, bytes, perBankBytes },
    pageBytes: Math.max(0, ...pages),
    pages: total(b => b.pages),
    paddingPerBankBytes: Math.max(0, Math.round(perBankBytes - neededBytes / banks)),
  };
}

/** Elements of all weights, adapters with them; a tied head counts once. */
const parametersOf = ({ base }: ModelShape, { model }: BuffersByPhase): number =>
  model.reduce((n, { neededBytes }) => n + neededBytes / 2, 0) - paddedRows(base, model);

/** Rows that only fill up the vocabulary are no parameters. */
function paddedRows(base: ModelShape['base'], weights: readonly PlannedBuffer[]): number {
  return weights
    .filter(({ name }) => /\/(fc|tok_emb)\/weight$/.test(name))
    .reduce((n, { shape }) => n + (shape.at(-2)! - base.vocab_size) * shape.at(-1)!, 0);
}

const MOST_ROWS = 65536;

function largestBatch(job: BankJob, outcome: (job: BankJob) => Outcome): number {
  const fits = (batch: number) => outcome({ ...job, batch }).fits;
  const step = job.dataParallel;
  if (!fits(step)) return 0;
  let [low, high] = [1, 2];
  while (high * step <= MOST_ROWS && fits(high * step)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle * step <= MOST_ROWS && fits(middle * step)) low = middle;
    else high = middle;
  }
  return low * step;
}
