/** Makes the events of a plausible run from a seed: what tests and benchmarks of the curves read. */
import type { Outcome, RunEvent, RunEventBody } from '../../src/protocol/runEvent';

export interface SyntheticRun {
  name: string;
  steps: number;
  maxSteps?: number;
  learningRate?: number;
  /** Loss it starts from, and towards which it falls. */
  from?: number;
  to?: number;
  /** Steps over which the distance shrinks. */
  pace?: number;
  noise?: number;
  /** Step with a spike to this loss, announced by an anomaly. */
  spike?: { step: number; loss: number };
  evalEvery?: number;
  outcome?: Outcome;
  /** The last loss is not a number. */
  endsNotFinite?: boolean;
  tokensPerSecond?: number;
  seed?: number;
  /** Unix ms of the first event. */
  startedAt?: number;
  keepCheckpoints?: number;
}

const TOKENS_PER_STEP = 8192;

/** All events of the run, in order. */
export function* syntheticEvents(run: SyntheticRun): Generator<RunEvent> {
  const random = mulberry32(run.seed ?? 1);
  let time = run.startedAt ?? Date.UTC(2026, 10, 20, 9);
  let seq = 0;
  const stamp = (body: RunEventBody, seconds = 0): RunEvent => {
    time += seconds * 1000;
    return { ...body, seq: seq++, time: Math.round(time) };
  };
  const evalEvery = run.evalEvery ?? 250;
  yield stamp(startOf(run));
  for (const [phase, detail, seconds] of PHASES) {
    yield stamp({ type: 'phase', phase, state: 'begin', detail, seconds: 0 });
    yield stamp({ type: 'phase', phase, state: 'end', detail, seconds }, seconds);
  }
  let best = Infinity;
  const kept: number[] = [];
  for (let step = 0; step < run.steps; step++) {
    const isLast = step === run.steps - 1;
    const spiked = run.spike?.step === step;
    const ideal = lossAt(run, step);
    const noisy = ideal * (1 + (run.noise ?? 0.016) * gauss(random));
    const loss = spiked ? run.spike!.loss : run.endsNotFinite && isLast ? NaN : noisy;
    const seconds = TOKENS_PER_STEP / ((run.tokensPerSecond ?? 9850) * (1 + 0.01 * gauss(random)));
    const slow = step % evalEvery === 0 ? 1.3 : 1;
    yield stamp(
      {
        type: 'step',
        step,
        loss,
        lr: learningRateAt(run, step),
        grad_norm: spiked ? 14.2 : (0.6 + 2.6 * Math.exp(-step / 300)) * (1 + 0.25 * random()),
        tokens: TOKENS_PER_STEP,
        seconds: seconds * slow,
      },
      seconds * slow,
    );
    if (spiked)
      yield stamp({
        type: 'anomaly',
        step,
        kind: 'spike',
        message: 'Gradient norm 14.2, 18× the median',
        batch: [[409600, 51200, 7680, 12800]],
      });
    if (run.endsNotFinite && isLast)
      yield stamp({
        type: 'anomaly',
        step,
        kind: 'non_finite',
        message: 'The loss is not a number',
        batch: [[1024]],
      });
    const done = step + 1;
    if (done % evalEvery !== 0) continue;
    const validation = lossAt(run, done) * 1.02 + 0.12 * Math.min(1, done / 3000);
    const isBest = validation < best;
    best = Math.min(best, validation);
    yield stamp(
      { type: 'eval', step: done, loss: validation, batches: 20, seconds: 4, best: isBest },
      4,
    );
    yield stamp(
      { type: 'checkpoint', step: done, path: pathOf(done), bytes: 105_520_000, seconds: 0.4 },
      0.4,
    );
    kept.push(done);
    if (kept.length > (run.keepCheckpoints ?? 3)) {
      const gone = kept.shift()!;
      if (gone % 1000 !== 0)
        yield stamp({ type: 'checkpoint_deleted', step: gone, path: pathOf(gone) });
    }
  }
  if (!run.outcome) return;
  const problem = {
    code: 'train.non-finite',
    message: `The loss of step ${run.steps - 1} is not a number.`,
  };
  yield stamp({
    type: 'end',
    step: run.steps,
    outcome: run.outcome,
    seconds: time / 1000,
    ...(run.outcome === 'failed' ? { problem } : {}),
  });
}

/** One line of `events.jsonl`, without the checksum that the run log adds. */
export const lineOf = (event: RunEvent): string => `${JSON.stringify(event)}\n`;

const PHASES = [
  ['config', 'configs/slm-base.yaml', 0],
  ['data', 'train.bin · 1 712 804 tokens · 7 473 examples', 2.1],
  ['weights', '26.38 M parameters · seed 1337', 0.6],
  ['graph', '688 operators on cpu', 4],
] as const;

function startOf(run: SyntheticRun): RunEventBody {
  return {
    type: 'start',
    run: `20261120-090000-${run.name}`,
    name: run.name,
    pid: 48213,
    device: 'cpu',
    step: 0,
    max_steps: run.maxSteps ?? run.steps,
    parameters: 26_380_000,
    trainable: 26_380_000,
    tokens_per_step: TOKENS_PER_STEP,
    vocab_size: 50257,
  };
}

function lossAt({ from = 10.82, to = 2.3, pace = 1800 }: SyntheticRun, step: number): number {
  return to + (from - to) * (0.6 * Math.exp(-step / (pace / 6)) + 0.4 * Math.exp(-step / pace));
}

function learningRateAt(run: SyntheticRun, step: number): number {
  const peak = run.learningRate ?? 1e-4;
  const steps = run.maxSteps ?? run.steps;
  const warmup = steps / 20;
  if (step < warmup) return (peak * step) / warmup;
  const share = (step - warmup) / (steps - warmup);
  return peak * (0.1 + 0.45 * (1 + Math.cos(Math.PI * share)));
}

const pathOf = (step: number): string => `checkpoints/step-${String(step).padStart(6, '0')}`;

/** Uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const gauss = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
