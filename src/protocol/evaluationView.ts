/**
 * What crosses between the host and the view of an evaluation. The table is asked for by range, texts
 * by sample, and the host posts what happens while an evaluation runs. Plain data that survives a
 * structured clone.
 */
import type {
  AgentRecord,
  ComparedMetric,
  EvaluationPlan,
  EvaluationReport,
  EvaluationSample,
  MetricResult,
  SampleFlag,
  TokenLosses,
} from './evaluation';
import type { ViewProblem, ViewReply } from './viewReply';

/** `running`: by this window. `stopped`: it has no report, and can go on. */
export type EvaluationState = 'running' | 'stopped' | 'done';

export interface EvaluationProgress {
  readonly phase: 'opening' | 'generating' | 'scoring';
  readonly done: number;
  readonly total: number;
  readonly tokensPerSecond: number | null;
  readonly secondsLeft: number | null;
}

/** Everything about an evaluation but its samples. */
export interface EvaluationFacts {
  readonly id: string;
  /** Its folder: what finds it again after the window was closed. */
  readonly dir: string;
  /** The same, as people name it in this window. */
  readonly path: string;
  readonly plan: EvaluationPlan;
  readonly state: EvaluationState;
  /** Null while it is not running. */
  readonly progress: EvaluationProgress | null;
  /** Null until it is done. */
  readonly report: Omit<EvaluationReport, 'plan'> | null;
  /** Of the report; before there is one, of the samples so far. */
  readonly results: readonly MetricResult[];
  /** Samples that can be asked for. */
  readonly samples: number;
  /** Lines of its files that could not be read. */
  readonly damagedLines: number;
  readonly problem: ViewProblem | null;
}

/** What one rule found: the answer as it stands, null = none. */
export interface RowAnswer {
  readonly answer: string | null;
  readonly isRight: boolean;
}

/** A sample as a row of the table. */
export interface SampleRow {
  /** Of the example in the data file, from 0: what names it everywhere. */
  readonly index: number;
  /** In one line, cut where nobody reads on. */
  readonly question: string;
  readonly expected: string | null;
  readonly exact: RowAnswer | null;
  readonly strict: RowAnswer | null;
  readonly flexible: RowAnswer | null;
  readonly flags: readonly SampleFlag[];
  readonly newTokens: number;
  readonly rougeL: number | null;
  readonly bleu: number | null;
  /** exp of the mean loss over the reference's tokens. */
  readonly perplexity: number | null;
}

/** Longest text of a sample that is sent; what is left out can be opened as text. */
export const MOST_CHARACTERS = 20_000;

export interface SampleDetail {
  /** With texts of at most `MOST_CHARACTERS`. */
  readonly sample: EvaluationSample;
  /** Characters of `output` on the disk. */
  readonly outputCharacters: number;
  readonly tokens: TokenLosses | null;
  /** The same example in the baseline, when there is one. */
  readonly baseline: EvaluationSample | null;
  /** An agent answered it: its steps are in a trace. */
  readonly hasTrace: boolean;
}

/** An evaluation that this one can be held against. */
export interface Comparable {
  readonly id: string;
  readonly name: string;
  /** Where it stands apart from others of the name: step, date. */
  readonly detail: string;
}

export interface BaselineFacts {
  readonly id: string;
  readonly name: string;
  readonly results: readonly MetricResult[];
  /** Examples that both have. */
  readonly paired: number;
  readonly wrongToRight: readonly number[];
  readonly rightToWrong: readonly number[];
  readonly metrics: readonly ComparedMetric[];
  readonly verdict: 'better' | 'worse' | 'same';
}

/** Small facts around the evaluation. */
export interface Circumstances {
  readonly isTrusted: boolean;
  readonly comparables: readonly Comparable[];
}

export interface Snapshot extends Circumstances {
  /** Null when it cannot be opened: see `problem`. */
  readonly facts: EvaluationFacts | null;
  readonly baseline: BaselineFacts | null;
  readonly problem: ViewProblem | null;
}

export const exportKinds = ['csv', 'json', 'html'] as const;
export type ExportKind = (typeof exportKinds)[number];

/** Most rows of one answer. */
export const MOST_ROWS = 2000;

/** Every request of the view, with what it gets back. */
export interface Requests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: Snapshot };
  /** In the order of their indices; fewer than `count` at the end. */
  rows: { params: { from: number; count: number }; result: readonly SampleRow[] };
  sample: { params: { index: number }; result: SampleDetail };
  /** Indices of samples whose question, prompt, output or reference holds all of the words. */
  search: { params: { words: string }; result: readonly number[] };
  /** Null = against none. */
  compare: { params: { baseline: string | null }; result: BaselineFacts | null };
  /** Answers these anew, in an evaluation of their own. */
  runAgain: { params: { indices: readonly number[] }; result: null };
  stop: { params: null; result: null };
  resume: { params: null; result: null };
  /** Puts the sample's prompt into the sandbox, with its model. */
  openInSandbox: { params: { index: number }; result: null };
  /** A text as a page of its own, whole. */
  openText: { params: { index: number; what: 'prompt' | 'output' | 'reference' }; result: null };
  /** The steps of the agent that answered it. */
  openTrace: { params: { index: number }; result: null };
  openConfig: { params: null; result: null };
  /** Path as people name it; null when the user chose none. */
  export: { params: { kind: ExportKind }; result: { saved: string | null } };
  copy: { params: { text: string }; result: null };
  trust: { params: null; result: null };
}

export type RequestName = keyof Requests;

export type RequestMessage = {
  [K in RequestName]: { id: number; request: K; params: Requests[K]['params'] };
}[RequestName];

export type Post =
  /** It went on: there are more samples, or a report. */
  | { type: 'facts'; facts: EvaluationFacts }
  | ({ type: 'circumstances' } & Circumstances)
  /** Another evaluation is shown from now on. */
  | { type: 'shown' };

export type HostMessage = ViewReply | Post;

/** A trace of an agent as it lies on the disk, record by record. */
export type Trace = readonly AgentRecord[];
