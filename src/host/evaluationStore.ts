/**
 * The evaluations a window knows, for every feature that shows or starts them. Only the interface:
 * how they are found and run is in `evaluation/`.
 */
import type { Event } from 'vscode';
import type { EvaluationPlan, EvaluationReport, EvaluationSample } from '../protocol/evaluation';
import type { EvaluationProgress, EvaluationState } from '../protocol/evaluationView';
import type { ViewProblem } from '../protocol/viewReply';

export interface KnownEvaluation {
  /** Name of its folder; `<name>~2` when another folder has that name, too. */
  readonly id: string;
  /** Absolute. */
  readonly dir: string;
  /** Of the run whose folder it lies in; undefined when it lies elsewhere. */
  readonly runDir: string | undefined;
  readonly plan: EvaluationPlan;
  readonly state: EvaluationState;
  /** While it is running. */
  readonly progress: EvaluationProgress | null;
  /** Why its last process ended early. */
  readonly problem: ViewProblem | null;
  /** "31.5 % strict · 200 samples": the answer in a few words. */
  readonly description: string;
  /** Once it is done. */
  readonly report: EvaluationReport | undefined;
}

export interface EvaluationStore {
  /** Newest first. */
  readonly evaluations: readonly KnownEvaluation[];
  /** At most a few times a second. */
  readonly onDidChange: Event<void>;
  get(id: string): KnownEvaluation | undefined;
  /** Looks at the disk now. */
  refresh(): Promise<void>;
}

/** A process that evaluates, from the window's side. */
export interface RunningEvaluation {
  /** Of the evaluation, once it is known. */
  readonly dir: Promise<string>;
  /** Settles when the process is over: how. */
  readonly end: Promise<'done' | 'stopped' | 'failed'>;
  onSample(listener: (sample: EvaluationSample) => void): { dispose(): void };
  onProgress(listener: (progress: EvaluationProgress) => void): { dispose(): void };
  /** Asks it to end after the batch that is under way. */
  stop(): void;
}
