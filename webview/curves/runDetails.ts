/** The highlighted run in numbers, with what can be done to it; and the events of all runs. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { groupEvents } from '../../src/curves/eventGroups';
import { amountText, countText, durationText, lossText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import { iconButton, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { menuOf } from './menu';
import { runItems } from './menuItems';
import { eventIcon, groupWord, isSilent, stepsText } from './runText';
import { isWorking, visibleRuns } from './scene';
import { toggleMenu } from './toolbar';

export function runDetails(app: CurvesApp): TemplateResult | typeof nothing {
  const run = app.highlighted;
  if (!run) return nothing;
  return html`
    <section class="details" aria-labelledby="details-title">
      <header class="section-head">
        <h2 id="details-title" class="section-title">${run.name}</h2>
        <span class="spacer"></span>
        ${steering(app, run)}
        <span class="menu-anchor">
          ${iconButton({
            icon: 'ellipsis',
            id: 'run-button',
            label: 'More actions',
            isExpanded: app.state.menu === 'run',
            onClick: () => toggleMenu(app, 'run'),
          })}
          ${menuOf(app, 'run', 'Run', () => runItems(app, run))}
        </span>
      </header>
      ${callouts(app, run)} ${preparingButtons(app, run)}
      <dl class="facts">
        ${factsOf(app, run).map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
      ${app.state.isTrusted ? nothing : trustButton(app)}
    </section>
  `;
}

function steering(app: CurvesApp, run: RunFacts): TemplateResult | typeof nothing {
  if (!app.state.isTrusted) return nothing;
  if (run.status === 'preparing') return nothing;
  if (isWorking(run))
    return html`
      ${iconButton({
        icon: 'save',
        label: 'Save a checkpoint now',
        onClick: () => app.act('checkpoint', run.id),
      })}
      ${iconButton({ icon: 'stop', label: 'Stop', onClick: () => app.act('stop', run.id) })}
    `;
  if (!run.canResume) return nothing;
  return iconButton({
    icon: 'debugContinue',
    label: 'Resume',
    onClick: () => app.act('resume', run.id),
  });
}

/** While there is nothing to see yet, what can be done stands in words. */
function preparingButtons(app: CurvesApp, run: RunFacts): TemplateResult | typeof nothing {
  if (run.status !== 'preparing') return nothing;
  const stop = textButton({
    icon: 'debugStop',
    label: 'Stop',
    onClick: () => app.act('stop', run.id),
  });
  const log = textButton({
    icon: 'output',
    label: 'Show log',
    onClick: () => app.act('openLog', run.id),
  });
  return html`<p class="buttons">${app.state.isTrusted ? stop : nothing} ${log}</p>`;
}

/** What is wrong with the run, where, and what to do about it. */
function callouts(app: CurvesApp, run: RunFacts): TemplateResult {
  const openLog = textButton({ label: 'Open log', onClick: () => app.act('openLog', run.id) });
  const callout = (kind: 'error' | 'warning', text: string, action: unknown = nothing) => html`
    <div class="callout ${kind}" role="status">
      ${icon(kind, kind === 'error' ? 'bad' : 'warn')}<span>${text}</span>${action}
    </div>
  `;
  return html`
    ${run.status === 'failed' && run.problem ? callout('error', run.problem.message, openLog) : nothing}
    ${
      run.status === 'interrupted'
        ? callout(
            'warning',
            run.canResume
              ? 'Its process ended without a word. Resume goes on from the last checkpoint.'
              : 'Its process ended without a word, before there was a checkpoint to go on from.',
          )
        : nothing
    }
    ${
      isSilent(run)
        ? callout('warning', `No heartbeat for ${durationText(run.silentSeconds)}.`, openLog)
        : nothing
    }
    ${run.damage ? callout('warning', run.damage) : nothing}
  `;
}

const trustButton = (app: CurvesApp): TemplateResult => html`
  <p class="trust">
    ${textButton({
      icon: 'shield',
      label: 'Manage workspace trust',
      onClick: () => void app.ask('start', { action: 'trust' }),
    })}
  </p>
`;

type Fact = readonly [name: string, value: string | TemplateResult];

function factsOf(app: CurvesApp, run: RunFacts): Fact[] {
  const { evaluation, best } = run;
  const average = lastAverage(app, run);
  const at = ({ loss, step }: { loss: number; step: number }) =>
    `${lossText(loss)} at ${countText(step)}`;
  const planned = run.maxSteps * run.tokensPerStep;
  const tokens = planned > run.tokens ? ` of ${amountText(planned)}` : '';
  const kept = run.checkpoints.filter(checkpoint => !checkpoint.deleted).length;
  const facts: (Fact | null)[] = [
    average === undefined ? null : ['Train (EMA)', lossText(average)],
    evaluation && ['Validation', at(evaluation)],
    best && ['Best validation', at(best)],
    ['Tokens', `${amountText(run.tokens)}${tokens}`],
    run.parameters > 0 ? ['Parameters', parametersText(run)] : null,
    run.rows > 0 ? ['Time', durationText(run.seconds)] : null,
    run.checkpoints.length > 0
      ? ['Checkpoints', `${kept} kept of ${run.checkpoints.length}`]
      : null,
    run.device ? ['Device', run.device] : null,
    run.config ? ['Config', configLink(app, run)] : null,
  ];
  return facts.filter(fact => fact !== null);
}

function parametersText({ parameters, trainable }: RunFacts): string {
  if (trainable === parameters) return amountText(parameters);
  return `${amountText(trainable)} of ${amountText(parameters)} train`;
}

const configLink = (app: CurvesApp, run: RunFacts): TemplateResult => html`
  <button class="link" title=${run.config} @click=${() => app.act('openConfig', run.id)}>
    ${run.config}
  </button>
`;

/** The average at the run's last step, with the smoothing that is chosen. */
function lastAverage({ state }: CurvesApp, run: RunFacts): number | undefined {
  const window = state.windows.get(run.id)?.windows.loss;
  if (!window || state.taste.zoom) return run.train?.ema;
  return window.line.findLast(value => !Number.isNaN(value)) ?? run.train?.ema;
}

/** Most recent first is not what people look for: events stand in the order of their steps. */
export function eventList(app: CurvesApp): TemplateResult | typeof nothing {
  const events = eventsOf(app);
  if (events.length === 0) return nothing;
  return html`
    <section class="events" aria-labelledby="events-title">
      <header class="section-head">
        <h2 id="events-title" class="section-title">Events</h2>
        <span class="badge">${events.length}</span>
      </header>
      <ul>
        ${events.map(({ run, event, group }) => {
          const [name, role] = eventIcon(event);
          const { openEvent } = app.state;
          const isOpen = openEvent?.run === run.id && openEvent.seq === event.seq;
          return html`
            <li>
              <button
                class="event ${isOpen ? 'open' : ''}"
                title=${event.message}
                @click=${() => app.showEvent(run, event)}
              >
                ${icon(name, role)}
                <span class="event-name">${groupWord(group)} in ${run.name}</span>
                <span class="event-step">${stepsText(group)}</span>
              </button>
            </li>
          `;
        })}
      </ul>
    </section>
  `;
}

/**
 * Events of the visible runs by step, a stretch of spikes as one. A failure that an anomaly explains is told once; the best
 * evaluation only of the highlighted run: each run has one.
 */
export function eventsOf({ state }: CurvesApp) {
  return visibleRuns(state)
    .flatMap(run => groupEvents(run.notables).map(group => ({ run, group, event: group.event })))
    .filter(({ run, event }) => event.kind !== 'best' || run.id === state.taste.highlighted)
    .filter(
      ({ run, event }) =>
        event.kind !== 'failed' || !run.notables.some(other => other.kind === 'non_finite'),
    )
    .sort((a, b) => a.event.step - b.event.step);
}
