/** `weightroom runs show RUN`: what one run has come to, in words and as JSON. Knows nothing of its log's file. */
import { amountText, countText, durationText, lossText } from '../curves/numberText';
import type { LayerError, RunEvent } from '../protocol/runEvent';
import type { RunSummary } from '../engine/run/runFolder';
import { layerErrors } from '../protocol/layerErrors';
import { table } from './table';

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
    ...layerLines(layerErrors(events), layers),
  ];
}

/** The worst first, with a share of the size of the original weight. */
function layerLines(errors: readonly LayerError[], most = Infinity): string[] {
  if (errors.length === 0) return [];
  const shown = errors.slice(0, most);
  const left = errors.length - shown.length;
  const rows = shown.map(([layer, error]) => [layer, `${(100 * error).toFixed(2)} %`]);
  return [
    '',
    'Layers in NF4 by the error of their weights, ‖W − NF4(W)‖ / ‖W‖, worst first:',
    ...table([['layer', 'error'], ...rows]).map(line => `  ${line}`),
    ...(left > 0 ? [`  and ${left} more: --layers ${errors.length} shows all`] : []),
  ];
}
