/**
 * The small facts of a run, as a fold over its events: what the tree, the command line and the
 * curves view say of it. Knows nothing of files, leases or the long step series.
 */
import { type LossHistory, emptyHistory, forgetFrom, remember } from './lossHistory';
import type { AnomalyEvent, Outcome, Phase, RunEvent, StartEvent } from './runEvent';

export interface PhaseState {
  phase: Phase;
  state: 'begin' | 'end';
  /** For people: "26.38 M parameters · seed 1337". */
  detail: string;
  /** Wall seconds it took; 0 while it runs. */
  seconds: number;
  /** Unix ms of its first event. */
  began: number;
}

export interface CheckpointState {
  step: number;
  /** Folder relative to the run folder. */
  path: string;
  bytes: number;
  deleted: boolean;
}

export interface LossAt {
  step: number;
  loss: number;
}

/** One line of the events list; `seq` is the 0-based line in `events.jsonl`. */
export interface Notable {
  kind: 'spike' | 'non_finite' | 'best' | 'resumed' | 'notice' | 'failed';
  step: number;
  seq: number;
  message: string;
  /** Of an anomaly: start offsets into the training bin, `[micro][row]`. */
  batch?: number[][];
}

export interface RunState {
  run: string;
  name: string;
  /** `failed` and the others only once the run has said so: a killed run stays `training`. */
  status: 'preparing' | 'training' | Outcome;
  pid: number;
  device: string;
  /** Optimizer updates done. */
  step: number;
  maxSteps: number;
  parameters: number;
  trainable: number;
  tokensPerStep: number;
  vocabSize: number;
  /** Tokens trained on. */
  tokens: number;
  /** Unix ms of the first and the newest event. */
  startedAt: number;
  updatedAt: number;
  /** Wall seconds in which a process worked on the run; pauses between processes are left out. */
  seconds: number;
  /** Wall seconds a step takes with its share of evaluations and checkpoints; 0 until known. */
  secondsPerStep: number;
  /** From the end of the preparation to the first step, of the last process; 0 until known. */
  firstStepSeconds: number;
  /** Last training loss, and its bias-corrected EMA (β = 0.9). */
  train?: LossAt & { ema: number };
  learningRate?: number;
  gradientNorm?: number;
  /** EMA over steps (β = 0.9). */
  tokensPerSecond?: number;
  evaluation?: LossAt;
  best?: LossAt;
  phases: PhaseState[];
  checkpoints: CheckpointState[];
  notables: Notable[];
  history: LossHistory;
  problem?: { code: string; message: string };
  /** Working memory of the fold; of no use to a reader. */
  fold: FoldMemory;
}

interface FoldMemory {
  /** Unix ms at which this process began, and `seconds` before it. */
  began: number;
  secondsBefore: number;
  /** First step of this process and when it was logged. */
  firstStep: number;
  firstStepAt: number;
  lossEma: Ema;
  speedEma: Ema;
  /** Every evaluation that was the best so far. */
  bests: (LossAt & { seq: number })[];
}

interface Ema {
  mean: number;
  /** 1 − β^n: the weight gathered so far, by which `mean` is divided. */
  weight: number;
}

const BETA = 0.9;

export function emptyRunState(): RunState {
  return {
    run: '',
    name: '',
    status: 'preparing',
    pid: 0,
    device: '',
    step: 0,
    maxSteps: 0,
    parameters: 0,
    trainable: 0,
    tokensPerStep: 0,
    vocabSize: 0,
    tokens: 0,
    startedAt: 0,
    updatedAt: 0,
    seconds: 0,
    secondsPerStep: 0,
    firstStepSeconds: 0,
    phases: [],
    checkpoints: [],
    notables: [],
    history: emptyHistory(),
    fold: {
      began: 0,
      secondsBefore: 0,
      firstStep: 0,
      firstStepAt: 0,
      lossEma: { mean: 0, weight: 0 },
      speedEma: { mean: 0, weight: 0 },
      bests: [],
    },
  };
}

/**
 * Folds one event into `state`, in place, and returns it. A `start` at an earlier step takes back
 * what an interrupted process did after it, so that a resumed run reads as one never stopped.
 */
export function foldRunEvent(state: RunState, event: RunEvent): RunState {
  if (state.startedAt === 0) state.startedAt = event.time;
  state.updatedAt = event.time;
  if (state.fold.began === 0) state.fold.began = event.time;
  if (event.type === 'start') return foldStart(state, event);
  const worked = state.fold.secondsBefore + (event.time - state.fold.began) / 1000;
  state.seconds = Math.max(state.seconds, worked);
  switch (event.type) {
    case 'phase':
      foldPhase(state, event);
      break;
    case 'step':
      foldStep(state, event);
      break;
    case 'eval':
      state.evaluation = { step: event.step, loss: event.loss };
      if (event.best) {
        state.fold.bests.push({ step: event.step, loss: event.loss, seq: event.seq });
        nameBest(state);
      }
      break;
    case 'checkpoint': {
      const { step, path, bytes } = event;
      state.checkpoints = state.checkpoints.filter(c => c.path !== path);
      state.checkpoints.push({ step, path, bytes, deleted: false });
      break;
    }
    case 'checkpoint_deleted':
      for (const c of state.checkpoints) if (c.path === event.path) c.deleted = true;
      break;
    case 'anomaly':
      state.notables.push(notableOf(event));
      break;
    case 'notice':
      state.notables.push({
        kind: 'notice',
        step: event.step,
        seq: event.seq,
        message: event.message,
      });
      break;
    case 'end':
      state.status = event.outcome;
      if (event.problem) {
        const { message } = event.problem;
        state.problem = event.problem;
        state.notables.push({ kind: 'failed', step: event.step, seq: event.seq, message });
      }
      break;
    case 'length':
      state.maxSteps = event.max_steps;
      break;
    case 'sample':
      break;
  }
  return state;
}

/** Seconds until the last step at the present pace; undefined while unknown or when ended. */
export function secondsLeft(state: RunState): number | undefined {
  if (state.status !== 'training' || state.secondsPerStep === 0) return undefined;
  return (state.maxSteps - state.step) * state.secondsPerStep;
}

function foldStart(state: RunState, event: StartEvent & RunEvent): RunState {
  const { step } = event;
  const resumed = state.run !== '';
  state.run = event.run;
  state.name = event.name;
  state.status = 'preparing';
  state.pid = event.pid;
  state.device = event.device;
  state.maxSteps = event.max_steps;
  state.parameters = event.parameters;
  state.trainable = event.trainable;
  state.tokensPerStep = event.tokens_per_step;
  state.vocabSize = event.vocab_size;
  delete state.problem;
  state.fold.secondsBefore = state.seconds;
  state.fold.began = event.time;
  state.fold.firstStepAt = 0;
  state.firstStepSeconds = 0;
  state.secondsPerStep = 0;
  if (resumed) takeBack(state, step);
  state.tokens = step === state.step ? state.tokens : step * event.tokens_per_step;
  state.step = step;
  if (resumed && step > 0) {
    const message = 'Resumed from a checkpoint';
    state.notables.push({ kind: 'resumed', step, seq: event.seq, message });
  }
  return state;
}

/** Forgets what was done after `step`: a new process starts from there. */
function takeBack(state: RunState, step: number): void {
  forgetFrom(state.history, step);
  state.phases = [];
  state.notables = state.notables.filter(n => n.step <= step && n.kind !== 'failed');
  if (state.evaluation && state.evaluation.step > step) delete state.evaluation;
  state.fold.bests = state.fold.bests.filter(b => b.step <= step);
  nameBest(state);
  if (state.train && state.train.step >= step) delete state.train;
  state.fold.lossEma = { mean: 0, weight: 0 };
  state.fold.speedEma = { mean: 0, weight: 0 };
}

function foldPhase(state: RunState, event: RunEvent & { type: 'phase' }): void {
  const { phase, detail, seconds } = event;
  const known = state.phases.find(p => p.phase === phase);
  if (known) Object.assign(known, { state: event.state, detail, seconds });
  else state.phases.push({ phase, state: event.state, detail, seconds, began: event.time });
}

function foldStep(state: RunState, event: RunEvent & { type: 'step' }): void {
  const { fold } = state;
  const { step, loss, seconds, tokens } = event;
  state.status = 'training';
  if (fold.firstStepAt === 0) {
    fold.firstStep = step;
    fold.firstStepAt = event.time;
    const ready = state.phases.at(-1);
    if (ready) state.firstStepSeconds = (event.time - ready.began) / 1000 - ready.seconds;
  }
  const before = step - fold.firstStep;
  if (before > 0) state.secondsPerStep = (event.time - fold.firstStepAt) / 1000 / before;
  else if (state.secondsPerStep === 0) state.secondsPerStep = seconds;
  state.step = step + 1;
  state.tokens += tokens;
  state.learningRate = event.lr;
  state.gradientNorm = event.grad_norm;
  if (seconds > 0) state.tokensPerSecond = smooth(fold.speedEma, tokens / seconds);
  // JSON has no NaN: a loss that was not a number is written as null.
  if (Number.isFinite(loss)) {
    state.train = { step, loss, ema: smooth(fold.lossEma, loss) };
    remember(state.history, step, loss);
  }
}

function smooth(ema: Ema, value: number): number {
  ema.mean = BETA * ema.mean + (1 - BETA) * value;
  ema.weight = BETA * ema.weight + (1 - BETA);
  return ema.mean / ema.weight;
}

function notableOf(event: AnomalyEvent & RunEvent): Notable {
  const { kind, step, seq, message, batch } = event;
  return { kind, step, seq, message, batch };
}

/** The newest best, the only one in the list of notables. */
function nameBest(state: RunState): void {
  state.notables = state.notables.filter(n => n.kind !== 'best');
  delete state.best;
  const best = state.fold.bests.at(-1);
  if (!best) return;
  const { step, loss, seq } = best;
  state.best = { step, loss };
  state.notables.push({ kind: 'best', step, seq, message: `Validation loss ${loss.toFixed(3)}` });
}
