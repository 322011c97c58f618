/**
 * What a run says of itself: one JSON object a line in `runs/<id>/events.jsonl`, and on stdout with
 * `--json`. Plain data; knows nothing of files, processes or screens.
 *
 * Steps count optimizer updates from 0. A `step` event with `step: s` carries the loss of the
 * weights *before* update s; an `eval` or `checkpoint` at `step: k` is of the weights after k updates.
 */

export interface StartEvent {
  type: 'start';
  run: string;
  /** Config name, for people. */
  name: string;
  pid: number;
  device: string;
  /** First step this process will do; greater than 0 after a resume. */
  step: number;
  max_steps: number;
  parameters: number;
  trainable: number;
  tokens_per_step: number;
  vocab_size: number;
}

export type Phase = 'config' | 'data' | 'weights' | 'graph' | 'warmup';

/** Preparation before the first step: `state: 'begin'` then `'end'` with its duration. */
export interface PhaseEvent {
  type: 'phase';
  phase: Phase;
  state: 'begin' | 'end';
  /** Short, for people: "26.38 M parameters · seed 1337". */
  detail: string;
  /** Wall seconds the phase took; 0 at its beginning. */
  seconds: number;
}

export interface StepEvent {
  type: 'step';
  step: number;
  /** Mean cross-entropy in nats over the micro-batches of this step. */
  loss: number;
  lr: number;
  /** Global L2 norm before clipping. */
  grad_norm: number;
  /** Tokens trained on in this step. */
  tokens: number;
  /** Wall seconds of this step, without evaluation and checkpoints. */
  seconds: number;
}

export interface EvalEvent {
  type: 'eval';
  step: number;
  /** Mean validation cross-entropy in nats. */
  loss: number;
  /** Share of positions whose likeliest token is the right one. */
  accuracy?: number;
  batches: number;
  seconds: number;
  best: boolean;
}

export interface CheckpointEvent {
  type: 'checkpoint';
  step: number;
  /** Folder relative to the run folder, e.g. `checkpoints/step-000250`. */
  path: string;
  bytes: number;
  seconds: number;
}

/** Older checkpoints removed after a newer one was durable. */
export interface CheckpointDeletedEvent {
  type: 'checkpoint_deleted';
  step: number;
  path: string;
}

export interface SampleEvent {
  type: 'sample';
  step: number;
  prompt: string;
  text: string;
}

export interface AnomalyEvent {
  type: 'anomaly';
  step: number;
  kind: 'spike' | 'non_finite';
  /** "Gradient norm 14.2, 18× the median" */
  message: string;
  /** Start offsets into the training token bin of the rows of this step, `[micro][row]`. */
  batch: number[][];
}

/** How long the run is, once the data is known: of runs that are given in epochs. */
export interface LengthEvent {
  type: 'length';
  step: number;
  max_steps: number;
  steps_per_epoch: number;
}

/** Something the user should know which does not stop the run. */
export interface NoticeEvent {
  type: 'notice';
  step: number;
  code: string;
  message: string;
  /** Of `quantization.error`: each layer that is held in few bits. */
  layers?: readonly LayerError[];
}

/** ‖W − quantised W‖ / ‖W‖ */
export type LayerError = readonly [layer: string, error: number];

export type Outcome = 'done' | 'stopped' | 'failed';

export interface EndEvent {
  type: 'end';
  step: number;
  outcome: Outcome;
  seconds: number;
  /** Present when `outcome` is `failed`. */
  problem?: { code: string; message: string };
}

export type RunEventBody =
  | StartEvent
  | PhaseEvent
  | StepEvent
  | EvalEvent
  | CheckpointEvent
  | CheckpointDeletedEvent
  | SampleEvent
  | AnomalyEvent
  | LengthEvent
  | NoticeEvent
  | EndEvent;

/** `seq` counts lines of this log from 0; `time` is Unix milliseconds. The line also carries `crc`. */
export type RunEvent = RunEventBody & { seq: number; time: number };
