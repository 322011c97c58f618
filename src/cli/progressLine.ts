/** The one line that shows where a training run is. Pure. */
import { amountText, countText, durationText, lossText } from '../curves/numberText';
import type { RunState } from '../protocol/runState';
import { secondsLeft } from '../protocol/runState';

const MAX_BAR = 30;
const MIN_BAR = 6;

/** At most `columns - 1` wide; the bar takes what room the words leave. */
export function progressLine(state: RunState, columns: number): string {
  if (state.status === 'preparing') return cut(state.phases.at(-1)?.detail || 'Preparing', columns);
  const { step, maxSteps } = state;
  const share = maxSteps === 0 ? 0 : Math.min(1, step / maxSteps);
  const head = `step ${countText(step)}/${countText(maxSteps)}`;
  const tail = [`${Math.floor(share * 100)} %`, ...progressFacts(state)].join('  ');
  const room = Math.min(MAX_BAR, columns - 1 - head.length - tail.length - 2);
  return cut(room < MIN_BAR ? `${head} ${tail}` : `${head} ${bar(share, room)} ${tail}`, columns);
}

/** "loss 2.310", "12.3 k tokens/s", "52 s left" */
export function progressFacts(state: RunState): string[] {
  const { train, tokensPerSecond } = state;
  const left = secondsLeft(state);
  return [
    train && `loss ${lossText(train.loss)}`,
    tokensPerSecond && `${amountText(tokensPerSecond)} tokens/s`,
    left !== undefined && `${durationText(left)} left`,
  ].filter(fact => typeof fact === 'string');
}

function bar(share: number, width: number): string {
  const done = Math.round(share * width);
  return '━'.repeat(done) + '─'.repeat(width - done);
}

const cut = (text: string, columns: number): string => text.slice(0, Math.max(0, columns - 1));
