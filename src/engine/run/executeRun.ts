/**
 * A training run from its config to its end: the only place that knows the order of things. Yields
 * what happens; knows nothing of logs, leases or screens.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { EndEvent, RunEventBody } from '../../protocol/runEvent';
import type { TrainConfig } from '../config/schema';
import { learningRate, type Schedule } from '../train/schedule';
import { SpikeWatch } from '../train/spikeWatch';
import type { Evaluated } from '../train/trainer';
import { exists } from '../files/readFile';
import { checkpointDir } from './checkpointList';
import { openRun, type OpenRun } from './openRun';
import type { ExecuteInput } from './runProcess';
import { saveRun } from './saveRun';
import { runSample } from './runSample';

export async function* executeRun(input: ExecuteInput): AsyncGenerator<RunEventBody> {
  const began = performance.now();
  const run = yield* openRun(input);
  try {
    const { outcome, step, problem } = yield* train(run, input);
    yield { type: 'end', step, outcome, seconds: secondsSince(began), ...(problem && { problem }) };
  } finally {
    await run.trainer.dispose();
  }
}

type Ending = Pick<EndEvent, 'outcome' | 'step' | 'problem'>;

/** Between two updates, in this order: evaluate, sample, save, hear requests. */
async function* train(run: OpenRun, input: ExecuteInput): AsyncGenerator<RunEventBody, Ending> {
  const { config, progress, steps } = run;
  const asked = requestsOf(input);
  const due = dueIn(run);
  const spikes = new SpikeWatch();
  let isFirst = true;
  for (;;) {
    const { step } = progress;
    // What was done at a checkpoint's step before it was saved is not done again after a resume.
    const isResumed = isFirst && input.resumeFrom !== undefined;
    const before = progress.best;
    const evaluates = isResumed ? progress.owesEvaluation : due.evaluation();
    const keeps = !isResumed && asked.keepsBest();
    if (evaluates || keeps) yield* evaluate(run, asked);
    if (!isResumed && due.sample()) yield* runSample(run);
    // What is asked after this is heard in the next round: nothing stops half seen to.
    const stops = asked.stop();
    const isUnknown = !evaluates && !keeps && !isResumed;
    if (stops && isUnknown && asked.keepsBest()) yield* evaluate(run, asked);
    const isBest = progress.best !== before && due.savesBest;
    const isLast = step === steps || hasGivenUp(run);
    const savesNow =
      (step > 0 && (due.checkpoint() || isBest || isLast)) || stops || asked.checkpoint();
    // The last checkpoint is told of the evaluation that it owed.
    const isNew = !isResumed || (evaluates && isLast);
    if (savesNow && isNew && !input.signal.aborted) yield* saveRun(run, input);
    // A stop that comes in the last step finds nothing left to do.
    const isOver = isLast && !progress.owesEvaluation && !input.signal.aborted;
    if (!isOver && (stops || input.signal.aborted)) {
      if (asked.keepsBest()) yield* keptBest(run, input);
      return { outcome: 'stopped', step };
    }
    if (isLast) {
      yield* ending(run);
      return { outcome: 'done', step };
    }
    isFirst = false;

    const failure = yield* update(run, spikes, { ...config.train, max_steps: steps });
    if (failure) {
      if (!savesNow && !isResumed) yield* saveRun(run, input);
      return { outcome: 'failed', step, problem: failure };
    }
  }
}

/** What is to be done at the step that the run is at. */
function dueIn({ config, progress, steps, source }: OpenRun) {
  const { eval_strategy, eval_every, save_strategy, save_every, sample_every } = config.train;
  const every = (n: number) => n > 0 && progress.step % n === 0;
  const isAt = (strategy: 'steps' | 'epoch' | 'best', n: number) =>
    progress.step === steps ||
    (strategy === 'epoch' ? every(source.stepsPerEpoch) : strategy === 'steps' && every(n));
  return {
    evaluation: () => isAt(eval_strategy, eval_every),
    sample: () => sample_every > 0 && isAt('steps', sample_every),
    checkpoint: () => isAt(save_strategy, save_every),
    savesBest: save_strategy === 'best' || config.train.load_best_at_end,
  };
}

const hasGivenUp = ({ config: { train }, progress }: OpenRun): boolean =>
  progress.worseEvaluations >= (train.early_stopping_patience ?? Infinity);

/** Why a run ends here, and with which weights, where that is not plain. */
function* ending(run: OpenRun): Generator<RunEventBody> {
  const { config, progress, steps } = run;
  const { step, best } = progress;
  const notice = (code: string, message: string): RunEventBody => ({
    type: 'notice',
    step,
    code,
    message,
  });
  if (step < steps)
    yield notice(
      'train.early-stop',
      `Stopped early: the last ${progress.worseEvaluations} evaluations were not better than that of step ${best?.step}.`,
    );
  if (config.train.load_best_at_end && best && best.step !== step)
    yield notice(
      'train.best',
      `The run ends with the checkpoint of step ${best.step}, whose evaluation is the best.`,
    );
}

/** Which weights a run has that was told to keep its best. */
function* keptBest(
  { progress: { step, best } }: OpenRun,
  { runDir, fs }: ExecuteInput,
): Generator<RunEventBody> {
  if (!best) return;
  const isKept = exists(fs, checkpointDir(runDir, best.step));
  const message = isKept
    ? `The best evaluation is that of step ${best.step}, whose checkpoint is kept beside the newest.`
    : `The best evaluation is that of step ${best.step}, which was not saved; the newest checkpoint is. With \`save_strategy: best\` every best one is saved.`;
  yield { type: 'notice', step, code: 'train.best', message };
}

interface Asked {
  /** Whether a stop was asked for; stays true. */
  stop(): boolean;
  /** Whether the present weights are to be evaluated before. */
  keepsBest(): boolean;
  /** Whether a checkpoint was asked for since the last call. */
  checkpoint(): boolean;
}

/** Requests are taken when they are looked at, also in the middle of an evaluation. */
function requestsOf({ requests, signal }: ExecuteInput): Asked {
  let [stops, saves, keeps] = [false, false, false];
  const hear = () => {
    const heard = requests();
    keeps ||= heard.includes('stop-best');
    stops ||= signal.aborted || keeps || heard.includes('stop') || heard.includes('pause');
    saves ||= heard.includes('checkpoint');
  };
  return {
    stop() {
      hear();
      return stops;
    },
    keepsBest() {
      hear();
      return keeps && !signal.aborted;
    },
    checkpoint() {
      hear();
      const saved = saves;
      saves = false;
      return saved;
    },
  };
}

/** One optimizer update, or, where loss or gradients are not finite, why it was not made. */
async function* update(
  run: OpenRun,
  spikes: SpikeWatch,
  schedule: Schedule,
): AsyncGenerator<RunEventBody, EndEvent['problem']> {
  const { config, trainer, progress, source } = run;
  const { step } = progress;
  const began = performance.now();
  const starts = Array.from({ length: config.train.gradient_accumulation }, (_, micro) => [
    ...source.order(step, micro),
  ]);
  const lr = learningRate(schedule, step);
  const batches = starts.map(source.trainingBatch);
  const { loss, gradNorm, applied } = await trainer.step(step, lr, batches);
  if (!applied) {
    const message = `${Number.isFinite(loss) ? 'Gradient' : 'Loss'} is not a finite number at step ${step}, in the batch of ${source.mostScored === undefined ? 'windows' : 'rows'} ${JSON.stringify(starts)}`;
    yield { type: 'anomaly', step, kind: 'non_finite', message, batch: starts };
    return {
      code: 'train.non-finite',
      message: `${message}. The weights before it are kept; lower train.learning_rate or clip_grad_norm.`,
    };
  }
  progress.step = step + 1;
  progress.tokens += run.tokensPerStep;
  const seconds = secondsSince(began);
  yield { type: 'step', step, loss, lr, grad_norm: gradNorm, tokens: run.tokensPerStep, seconds };
  const message = spikes.check(loss, gradNorm);
  if (message) yield { type: 'anomaly', step, kind: 'spike', message, batch: starts };
  return undefined;
}

/** A stop in the middle leaves the evaluation to the resumed run. */
async function* evaluate(run: OpenRun, asked: Asked): AsyncGenerator<RunEventBody> {
  const { trainer, progress, config } = run;
  const { evaluationBatches, validationBatch } = run.source;
  if (evaluationBatches.length === 0) return;
  progress.owesEvaluation = true;
  const began = performance.now();
  const measuring = trainer.evaluate(evaluationBatches.map(validationBatch));
  let next = await measuring.next();
  while (!next.done) {
    if (asked.stop() && !asked.keepsBest()) return;
    await letOthersRun();
    next = await measuring.next();
  }
  progress.owesEvaluation = false;
  const { loss, accuracy } = next.value;
  const best = isBetter(config.train, next.value, progress.best);
  if (best) progress.best = { step: progress.step, loss, accuracy };
  progress.worseEvaluations = best ? 0 : progress.worseEvaluations + 1;
  const batches = evaluationBatches.length;
  const seconds = secondsSince(began);
  yield { type: 'eval', step: progress.step, loss, accuracy, batches, seconds, best };
  if (progress.worseEvaluations === PLATEAU)
    yield {
      type: 'notice',
      step: progress.step,
      code: 'train.plateau',
      message: `The last ${PLATEAU} evaluations are no better than that of step ${progress.best?.step}. Stop and keep the best, or lower the learning rate.`,
    };
}

/** Evaluations in a row that are not better. */
const PLATEAU = 5;

function isBetter(
  { metric_for_best_model: metric, greater_is_better, early_stopping_threshold }: TrainConfig,
  found: Evaluated,
  best: OpenRun['progress']['best'],
): boolean {
  const sign = (greater_is_better ?? metric === 'accuracy') ? 1 : -1;
  const before = best?.[metric];
  if (!Number.isFinite(found.loss)) return false;
  return before === undefined || sign * (found[metric] - before) > early_stopping_threshold;
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000;
