/**
 * A run's numbers over its whole length, as a fold over its events beside the small `RunState`.
 * Knows nothing of where the events come from or how they are drawn.
 */
import type { Axis } from '../protocol/curves';
import type { RunEvent } from '../protocol/runEvent';
import { type RunState, emptyRunState, foldRunEvent } from '../protocol/runState';
import { Columns, lowerBound } from './columns';

/** One row per optimizer step. `NaN` where the log has null: JSON cannot say "not a number". */
export const stepFields = [
  'step',
  /** Tokens trained on before this step. */
  'tokens',
  /** Wall seconds in which a process worked on the run, at the end of this step. */
  'seconds',
  'loss',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
] as const;
export type StepField = (typeof stepFields)[number];

/** One row per evaluation. */
export const evaluationFields = ['step', 'tokens', 'seconds', 'loss'] as const;
export type EvaluationField = (typeof evaluationFields)[number];

/** What the horizontal axis counts: a column of both tables, which never decreases. */
export type XAxis = Axis;

export interface RunSeries {
  state: RunState;
  steps: Columns<StepField>;
  evaluations: Columns<EvaluationField>;
  /** Grows when rows were taken back, so that a reader knows that its copy is void. */
  revision: number;
}

export function emptyRunSeries(): RunSeries {
  return {
    state: emptyRunState(),
    steps: new Columns(stepFields),
    evaluations: new Columns(evaluationFields),
    revision: 0,
  };
}

/** Folds one event into the state and the tables, in place. */
export function foldIntoSeries(series: RunSeries, event: RunEvent): void {
  const { steps, evaluations } = series;
  if (event.type === 'start') takeBackFrom(series, event.step);
  const state = foldRunEvent(series.state, event);
  if (event.type === 'step') {
    steps.push({
      step: event.step,
      tokens: state.tokens - event.tokens,
      seconds: state.seconds,
      loss: numberOf(event.loss),
      learningRate: numberOf(event.lr),
      gradientNorm: numberOf(event.grad_norm),
      tokensPerSecond: event.seconds > 0 ? event.tokens / event.seconds : NaN,
    });
  } else if (event.type === 'eval') {
    const again = evaluations.at('step', evaluations.length - 1) === event.step;
    if (again) evaluations.truncate(evaluations.length - 1);
    const { tokens, seconds } = state;
    evaluations.push({ step: event.step, tokens, seconds, loss: numberOf(event.loss) });
  }
}

/** A process that resumes at `step` does the steps from there on again. */
function takeBackFrom(series: RunSeries, step: number): void {
  const { steps, evaluations } = series;
  const keptSteps = lowerBound(steps.get('step'), step);
  const keptEvaluations = lowerBound(evaluations.get('step'), step + 1);
  if (keptSteps === steps.length && keptEvaluations === evaluations.length) return;
  steps.truncate(keptSteps);
  evaluations.truncate(keptEvaluations);
  series.revision++;
}

/** Events come from JSON, where a number that is none was written as null. */
const numberOf = (value: number | null): number => value ?? NaN;
