/**
 * What crosses between the host and the curves view. The view asks, the host gives exactly one
 * reply to each request and posts what changed on its own. Facts are small and pushed; curves are
 * pulled by range and width. Plain data that survives a structured clone.
 */
import type { CheckpointState, LossAt, Notable, PhaseState, RunState } from './runState';
import type { ViewReply } from './viewReply';

/** What the view knows of one run. */
export interface RunFacts {
  id: string;
  name: string;
  /** Colour and dash, the run's for its life. */
  slot: number;
  /** `interrupted`: its process is gone without a word. */
  status: RunState['status'] | 'interrupted';
  /** It ended before its last step and has a checkpoint to go on from. */
  canResume: boolean;
  /** A process holds the run; seconds since it last gave a sign of life. */
  live: boolean;
  silentSeconds: number;
  /** Why the log cannot be read to its end. */
  damage: string | null;
  /** Share of the log that has been read, 0 to 1. */
  readShare: number;
  /** The config it was started from, as people name it. */
  config: string;
  /** Largest gradient norm that is not clipped; 0 = no clipping or not known. */
  clipNorm: number;
  /** Steps between checkpoints; 0 = only at the end or not known. */
  saveEvery: number;
  pid: number;
  device: string;
  step: number;
  maxSteps: number;
  tokens: number;
  tokensPerStep: number;
  seconds: number;
  secondsPerStep: number;
  parameters: number;
  trainable: number;
  vocabSize: number;
  startedAt: number;
  /** Unix ms of the newest event, by the clock of the machine that trains. */
  updatedAt: number;
  firstStepSeconds: number;
  train: (LossAt & { ema: number }) | null;
  evaluation: LossAt | null;
  best: LossAt | null;
  phases: PhaseState[];
  checkpoints: CheckpointState[];
  notables: Notable[];
  problem: { code: string; message: string } | null;
  /** Steps in the log, and a number that grows when some of them were taken back. */
  rows: number;
  revision: number;
}

/** Only what is different since the last post. */
export type RunChange = Partial<RunFacts> & { id: string };

/** What stands around the runs. */
export interface Circumstances {
  /** Runs known to the window, opened or not. */
  knownRuns: number;
  isTrusted: boolean;
  /** The host's clock, Unix ms. */
  now: number;
  /** The run that the user has just asked for outside of the view; it is to be highlighted. */
  wanted: string | null;
}

export interface Snapshot extends Circumstances {
  /** Opened in this view, in its order. */
  runs: RunFacts[];
}

export interface Changed extends Circumstances {
  type: 'changed';
  runs: RunChange[];
  closed: string[];
}

export type Axis = 'step' | 'tokens' | 'seconds';

export interface RangeRequest {
  runs: string[];
  axis: Axis;
  from: number;
  to: number;
  /** Whether pixel columns are equally wide in log x. */
  log: boolean;
  columns: number;
  smallColumns: number;
  smoothing: number;
  /** Whether the extremes of the averages are wanted: when those of the raw values are not. */
  lineExtremes: boolean;
}

/** As `PackedRunWindow` of the curves: columns of float64. */
export interface RangeOfRun {
  id: string;
  windows: Record<
    'loss' | 'validation' | 'learningRate' | 'gradientNorm' | 'tokensPerSecond',
    ArrayBuffer
  >;
  readings: ArrayBuffer;
  points: number;
}

/** The loss plot as it is seen, for pictures and data files. */
export interface PictureRequest {
  runs: string[];
  highlighted: string | null;
  axis: Axis;
  range: [number, number] | null;
  xLog: boolean;
  yLog: boolean;
  smoothing: number;
  raw: boolean;
  validation: boolean;
  theme: 'dark' | 'light' | 'highContrast';
}

export const runActions = [
  'stop',
  'resume',
  'checkpoint',
  'openConfig',
  'openLog',
  'duplicateConfig',
  'reveal',
  'delete',
] as const;
export type RunAction = (typeof runActions)[number];

export const startActions = ['demo', 'newConfig', 'openRuns', 'trust'] as const;
export type StartAction = (typeof startActions)[number];

/** Every request of the view, with what it gets back. */
export interface Requests {
  /** The view has come up, or is visible again; `opened` is what it showed before. */
  ready: { params: { opened: string[] | null }; result: Snapshot };
  range: { params: RangeRequest; result: RangeOfRun[] };
  /** Lets the user choose runs to add. */
  addRuns: { params: null; result: null };
  closeRun: { params: { run: string }; result: null };
  act: { params: { action: RunAction; run: string }; result: null };
  start: { params: { action: StartAction }; result: null };
  compareConfigs: { params: { runs: [string, string] }; result: null };
  /** Shows a line of a run's log; `seq` counts from 0. */
  showEvent: { params: { run: string; seq: number }; result: null };
  /** The picture as SVG text, for the view to turn into pixels. */
  picture: { params: PictureRequest; result: { svg: string } };
  /** Asks where and writes; `saved` is null when the user chose nowhere. */
  saveSvg: { params: PictureRequest; result: Saved };
  saveCsv: { params: PictureRequest; result: Saved };
  savePng: { params: { png: ArrayBuffer }; result: Saved };
  copy: { params: { text: string }; result: null };
}

export interface Saved {
  saved: string | null;
}

export type RequestName = keyof Requests;

export type RequestMessage = {
  [K in RequestName]: { id: number; request: K; params: Requests[K]['params'] };
}[RequestName];

/** The view is in sight again: if it never went away, it has missed changes and asks anew. */
export interface Shown {
  type: 'shown';
}

export type HostMessage = ViewReply | Changed | Shown;
