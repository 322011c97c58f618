/**
 * A run in words, event by event: what stays on the screen, and the progress line below it. Where
 * there is no screen, a line of progress now and then. Knows nothing of where events come from.
 */
import { amountText, countText, durationText, lossText } from '../curves/numberText';
import type { EndEvent, RunEvent, StartEvent } from '../protocol/runEvent';
import type { RunState } from '../protocol/runState';
import { emptyRunState, foldRunEvent } from '../protocol/runState';
import { progressFacts, progressLine } from './progressLine';
import { printable, type Terminal } from './terminal';

export interface RunReport {
  readonly state: RunState;
  readonly tell: (event: RunEvent) => void;
}

/** Between two lines of progress where there is no screen. */
const PLAIN_EVERY_MS = 10_000;

/** @param since the events before it are known: they are taken in and not told */
export function createRunReport(terminal: Terminal, since = 0): RunReport {
  const state = emptyRunState();
  let plainAt = 0;
  const tell = (event: RunEvent) => {
    foldRunEvent(state, event);
    if (event.seq < since) return;
    const words = describeEvent(event, state);
    if (words !== undefined) terminal.print(words);
    if (event.type === 'end') terminal.status('');
    else if (terminal.columns > 0) terminal.status(progressLine(state, terminal.columns));
    else if (event.type === 'step' && event.time - plainAt >= PLAIN_EVERY_MS) {
      plainAt = event.time;
      terminal.print([`step ${event.step}`, ...progressFacts(state)].join('  '));
    }
  };
  return { state, tell };
}

/** Undefined for what the progress line shows. */
export function describeEvent(event: RunEvent, state: RunState): string | undefined {
  switch (event.type) {
    case 'start':
      return describeStart(event);
    case 'phase':
      return event.state === 'end'
        ? `  ${event.phase.padEnd(8)}${event.detail}  ${durationText(event.seconds)}`
        : undefined;
    case 'step':
      return undefined;
    case 'eval':
      return `step ${event.step}: validation loss ${lossText(event.loss)}${event.best ? ', the best so far' : ''}`;
    case 'checkpoint':
      return `step ${event.step}: saved ${event.path}, ${amountText(event.bytes)}B`;
    case 'checkpoint_deleted':
      return undefined;
    case 'sample':
      return `step ${event.step}: sample\n${quote(`${event.prompt}${event.text}`)}`;
    case 'anomaly':
      return `step ${event.step}: ${event.message}`;
    case 'length':
      return `  ${countText(event.max_steps)} steps, ${countText(event.steps_per_epoch)} an epoch`;
    case 'notice':
      return `step ${event.step}: ${event.message} (${event.code})${event.layers ? `\n  Each of them: weightroom runs show ${state.run}` : ''}`;
    case 'end':
      return describeEnd(event, state);
  }
}

function describeStart(event: StartEvent): string {
  const { run, parameters, trainable, tokens_per_step, device, step } = event;
  const trained = trainable === parameters ? '' : `, ${amountText(trainable)} trained`;
  const from = step > 0 ? `, from step ${countText(step)}` : '';
  return [
    run,
    `  ${amountText(parameters)} parameters${trained}, ${countText(tokens_per_step)} tokens a step, ${device}${from}`,
  ].join('\n');
}

function describeEnd(event: EndEvent, { best, maxSteps }: RunState): string {
  const time = durationText(event.seconds);
  const bestLoss = best ? `Best validation loss ${lossText(best.loss)} at step ${best.step}.` : '';
  switch (event.outcome) {
    case 'done':
      return `Done: ${countText(event.step)} steps in ${time}. ${bestLoss}`.trim();
    case 'stopped':
      return `Stopped at step ${countText(event.step)} of ${countText(maxSteps)} after ${time}. ${bestLoss}`.trim();
    case 'failed':
      return `Failed at step ${countText(event.step)} after ${time}.`;
  }
}

const QUOTED_LINES = 12;

/** What a model wrote, in few lines. */
export function quote(text: string): string {
  const lines = printable(text).trimEnd().split(/\n+/);
  const shown = lines.length > QUOTED_LINES ? [...lines.slice(0, QUOTED_LINES), '…'] : lines;
  return shown.map(line => `  │ ${line}`).join('\n');
}
