/** What the views say of a run: one short line, one spoken sentence, one tooltip. */
import { l10n } from 'vscode';
import type { CheckpointState, RunState } from '../../protocol/runState';
import { secondsLeft } from '../../protocol/runState';
import { countText, durationText, shortText, amountText } from '../../curves/numberText';
import { SILENCE_SHOWN_SECONDS } from './runReader';
import type { RunView } from './runStore';
import { sparkline } from './sparkline';

/** "3 100/5 000" */
export const progressOf = ({ step, maxSteps }: RunState): string =>
  maxSteps === 0 ? countText(step) : `${countText(step)}/${countText(maxSteps)}`;

/** The dimmed text beside the name: the most telling first, as a narrow sidebar cuts the end. */
export function descriptionOf(run: RunView): string {
  const { state } = run;
  switch (run.status) {
    case 'preparing':
      return state.phases.at(-1)?.detail || l10n.t('starting');
    case 'training':
      return isSilent(run)
        ? joined(silence(run), progressOf(state))
        : joined(`${progressOf(state)} ${lossesOf(state)}`.trim(), timeLeft(state));
    case 'done':
      return joined(lossesOf(state), l10n.t('done'));
    case 'stopped':
      return joined(lossesOf(state), l10n.t('stopped at {0}', progressOf(state)));
    case 'interrupted':
      return joined(lossesOf(state), l10n.t('interrupted at {0}', progressOf(state)));
    case 'failed':
      return state.problem?.message ?? l10n.t('failed at {0}', progressOf(state));
  }
}

/** "2.31 ▇▅▃▂▁▁ val 2.85" */
const lossesOf = ({ train, evaluation, history }: RunState): string =>
  [
    train && shortText(train.loss),
    sparkline(history.means),
    evaluation && l10n.t('val {0}', shortText(evaluation.loss)),
  ]
    .filter(Boolean)
    .join(' ');

/** For a screen reader, which cannot see the sparkline. */
export function spokenOf(run: RunView): string {
  const { state } = run;
  return [
    run.name,
    statusWord(run),
    state.maxSteps > 0 && l10n.t('step {0} of {1}', state.step, state.maxSteps),
    state.train && l10n.t('training loss {0}', shortText(state.train.loss)),
    state.evaluation && l10n.t('validation loss {0}', shortText(state.evaluation.loss)),
    trendOf(state.history.means),
    run.status === 'training' && timeLeft(state),
    state.problem?.message,
    run.damage,
  ]
    .filter(Boolean)
    .join(', ');
}

/** The sparkline in words. */
function trendOf(means: readonly number[]): string | undefined {
  const [first, last] = [means[0], means.at(-1)];
  if (first === undefined || last === undefined || means.length < 2) return undefined;
  const [from, to] = [shortText(first), shortText(last)];
  if (from === to) return l10n.t('loss level at {0}', to);
  return last < first
    ? l10n.t('loss fell from {0} to {1}', from, to)
    : l10n.t('loss rose from {0} to {1}', from, to);
}

export function statusWord(run: RunView): string {
  if (isSilent(run)) return silence(run);
  switch (run.status) {
    case 'preparing':
      return l10n.t('preparing');
    case 'training':
      return l10n.t('training');
    case 'done':
      return l10n.t('done');
    case 'stopped':
      return l10n.t('stopped');
    case 'interrupted':
      return l10n.t('interrupted');
    case 'failed':
      return l10n.t('failed');
  }
}

/** Its process is there and says nothing. */
export const isSilent = (run: RunView): boolean =>
  run.live && run.silentSeconds > SILENCE_SHOWN_SECONDS;

const silence = (run: RunView): string =>
  l10n.t('no heartbeat for {0}', durationText(run.silentSeconds));

function timeLeft(state: RunState): string | undefined {
  const seconds = secondsLeft(state);
  return seconds === undefined ? undefined : l10n.t('{0} left', durationText(seconds));
}

/** Rows of a Markdown table: everything there is to say in a few words. */
export function factsOf(run: RunView): [name: string, value: string][] {
  const { state } = run;
  const { train, evaluation, best, tokensPerSecond } = state;
  const facts: [string, string | false | undefined][] = [
    [l10n.t('Status'), statusWord(run)],
    [l10n.t('Step'), state.maxSteps > 0 && progressOf(state)],
    [l10n.t('Training loss'), train && shortText(train.loss)],
    [l10n.t('Validation loss'), evaluation && shortText(evaluation.loss)],
    [
      l10n.t('Best validation'),
      best && l10n.t('{0} at step {1}', shortText(best.loss), countText(best.step)),
    ],
    [
      l10n.t('Parameters'),
      state.parameters > 0 &&
        l10n.t('{0}, {1} trained', amountText(state.parameters), amountText(state.trainable)),
    ],
    [l10n.t('Tokens'), state.tokens > 0 && amountText(state.tokens)],
    [
      l10n.t('Speed'),
      tokensPerSecond !== undefined && l10n.t('{0} tokens/s', countText(tokensPerSecond)),
    ],
    [l10n.t('Time'), state.seconds > 0 && durationText(state.seconds)],
    [l10n.t('Time left'), run.status === 'training' && timeLeft(state)],
    [l10n.t('Device'), state.device],
    [l10n.t('Problem'), state.problem?.message ?? run.damage],
  ];
  return facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
}

/** "val 2.848 · best": what makes a checkpoint worth a row of its own. */
export function checkpointRole(state: RunState, { step }: CheckpointState, isLast: boolean) {
  const isBest = state.best?.step === step;
  const loss = isBest
    ? state.best?.loss
    : state.evaluation?.step === step
      ? state.evaluation.loss
      : undefined;
  return joined(
    loss !== undefined && l10n.t('val {0}', loss.toFixed(3)),
    isBest && l10n.t('best'),
    isLast && l10n.t('last'),
  );
}

const joined = (...parts: (string | false | undefined)[]): string =>
  parts.filter(Boolean).join(' · ');
