/** `weightroom runs show RUN`: what one run has come to, in words and as JSON. Knows nothing of its log's file. */
import { amountText, countText, durationText, lossText } from '../curves/numberText';
import type { RunEvent } from '../protocol/runEvent';
import type { RunSummary } from '../engine/run/runFolder';
import { layerErrors } from '../protocol/layerErrors';
import { layerLines } from './layerLines';

export interface ShownRun {
  readonly run: RunSummary;
  readonly events: readonly RunEvent[];
  /** Of the layers in few bits, the worst ones; all of them when it is undefined. */
  readonly layers: number | undefined;
}

export function runLines({ run, events, layers }: ShownRun): string[] {
  const { id, status, state } = run;
  const { step, maxSteps, tokens, seconds, train, evaluation, best, problem } = state;
  const losses = [
    train && `train ${lossText(train.loss)}`,
    evaluation && `validation ${lossText(evaluation.loss)}`,
    best && `best ${lossText(best.loss)} at step ${countText(best.step)}`,
  ].filter(text => text !== undefined);
  const kept = state.checkpoints.filter(({ deleted }) => !deleted);
  const notices = new Set(events.flatMap(each => (each.type === 'notice' ? [each.message] : [])));
  return [
    `${id}  ${status}`,
    `  ${countText(step)} of ${countText(maxSteps)} steps, ${amountText(tokens)} tokens, ${durationText(seconds)}`,
    ...(losses.length > 0 ? [`  ${losses.join(', ')}`] : []),
    ...(problem ? [`  ${problem.code}: ${problem.message}`] : []),
    ...kept.map(({ path, bytes }) => `  ${path}, ${amountText(bytes)}B`),
    ...[...notices].map(message => `  ${message}`),
    ...layerLines(layerErrors(events), 'NF4', layers),
  ];
}
