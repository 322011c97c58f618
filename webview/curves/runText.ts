/** What is said of a run in a few words, and the icon that goes with it. Pure. */
import type { EventGroup } from '../../src/curves/eventGroups';
import { countOf, countText, durationText, lossText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import type { Notable } from '../../src/protocol/runState';
import type { IconName } from '../theme/icons';

/** Silence of a living process that is worth telling. */
export const SILENCE_SHOWN_SECONDS = 15;

export interface StatusLook {
  icon: IconName;
  /** Colour class of the icon. */
  role: 'active' | 'ok' | 'bad' | 'warn' | 'faint';
  spins: boolean;
  word: string;
}

const looks: Record<RunFacts['status'], StatusLook> = {
  preparing: { icon: 'loading', role: 'active', spins: true, word: 'starting' },
  training: { icon: 'sync', role: 'active', spins: true, word: 'training' },
  done: { icon: 'pass', role: 'ok', spins: false, word: 'done' },
  stopped: { icon: 'circleSlash', role: 'faint', spins: false, word: 'stopped' },
  interrupted: { icon: 'debugDisconnect', role: 'warn', spins: false, word: 'interrupted' },
  failed: { icon: 'error', role: 'bad', spins: false, word: 'failed' },
};

export function statusLook(run: RunFacts): StatusLook {
  if (isSilent(run)) return { icon: 'warning', role: 'warn', spins: false, word: 'no heartbeat' };
  return looks[run.status];
}

export const isSilent = (run: RunFacts): boolean =>
  run.live && run.silentSeconds > SILENCE_SHOWN_SECONDS;

/** "6 240 / 10 000", or "10 000" when there is no more to come. */
export const progressText = ({ step, maxSteps, status }: RunFacts): string =>
  status === 'preparing' || status === 'training'
    ? `${countText(step)} / ${countText(maxSteps)}`
    : countText(step);

/** "52 min left"; empty when not known. */
export function leftText({ status, step, maxSteps, secondsPerStep }: RunFacts): string {
  if (status !== 'training' || secondsPerStep === 0) return '';
  return `${durationText((maxSteps - step) * secondsPerStep)} left`;
}

/** The second line of a run in the list. */
export function summaryText(run: RunFacts, isHidden: boolean): string {
  const parts = isHidden ? [...summaryParts(run), 'hidden'] : summaryParts(run);
  return parts.filter(part => part !== '').join(' · ');
}

function summaryParts(run: RunFacts): string[] {
  if (run.readShare < 1 && run.rows === 0) return ['reading the log'];
  switch (run.status) {
    case 'preparing':
      return ['starting', progressText(run)];
    case 'training':
      if (isSilent(run))
        return [progressText(run), `silent for ${durationText(run.silentSeconds)}`];
      return [progressText(run), leftText(run)];
    case 'done':
      return [progressText(run), durationText(run.seconds)];
    case 'stopped':
      return [progressText(run), 'stopped at a checkpoint'];
    case 'interrupted':
      return [progressText(run), 'interrupted'];
    case 'failed':
      return failureParts(run);
  }
}

/** Where and why, in a few words. */
function failureParts({ notables, step }: RunFacts): string[] {
  const cause = notables.find(event => event.kind === 'non_finite');
  const reason = cause ? 'not a number' : 'failed';
  return [`step ${countText(cause?.step ?? step)}`, reason];
}

/** All that a screen reader says of a run in the list. */
export function spokenText(run: RunFacts, isHidden: boolean): string {
  const { train, best } = run;
  return [
    run.name,
    statusLook(run).word,
    `step ${run.step} of ${run.maxSteps}`,
    train ? `training loss ${lossText(train.ema)}` : '',
    best ? `best validation loss ${lossText(best.loss)} at step ${best.step}` : '',
    leftText(run),
    isHidden ? 'hidden' : '',
  ]
    .filter(part => part !== '')
    .join(', ');
}

const eventWords: Record<Notable['kind'], string> = {
  spike: 'Spike',
  non_finite: 'Not a number',
  best: 'New best',
  resumed: 'Resumed',
  notice: 'Notice',
  failed: 'Failed',
};

const eventIcons: Record<Notable['kind'], readonly [IconName, string]> = {
  spike: ['warning', 'warn'],
  non_finite: ['error', 'bad'],
  best: ['star', 'faint'],
  resumed: ['history', 'faint'],
  notice: ['info', 'faint'],
  failed: ['error', 'bad'],
};

export const eventWord = (event: Notable): string => eventWords[event.kind];

/** "Spike", "3 spikes" */
export const groupWord = ({ event, count }: EventGroup): string =>
  count === 1 ? eventWord(event) : countOf(count, eventWord(event).toLowerCase());

/** "455", "455–458" */
export const stepsText = ({ event: { step }, lastStep }: EventGroup): string =>
  step === lastStep ? countText(step) : `${countText(step)}–${countText(lastStep)}`;

export const eventIcon = (event: Notable): readonly [IconName, string] => eventIcons[event.kind];

/** The event has a place in the loss plot worth a mark. */
export const isAnomaly = ({ kind }: Notable): boolean => kind === 'spike' || kind === 'non_finite';
